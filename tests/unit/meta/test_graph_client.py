"""The Graph client against a scripted API: pages, tries, splits, batches, and where the token must never be."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import traceback
from collections.abc import Callable
from datetime import date, timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from viraltracker.errors import BadInput, Stopped, ViralTrackerError
from viraltracker.meta.client import GraphClient
from viraltracker.meta.faults import (
    FaultKind,
    GraphNeedsReauth,
    GraphRateLimited,
    GraphRefused,
    GraphUnavailable,
    TooMuchData,
)

from .conftest import ROOT, SECRET, TOKEN, Graph, batch_answer, error, page

Scripted = Callable[..., Graph]
NEXT = f"{ROOT}/v26.0/act_7/campaigns?access_token={TOKEN}&limit=200"
HTML = httpx.Response(502, html="<html>Bad gateway</html>")
DAY = date(2026, 10, 1)


def campaigns(graph: Graph) -> list[object]:
    return [row["id"] for rows in graph.client.campaigns("act_7") for row in rows]


def test_an_empty_middle_page_does_not_end_the_list(scripted: Scripted) -> None:
    """Meta filters after it pages; the rows behind an empty page would be missing in silence."""
    graph = scripted([page([{"id": "1"}], NEXT + "&after=b"), page([], NEXT + "&after=c"), page([{"id": "2"}])])
    assert campaigns(graph) == ["1", "2"]


def test_a_next_link_without_cursors_is_followed_without_its_token(scripted: Scripted) -> None:
    """The token goes in the header alone: addresses end up in logs."""
    graph = scripted([page([{"id": "1"}], NEXT + "&__paging_token=x"), page([{"id": "2"}])])
    assert campaigns(graph) == ["1", "2"]
    assert not any(TOKEN in str(request.url) for request in graph.requests)
    assert {request.headers["authorization"] for request in graph.requests} == {f"Bearer {TOKEN}"}
    proof = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
    assert graph.param("appsecret_proof") == [proof, proof]


def test_a_repeated_cursor_is_an_error_and_another_host_is_not_followed(scripted: Scripted) -> None:
    """The first would never end; the second would hand the token to a stranger."""
    again = NEXT + "&after=b"
    with pytest.raises(GraphUnavailable):
        campaigns(scripted([page([{"id": "1"}], again), page([{"id": "2"}], again)]))
    for stranger in ("https://evil.test/v26.0/x?after=b", "http://graph.test/v26.0/x?after=b", "http://["):
        graph = scripted([page([{"id": "1"}], stranger)])
        with pytest.raises(GraphRefused):
            campaigns(graph)
        assert len(graph.requests) == 1


@pytest.mark.parametrize(
    "broken",
    [
        HTML,
        httpx.Response(200, html="<html>Sorry</html>"),
        httpx.Response(200, content=b""),
        httpx.Response(200, json={"paging": {}}),
        httpx.Response(200, json=["data"]),
        httpx.Response(302, headers={"location": "https://evil.test/"}),
        error(2, status=500),
        error(1, 99),
        httpx.ConnectTimeout("slow"),
        httpx.RemoteProtocolError("reset"),
    ],
)
def test_a_damaged_answer_is_asked_again_and_never_taken_for_success(
    scripted: Scripted, broken: httpx.Response | Exception
) -> None:
    """An HTML page with status 200 once passed for an empty account."""
    graph = scripted([broken, broken, page([{"id": "1"}])])
    assert campaigns(graph) == ["1"]
    assert sum(graph.slept) == 1 + 2


def test_six_tries_then_the_part_is_put_off(scripted: Scripted) -> None:
    """Without an end a broken account would hold a worker for ever."""
    graph = scripted(lambda _: HTML)
    with pytest.raises(GraphUnavailable):
        graph.client.account("act_7")
    assert len(graph.requests) == 6
    assert sum(graph.slept) == 1 + 2 + 4 + 8 + 16


def test_a_request_to_stop_ends_a_sleep(scripted: Scripted) -> None:
    """A cancelled run must not wait out a backoff, nor make one more call."""
    calls = 0

    def guard() -> None:
        nonlocal calls
        calls += 1
        if calls > 7:
            raise Stopped

    graph = scripted(lambda _: HTML, guard=guard)
    with pytest.raises(Stopped):
        graph.client.account("act_7")
    assert max(graph.slept) <= 1.0
    assert len(graph.requests) == 3


def test_limits_are_raised_at_once_with_metas_wait_and_the_usage_is_known(scripted: Scripted) -> None:
    """A long sleep would hold a slot; pages are not made smaller by a limit."""
    limited = error(80004 - 4, status=403)
    limited.headers["x-business-use-case-usage"] = json.dumps(
        {"7": [{"call_count": 101, "total_time": 20, "estimated_time_to_regain_access": 12}]}
    )
    graph = scripted([limited, error(17, 2446079), error(17, 2446079), page([]), error(17, 2446079)])
    waits = []
    for _ in range(3):
        with pytest.raises(GraphRateLimited) as caught:
            campaigns(graph)
        waits.append(caught.value.retry_after)
    assert waits == [timedelta(minutes=12), timedelta(seconds=120), timedelta(seconds=240)]
    assert graph.usages[0].business_percent == 101
    assert graph.usages[0].park
    campaigns(graph)
    with pytest.raises(GraphRateLimited) as caught:
        campaigns(graph)
    assert caught.value.retry_after == timedelta(seconds=60)


def test_all_four_usage_headers_are_read_and_from_75_percent_calls_slow_down(scripted: Scripted) -> None:
    """The headers come under four names; a damaged one is no error."""
    answers = [page([]) for _ in range(5)]
    answers[0].headers["x-app-usage"] = json.dumps({"call_count": 10, "total_time": 20, "total_cputime": 5})
    answers[1].headers["x-ad-account-usage"] = json.dumps({"acc_id_util_pct": 30.5})
    answers[2].headers["x-fb-ads-insights-throttle"] = json.dumps({"app_id_util_pct": 80, "acc_id_util_pct": 1})
    answers[3].headers["X-App-Usage"] = "not json"
    graph = scripted(answers)
    for _ in answers:
        campaigns(graph)
    usages = graph.usages
    assert [usage.peak_percent for usage in usages] == [20, 30.5, 80, 0, 0]
    assert [usage.slow for usage in usages] == [False, False, True, False, False]
    assert not usages[2].park
    assert sum(graph.slept) == pytest.approx(2.0)


def insight_days(request: httpx.Request) -> tuple[date, date]:
    window = json.loads(request.url.params["time_range"])
    return date.fromisoformat(window["since"]), date.fromisoformat(window["until"])


def test_too_much_data_halves_the_days_and_remembers_what_worked(scripted: Scripted) -> None:
    """Every ad's day once: a stretch that was split must not be given twice."""

    def answer(request: httpx.Request) -> httpx.Response:
        first, last = insight_days(request)
        days = (last - first).days + 1
        if "after" in request.url.params and days > 4:
            return error(100, 1487534)
        rows: list[dict[str, object]] = [
            {"ad_id": "1", "date_start": str(first + timedelta(days=n))} for n in range(days)
        ]
        if "after" in request.url.params:
            return page([])
        return page(rows, str(request.url.copy_set_param("after", "b")))

    graph = scripted(answer)
    until = DAY + timedelta(days=15)
    given = [row["date_start"] for rows in graph.client.insights("act_7", DAY, until) for row in rows]
    assert sorted(map(str, given)) == [str(DAY + timedelta(days=n)) for n in range(16)]
    assert given[0] == str(until - timedelta(days=3)), "newest days come first"
    before = len(graph.requests)
    list(graph.client.insights("act_7", DAY - timedelta(days=8), DAY - timedelta(days=1)))
    assert len(graph.requests) - before == 2 * 2, "the size that worked was not remembered"


