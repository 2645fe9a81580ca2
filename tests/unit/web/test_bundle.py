"""Streamlit's own files, as the app serves them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from viraltracker.web.bundle import Bundle

SCRIPT = b"export const words = 'good morning';\n" * 100


@pytest.fixture
def served(tmp_path: Path) -> TestClient:
    """A folder as Streamlit's, in front of an app that says where it was asked."""
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "static" / "js" / "index.Ab12.js").write_bytes(SCRIPT)
    (tmp_path / "static" / "js" / "tiny.Cd34.js").write_bytes(b"export{}")
    (tmp_path / "static" / "font.Ef56.woff2").write_bytes(b"\0font" * 500)
    (tmp_path / "secret.txt").write_text("secret")

    async def inner(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"inner {request.url.path}")

    app = Starlette(routes=[Route("/{path:path}", inner)])
    return TestClient(Bundle(app, tmp_path / "static"))


def test_a_script_comes_compressed_and_stays_in_the_browser(served: TestClient) -> None:
    answer = served.get("/static/js/index.Ab12.js", headers={"Accept-Encoding": "gzip, br"})
    assert answer.content == SCRIPT
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert int(answer.headers["content-length"]) == len(gzip.compress(SCRIPT, 6))
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "accepted"),
    [("js/index.Ab12.js", "identity"), ("js/tiny.Cd34.js", "gzip"), ("font.Ef56.woff2", "gzip")],
)
def test_what_cannot_or_need_not_be_compressed_comes_as_it_is(served: TestClient, path: str, accepted: str) -> None:
    answer = served.get(f"/static/{path}", headers={"Accept-Encoding": accepted})
    assert "content-encoding" not in answer.headers
    assert answer.content in {SCRIPT, b"export{}", b"\0font" * 500}


@pytest.mark.parametrize(
    "path", ["/", "/static/js/absent.js", "/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static/js"]
)
def test_everything_else_goes_through(served: TestClient, path: str) -> None:
    assert served.get(path).text.startswith("inner ")


def test_a_part_of_a_file_is_left_to_who_can_give_parts(served: TestClient) -> None:
    assert served.get("/static/js/index.Ab12.js", headers={"Range": "bytes=0-3"}).text.startswith("inner ")
    assert served.head("/static/js/index.Ab12.js").headers["content-type"].startswith("text/plain")
