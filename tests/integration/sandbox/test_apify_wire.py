"""The sandbox's Apify by plain HTTP: its doors for tests in another process, and what it asks of a caller."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from viraltracker.sandbox import apify, server
from viraltracker.sandbox.server import RunningSandbox

RUNS = "/apify/v2/acts/curious_coder~facebook-ads-library-scraper/runs"
SEARCH = "https://www.facebook.com/ads/library/?active_status=all&view_all_page_id=1004400100001"
GIVEN = {"urls": [{"url": SEARCH}], "count": 2, "period": ""}


@pytest.fixture(scope="module")
def served() -> Iterator[RunningSandbox]:
    with server.running() as running:
        yield running


@pytest.fixture
def http(served: RunningSandbox) -> Iterator[httpx.Client]:
    served.sandbox.apify.clear()
    with httpx.Client(base_url=served.base_url, headers={"Authorization": f"Bearer {apify.TOKEN}"}) as client:
        yield client


def test_a_run_is_ready_then_running_then_over_at_its_pace_and_recorded(http: httpx.Client) -> None:
    assert http.post("/__apify", json={"apify_seconds": 600}).json() == {"apify_seconds": 600, "runs": []}
    run = http.post(RUNS, json=GIVEN, headers={"User-Agent": "me"}).json()["data"]
    assert (run["status"], run["finishedAt"], run["usageTotalUsd"]) == ("READY", None, 0)
    http.post("/__apify", json={"apify_seconds": 0})
    assert http.get("/__apify").json()["runs"] == [
        {"id": run["id"], "status": "SUCCEEDED", "input": GIVEN, "user_agent": "me"}
    ]
    for wrong in ({"apify_seconds": -1}, {"apify_seconds": True}, {"seconds": 1}):
        assert http.post("/__apify", json=wrong).status_code == 422


def test_its_items_have_the_actors_shape_with_links_that_the_sandbox_serves(http: httpx.Client) -> None:
    run = http.post(RUNS, json=GIVEN).json()["data"]
    answer = http.get(f"/apify/v2/datasets/{run['defaultDatasetId']}/items", params={"limit": 1, "offset": 1})
    assert {name: answer.headers[f"x-apify-pagination-{name}"] for name in ("total", "offset", "count", "limit")} == {
        "total": "2",
        "offset": "1",
        "count": "1",
        "limit": "1",
    }
    [item] = answer.json()
    picture = http.get(item["snapshot"]["images"][0]["original_image_url"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert http.get("/media/c/0.jpg").status_code == 403


@pytest.mark.parametrize(
    "given", [{"count": 2}, {"urls": [], "count": 2}, {"urls": [{"url": SEARCH}], "count": "2"}, []]
)
def test_an_input_that_the_actor_does_not_take_is_refused_and_not_paid(http: httpx.Client, given: object) -> None:
    answer = http.post(RUNS, json=given)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid-input")
    assert http.get("/__apify").json()["runs"] == []


def test_a_caller_without_its_token_is_refused(http: httpx.Client) -> None:
    for token in ("Bearer wrong", "", apify.TOKEN):
        answer = http.post(RUNS, json=GIVEN, headers={"Authorization": token})
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "user-or-token-not-found")
    assert http.get("/apify/v2/actor-runs/nobody").status_code == 404
    assert http.post("/apify/v2/acts/some~other/runs", json=GIVEN).status_code == 404