def test_a_single_day_that_is_too_much_comes_in_smaller_pages(scripted: Scripted) -> None:
    """The last resort before the day becomes a gap; the size holds for the next page and day too."""

    def answer(request: httpx.Request) -> httpx.Response:
        if int(request.url.params["limit"]) > 130:
            return error(1, message="Please reduce the amount of data you're asking for, then retry your request")
        return page([{"ad_id": "1"}])

    graph = scripted(answer)
    assert len(list(graph.client.insights("act_7", DAY, DAY))) == 1
    list(graph.client.insights("act_7", DAY, DAY))
    assert graph.param("limit") == ["500", "250", "125", "125"]
    hopeless = scripted(lambda _: error(100, 1487534))
    with pytest.raises(TooMuchData):
        list(hopeless.client.insights("act_7", DAY, DAY))


def test_insights_ask_for_every_status_and_day_by_day(scripted: Scripted) -> None:
    """Left alone Meta hides archived ads in insights and in /ads, whose spend the account's total holds."""
    graph = scripted(lambda _: page([]))
    list(graph.client.insights("7", DAY, DAY))
    list(graph.client.ads("act_7"))
    graph.client.insight_total("act_7", DAY, DAY)
    insights, ads, total = graph.requests
    assert insights.url.path == "/v26.0/act_7/insights"
    assert {"ARCHIVED", "DELETED"} <= set(json.loads(insights.url.params["filtering"])[0]["value"])
    assert {"ARCHIVED", "DELETED"} <= set(json.loads(ads.url.params["effective_status"]))
    assert insights.url.params["time_increment"] == total.url.params["time_increment"] == "1"
    assert total.url.params["level"] == "account"


