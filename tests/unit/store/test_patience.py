"""How long a call goes on asking a database that does not answer."""

from __future__ import annotations

import math
from dataclasses import replace

import httpx
import pytest

from viraltracker.errors import Unavailable
from viraltracker.store import client


@pytest.mark.parametrize(("patience_s", "asked"), [(math.inf, 6), (0.5, 3), (0.0, 1)])
def test_a_person_is_told_sooner_than_a_worker(patience_s: float, asked: int) -> None:
    """A worker waits a restart out, a page says what is wrong before its reader gives up."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(503, json={"code": "PGRST001", "message": "no connection"})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        db = client.connect("https://project.supabase.co", "sb_publishable_x", http, patience_s=patience_s)
        waits: list[float] = []
        with pytest.raises(Unavailable):
            replace(db, sleep=waits.append).call("due")
    assert len(requests) == asked
    assert waits == list(client.RETRY_DELAYS_S[: asked - 1])
