"""The worker's database, with its round trips counted."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from viraltracker.local.stack import Endpoints
from viraltracker.store import client
from viraltracker.store.client import Database
from viraltracker.store.transport import StripPrefixTransport


class Counting(StripPrefixTransport):
    """Counts requests."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        return super().handle_request(request)


@pytest.fixture(scope="module")
def transport() -> Counting:
    return Counting()


@pytest.fixture(scope="module")
def db(endpoints: Endpoints, transport: Counting) -> Iterator[Database]:
    with httpx.Client(transport=transport) as http:
        yield client.connect(endpoints.rest_url, endpoints.service_key, http)