def test_one_optional_field_that_meta_dropped_does_not_cost_the_rows(scripted: Scripted) -> None:
    """It is left out once and reported; a field without which rows would be wrong is not."""
    graph = scripted(
        [
            error(100, message="(#100) video_p95_watched_actions is not valid for fields param."),
            page([{"ad_id": "1"}]),
            page([{"ad_id": "1"}]),
        ]
    )
    list(graph.client.insights("act_7", DAY, DAY))
    list(graph.client.insights("act_7", DAY, DAY))
    assert list(graph.client.dropped_fields) == ["video_p95_watched_actions"]
    assert ["video_p95" in str(names) for names in graph.param("fields")] == [True, False, False]
    for message in ("(#100) spend is not valid for fields param.", "(#100) no results for objective"):
        with pytest.raises(GraphRefused):
            list(scripted([error(100, message=message)]).client.insights("act_7", DAY, DAY))


def form(request: httpx.Request) -> list[str]:
    batch = json.loads(parse_qs(request.content.decode())["batch"][0])
    return [str(call["relative_url"]) for call in batch]


def test_null_entries_of_a_batch_are_asked_again_three_times_at_most(scripted: Scripted) -> None:
    """The official SDK hands them back as a new batch that callers drop."""
    graph = scripted(
        [
            batch_answer((200, {"id": "1", "source": "https://cdn/1"}), None, None),
            batch_answer(None, (500, {"error": {"code": 2}})),
            batch_answer((200, {"id": "2"}), None),
            batch_answer(None),
        ]
    )
    videos = graph.client.videos(["1", "2", "3"])
    assert [len(form(request)) for request in graph.requests] == [3, 2, 2, 1]
    assert (videos["1"].url, videos["2"].url, videos["2"].fault) == ("https://cdn/1", None, None)
    fault = videos["3"].fault
    assert fault is not None
    assert fault.kind is FaultKind.TRANSIENT


