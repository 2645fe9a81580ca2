"""Which token an account's calls to Meta carry."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

import httpx
import pytest

from viraltracker.errors import NeedsReauth
from viraltracker.jobs import graph
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.settings import Settings
from viraltracker.store.accounts import AdAccount


def _sent(own: str | None, *, common: str | None, source: Literal["meta", "demo"] = "meta") -> str:
    """The Authorization header that Meta sees."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={"id": "act_1", "currency": "USD", "timezone_name": "UTC"})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        configured = Settings(home=Path(), cache=Path(), meta_access_token=common)
        unused: Any = None
        services = Services(unused, unused, configured, http, Path(), sandbox_url="http://127.0.0.1:1")
        context = JobContext(services, RunControl(cast("Any", None)))
        account = AdAccount("b", "act_1", source, "USD", "UTC", "active", own)
        with graph.client(context, account) as client:
            client.account("act_1")
    return seen[0]


def test_the_accounts_own_token_comes_before_the_common_one() -> None:
    """META_ACCESS_TOKEN is for an account that has none of its own."""
    assert _sent("own", common="common") == "Bearer own"
    assert _sent(None, common="common") == "Bearer common"
    with pytest.raises(NeedsReauth, match="act_1"):
        _sent(None, common=None)


def test_the_demo_never_sees_the_common_token() -> None:
    """The sandbox is not Meta."""
    with pytest.raises(NeedsReauth):
        _sent(None, common="common", source="demo")
