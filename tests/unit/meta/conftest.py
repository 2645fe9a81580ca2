"""A scripted Graph API in memory: each request takes the next answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from viraltracker.meta.client import GraphClient
from viraltracker.meta.usage import Usage

TOKEN = "EAABsbCS1iHgBAKZCtokentokentokentoken"
SECRET = "app-secret-of-the-app"
ROOT = "https://graph.test"

Answer = httpx.Response | Exception
Script = list[Answer] | Callable[[httpx.Request], Answer]


def error(code: int, subcode: int | None = None, *, status: int = 400, message: str = "") -> httpx.Response:
    body: dict[str, object] = {"code": code, "message": message or f"no {TOKEN}", "type": "OAuthException"}
    if subcode is not None:
        body["error_subcode"] = subcode
    return httpx.Response(status, json={"error": body})


def page(rows: list[dict[str, object]], following: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"data": rows, "paging": {"next": following} if following else {}})


@dataclass
class Graph:
    """The client under test, the requests it made and the seconds it slept."""

    client: GraphClient
    requests: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [request.url.path for request in self.requests]

    def param(self, name: str) -> list[str | None]:
        return [request.url.params.get(name) for request in self.requests]


@pytest.fixture
def scripted() -> Iterator[Callable[..., Graph]]:
    """`scripted(answers, guard=…)`: a client whose Graph API gives the answers in turn, or by a function."""
    opened: list[httpx.Client] = []

    def make(script: Script, *, guard: Callable[[], None] = lambda: None, app_secret: str = SECRET) -> Graph:
        answers = iter(script) if isinstance(script, list) else None

        def handle(request: httpx.Request) -> httpx.Response:
            graph.requests.append(request)
            answer = next(answers) if answers is not None else script(request)  # type: ignore[operator]
            if isinstance(answer, Exception):
                raise answer
            return answer

        http = httpx.Client(transport=httpx.MockTransport(handle))
        opened.append(http)
        slept: list[float] = []
        usages: list[Usage] = []
        client = GraphClient(
            ROOT,
            "v26.0",
            TOKEN,
            http=http,
            app_secret=app_secret,
            sleep=slept.append,
            jitter=lambda: 0.5,
            guard=guard,
            on_usage=usages.append,
        )
        graph = Graph(client, slept=slept, usages=usages)
        return graph

    yield make
    for http in opened:
        http.close()


def batch_answer(*entries: object) -> httpx.Response:
    """A batch's answer; an entry is None or (status, body)."""
    return httpx.Response(
        200,
        json=[
            None if entry is None else {"code": entry[0], "body": json.dumps(entry[1])}  # type: ignore[index]
            for entry in entries
        ],
    )