def test_batches_and_image_lookups_hold_fifty_at_most(scripted: Scripted) -> None:
    """Meta refuses larger ones."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            hashes = json.loads(request.url.params["hashes"])
            return page([{"hash": one, "url": f"https://cdn/{one}"} for one in hashes if one != "h3"])
        return batch_answer(*[(200, {"id": "x"})] * len(form(request)))

    graph = scripted(answer)
    assert len(graph.client.ads_by_id(str(n) for n in range(120)).ads) == 120
    assert [len(form(request)) for request in graph.requests] == [50, 50, 20]
    links = graph.client.image_urls("act_7", [f"h{n}" for n in range(60)])
    assert len(links) == 59
    assert "h3" not in links
    assert len(graph.requests) == 5


def test_a_dead_token_or_a_limit_inside_a_batch_stops_it(scripted: Scripted) -> None:
    """It holds for every entry; going on would only add failures."""
    dead = {"error": {"code": 190, "error_subcode": 463}}
    with pytest.raises(GraphNeedsReauth):
        scripted([batch_answer((200, {"id": "1"}), (400, dead))]).client.videos(["1", "2"])
    with pytest.raises(GraphRateLimited):
        scripted([batch_answer((403, {"error": {"code": 17}}))]).client.videos(["1"])


def test_one_bad_creative_costs_neither_the_page_nor_the_ad(scripted: Scripted) -> None:
    """One by one, then without the part that Meta cannot show; unreachable ads are named."""
    bad = {"error": {"code": 100, "error_subcode": 2446211}}
    gone = {"error": {"code": 100, "error_subcode": 33}}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            full = "object_story_spec" in request.url.params["fields"]
            if full and "after" not in request.url.params:
                return error(100, 2446211)
            if full:
                return page([{"id": "9", "creative": {"id": "c9"}}])
            light: list[dict[str, object]] = [{"id": str(n), "creative": {"id": f"c{n}"}} for n in (1, 2, 3)]
            return page(light, str(request.url.copy_set_param("after", "b")))
        entries: list[tuple[int, object]] = []
        for url in form(request):
            key, story = url.split("/")[0], "object_story_spec" in url
            if key == "2" and story:
                entries.append((400, bad))
            elif key == "3":
                entries.append((400, gone))
            else:
                entries.append((200, {"id": key, "creative": {"id": f"c{key}", "body": f"text {key}"}}))
        return batch_answer(*entries)

    graph = scripted(answer)
    ads = [ad for rows in graph.client.ads("act_7") for ad in rows]
    assert [ad["id"] for ad in ads] == ["1", "2", "3", "9"]
    assert [ad["creative"].get("body") for ad in ads if isinstance(ad["creative"], dict)] == [
        "text 1",
        "text 2",
        None,
        None,
    ]
    by_id = graph.client.ads_by_id(["2", "3"])
    assert [ad["id"] for ad in by_id.ads] == ["2"]
    assert by_id.unreachable["3"].kind is FaultKind.MISSING


@pytest.mark.parametrize(
    "answer",
    [
        error(4, 1504022),
        error(17, 2446079),
        error(100, 1487534),
        error(2, status=500),
        error(190, 463, message=f"Malformed access token {TOKEN}"),
        error(190, 459),
        error(200, status=403),
        error(100, 33),
        error(100, message=f"bad field access_token={TOKEN}"),
        error(100, 2446211),
        httpx.Response(502, html=f"<a href='?access_token={TOKEN}'>"),
        httpx.Response(200, json={"data": TOKEN}),
        httpx.ConnectError(f"cannot reach https://graph.test/?access_token={TOKEN}"),
        httpx.ReadTimeout(f"{TOKEN}"),
        page([], f"https://evil.test/?access_token={TOKEN}"),
        page([], f"{ROOT}/v26.0/act_7/insights?access_token={TOKEN}&after=b"),
    ],
)
def test_no_failure_shows_the_token(
    scripted: Scripted, caplog: pytest.LogCaptureFixture, answer: httpx.Response | Exception
) -> None:
    """A token in a log or an error page is a stolen ad account."""
    caplog.set_level(logging.DEBUG)
    graph = scripted(lambda _: answer)
    with pytest.raises(ViralTrackerError) as caught:
        list(graph.client.insights("act_7", DAY, DAY))
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(graph.client)
    shown += repr(getattr(caught.value, "fault", "")) + repr(caught.value)
    # What the test itself wrote into its script is not the client's doing.
    shown = "\n".join(line for line in shown.splitlines() if "TOKEN" not in line)
    assert TOKEN not in shown
    assert SECRET not in shown


def test_a_token_that_cannot_be_one_is_refused_before_any_call() -> None:
    """A pasted line break would end up in a header and in the library's own error."""
    for pasted in ("", "EAAB token", "EAAB\n", "EAABü"):
        with httpx.Client() as http, pytest.raises(BadInput) as caught:
            GraphClient(ROOT, "v26.0", pasted, http=http)
        assert not pasted or pasted not in str(caught.value)
