"""The sandbox over real sockets, by httpx, by the official SDK, and as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from viraltracker.sandbox.app import Sandbox
from viraltracker.sandbox.demo import catalog, planted
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.graph import Call
from viraltracker.sandbox.server import RunningSandbox, running

ACCOUNT = f"/v26.0/{catalog.ACCOUNT_ID}"
AUTH = {"Authorization": f"Bearer {catalog.TOKEN}"}
STATUSES = json.dumps(["ACTIVE", "PAUSED", "CAMPAIGN_PAUSED", "ADSET_PAUSED", "DISAPPROVED", "ARCHIVED"])
MEDIA_SECONDS = 3600


class Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def today(self, zone: str) -> date:
        return self.time.astimezone(ZoneInfo(zone)).date()


CLOCK = Hands()


@pytest.fixture(scope="module")
def served() -> Iterator[RunningSandbox]:
    with running(sandbox=Sandbox(CLOCK, media_lifetime_seconds=MEDIA_SECONDS)) as sandbox:
        yield sandbox


@pytest.fixture
def http(served: RunningSandbox) -> Iterator[httpx.Client]:
    """A client of a sandbox without faults, on the morning of 23 November 2026."""
    served.sandbox.faults.clear()
    CLOCK.time = datetime(2026, 11, 23, 12, tzinfo=UTC)
    with httpx.Client(base_url=served.base_url, headers=AUTH) as client:
        yield client


def pages(http: httpx.Client, path: str, **params: Any) -> Iterator[list[dict[str, Any]]]:
    """The data of every page, by `paging.next`."""
    answer = http.get(path, params=params).raise_for_status().json()
    while True:
        yield answer["data"]
        following = answer.get("paging", {}).get("next")
        if not following:
            return
        answer = http.get(following).raise_for_status().json()


def rows(http: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    return [row for page in pages(http, path, **params) for row in page]


DAILY: dict[str, str | int] = {
    "level": "ad",
    "time_increment": 1,
    "limit": 500,
    "time_range": json.dumps({"since": "2026-08-25", "until": "2026-11-22"}),
    "fields": "ad_id,impressions,spend,actions,action_values,video_thruplay_watched_actions",
}


def test_paging_yields_every_ad_once_and_every_day_with_delivery_once(
    http: httpx.Client, served: RunningSandbox
) -> None:
    ads = rows(http, f"{ACCOUNT}/ads", effective_status=STATUSES, fields="id", limit=100)
    assert len({ad["id"] for ad in ads}) == len(ads) == 242

    account, _ = served.sandbox.graph.account()
    expected = {
        (plan.ad_id, account.day(day).isoformat())
        for at, plan in enumerate(account.plans)
        for day in account.figures.impressions[at].nonzero()[0].tolist()
    }
    found = [(row["ad_id"], row["date_start"]) for row in rows(http, f"{ACCOUNT}/insights", **DAILY)]
    assert len(found) == len(expected)
    assert set(found) == expected


def test_sums_over_ads_agree_with_the_account_level(http: httpx.Client) -> None:
    fields = "impressions,spend,actions"
    window = {"time_range": DAILY["time_range"], "time_increment": 1, "limit": 500}
    by_day: dict[str, list[float]] = {}
    for row in rows(http, f"{ACCOUNT}/insights", level="ad", fields=fields, **window):
        sums = by_day.setdefault(row["date_start"], [0, 0, 0])
        sums[0] += int(row["impressions"])
        sums[1] += float(row["spend"])
        sums[2] += sum(int(a["value"]) for a in row.get("actions", []) if a["action_type"] == "omni_purchase")
    account = rows(http, f"{ACCOUNT}/insights", level="account", fields=fields, **window)
    assert len(account) == len(by_day) == 90
    for row in account:
        sold = sum(int(a["value"]) for a in row.get("actions", []) if a["action_type"] == "omni_purchase")
        assert [int(row["impressions"]), float(row["spend"]), sold] == pytest.approx(by_day[row["date_start"]])


def test_rows_look_as_meta_sends_them(http: httpx.Client) -> None:
    found = rows(http, f"{ACCOUNT}/insights", **DAILY)
    sold = next(row for row in found if "action_values" in row)
    kinds = {a["action_type"]: a["value"] for a in sold["actions"]}
    assert kinds["omni_purchase"] == kinds["purchase"] == kinds["offsite_conversion.fb_pixel_purchase"]
    for row in found:
        assert isinstance(row["spend"], str)
        assert all(a["value"] not in {"0", ""} for a in row.get("actions", []))
    # Nobody bought: the action is left out, not zero.
    losing = [row for row in found if row["ad_id"] == planted.LOSERS[-1].ad_id]
    assert losing
    assert not any("purchase" in a["action_type"] for row in losing for a in row.get("actions", []))


def test_one_row_for_all_days_counts_people_once(http: httpx.Client) -> None:
    asked = {"fields": "reach,impressions,frequency", "time_range": DAILY["time_range"], "level": "ad", "limit": 500}
    daily = rows(http, f"{ACCOUNT}/insights", time_increment=1, **asked)
    whole = {row["impressions"]: row for row in rows(http, f"{ACCOUNT}/insights", **asked)}
    assert sum(int(row["reach"]) for row in daily) > sum(int(row["reach"]) for row in whole.values())
    assert all(int(row["reach"]) <= int(row["impressions"]) for row in whole.values())


def test_creatives_carry_their_text_and_media_in_every_branch(http: httpx.Client) -> None:
    wanted = (
        "name,effective_status,adset{learning_stage_info},creative{id,body,image_hash,video_id,"
        "object_story_spec,asset_feed_spec,effective_object_story_id,thumbnail_url}"
    )
    branches = set()
    for ad in rows(http, f"{ACCOUNT}/ads", fields=wanted, limit=200):
        creative = ad["creative"]
        story = creative.get("object_story_spec", {})
        branches |= {name for name in story if name != "page_id"}
        branches |= {name for name in ("asset_feed_spec",) if name in creative}
        branches |= {"child_attachments"} if "child_attachments" in story.get("link_data", {}) else set()
        branches |= {"post"} if "object_story_spec" not in creative else set()
        assert creative["thumbnail_url"].startswith("http")
    assert branches == {"link_data", "video_data", "photo_data", "asset_feed_spec", "child_attachments", "post"}


def test_media_links_rotate_serve_and_expire(http: httpx.Client) -> None:
    picture = catalog.creatives()[0].pictures[0].image_hash
    ask = {"hashes": json.dumps([picture]), "fields": "hash,url"}
    first, second = (http.get(f"{ACCOUNT}/adimages", params=ask).json()["data"][0]["url"] for _ in range(2))
    clip = catalog.CLIPS[0]
    video = http.get(f"/v26.0/{clip.video_id}", params={"fields": "source,length,picture"}).json()
    assert first != second
    assert httpx.get(first).content == httpx.get(second).content
    assert httpx.get(first).headers["content-type"] == "image/jpeg"
    assert httpx.get(video["source"]).content[4:8] == b"ftyp"
    assert video["length"] == clip.seconds
    CLOCK.time += timedelta(seconds=MEDIA_SECONDS + 1)
    assert [httpx.get(url).status_code for url in (first, video["source"], video["picture"])] == [403] * 3


def test_nodes_many_nodes_and_batches_answer_the_same(http: httpx.Client) -> None:
    ids = [planted.ad_id(1), planted.ad_id(2)]
    single = [http.get(f"/v26.0/{ad}/", params={"fields": "name,campaign{objective}"}).json() for ad in ids]
    many = http.get("/v26.0/", params={"ids": ",".join(ids), "fields": "name,campaign{objective}"}).json()
    calls = [{"method": "GET", "relative_url": f"{ad}?fields=name,campaign{{objective}}"} for ad in ids]
    calls.append({"method": "GET", "relative_url": "v26.0/99?fields=name"})
    batch = http.post("/v26.0/", data={"batch": json.dumps(calls)}).json()
    assert [many[ad] for ad in ids] == single
    assert [json.loads(reply["body"]) for reply in batch[:2]] == single
    assert (batch[2]["code"], json.loads(batch[2]["body"])["error"]["error_subcode"]) == (400, 33)


def test_a_report_run_completes_and_holds_the_direct_rows(http: httpx.Client) -> None:
    asked = {**DAILY, "limit": 5000}
    report = http.post(f"{ACCOUNT}/insights", data={k: str(v) for k, v in asked.items()}).json()["report_run_id"]
    states = [http.get(f"/v26.0/{report}").json()["async_status"] for _ in range(3)]
    assert states == ["Job Started", "Job Running", "Job Completed"]
    assert rows(http, f"/v26.0/{report}/insights", limit=500) == rows(http, f"{ACCOUNT}/insights", **asked)


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        (ACCOUNT, {"access_token": "wrong"}, (190, None)),
        (ACCOUNT, {"fields": "name,shoe_size"}, (100, None)),
        (f"{ACCOUNT}/insights", {"fields": "shoe_size"}, (100, None)),
        (f"{ACCOUNT}/insights", {"breakdowns": "age"}, (100, None)),
        (f"{ACCOUNT}/insights", {"time_range": "yesterday"}, (100, None)),
        (f"{ACCOUNT}/insights", {"time_range": '{"since":"2020-01-01","until":"2020-01-02"}'}, (3018, None)),
        (f"{ACCOUNT}/ads", {"after": "nonsense"}, (100, None)),
        (f"{ACCOUNT}/shoes", {}, (100, None)),
        ("/v26.0/act_999", {}, (100, 33)),
        ("/v26.0/act_999/insights", {}, (100, 33)),
    ],
)
def test_wrong_calls_get_metas_error(
    http: httpx.Client, path: str, params: dict[str, str], expected: tuple[int, int | None]
) -> None:
    answer = http.get(path, params=params)
    error = answer.json()["error"]
    assert answer.status_code in {400, 401}
    assert (error["code"], error.get("error_subcode")) == expected
    assert error["fbtrace_id"]


def test_a_call_without_a_token_is_refused_and_both_header_forms_are_read(served: RunningSandbox) -> None:
    url = served.base_url + ACCOUNT
    assert httpx.get(url).json()["error"]["code"] == 104
    assert httpx.get(url, headers={"Authorization": f"OAuth {catalog.TOKEN}"}).json()["id"] == catalog.ACCOUNT_ID
    assert httpx.get(url, params={"access_token": catalog.TOKEN}).json()["id"] == catalog.ACCOUNT_ID


def test_landing_pages_are_served_and_the_broken_one_fails(http: httpx.Client) -> None:
    statuses = {slug: http.get(f"/pages/{slug}").status_code for slug in ("bundle-offer", "trial-pack", "nowhere")}
    assert statuses == {"bundle-offer": 200, "trial-pack": 500, "nowhere": 404}
    assert "30% off Wonder Paws" in http.get("/pages/bundle-offer?utm_source=facebook").text


def test_every_answer_carries_the_usage_headers(http: httpx.Client) -> None:
    headers = http.get(f"{ACCOUNT}/insights").headers
    use_case = json.loads(headers["x-business-use-case-usage"])["100200300400"][0]
    assert (use_case["type"], use_case["estimated_time_to_regain_access"]) == ("ads_insights", 0)
    for name in ("x-app-usage", "x-ad-account-usage", "x-fb-ads-insights-throttle"):
        assert json.loads(headers[name])


@pytest.mark.parametrize("kind", ["empty_page", "next_without_cursors"])
def test_odd_pages_still_lead_to_every_row(http: httpx.Client, served: RunningSandbox, kind: Any) -> None:
    straight = rows(http, f"{ACCOUNT}/ads", limit=50)
    served.sandbox.faults.add(Matcher("/ads$", skip=1), Fault(kind))
    odd = list(pages(http, f"{ACCOUNT}/ads", limit=50))
    assert [ad for page in odd for ad in page] == straight
    assert ([] in odd) == (kind == "empty_page")


def test_scripted_failures_arrive_as_scripted_and_only_as_often(http: httpx.Client) -> None:
    def script(**rule: Any) -> None:
        assert http.post("/__faults", json={"path": "/ads$", **rule}).status_code == 200

    script(fault="html_502")
    script(fault="rate_limited", options={"regain_minutes": 7})
    script(fault="error", options={"code": 190, "subcode": 463, "status": 401})
    script(fault="too_much_data", path="/insights$", options={"max_rows": 10})
    gateway, limited, expired, fine = (http.get(f"{ACCOUNT}/ads") for _ in range(4))
    assert (gateway.status_code, gateway.headers["content-type"][:9]) == (502, "text/html")
    assert limited.json()["error"]["code"] == 17
    usage = json.loads(limited.headers["x-business-use-case-usage"])["100200300400"][0]
    assert usage["estimated_time_to_regain_access"] == 7
    assert expired.json()["error"]["error_subcode"] == 463
    assert fine.status_code == 200
    assert http.get(f"{ACCOUNT}/insights", params=DAILY).json()["error"]["error_subcode"] == 1487534
    assert http.post("/__faults", json={"fault": "gremlin"}).status_code == 422


def test_a_reset_breaks_the_connection_and_null_entries_stand_in_a_batch(
    http: httpx.Client, served: RunningSandbox
) -> None:
    served.sandbox.faults.add(Matcher("/ads$"), Fault("reset"))
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(f"{ACCOUNT}/ads")
    served.sandbox.faults.add(Matcher(method="POST"), Fault("null_batch_entries", {"indexes": [1]}))
    calls = json.dumps([{"method": "GET", "relative_url": catalog.ACCOUNT_ID}] * 3)
    assert [bool(reply) for reply in http.post("/v26.0/", data={"batch": calls}).json()] == [True, False, True]


def test_the_account_ends_yesterday_on_every_day(http: httpx.Client) -> None:
    def last_day() -> str:
        return str(max(row["date_start"] for row in rows(http, f"{ACCOUNT}/insights", time_increment=1, limit=90)))

    assert last_day() == "2026-11-22"
    CLOCK.time += timedelta(days=2)
    assert last_day() == "2026-11-24"


def test_a_pinned_account_is_restated_as_its_purchases_arrive() -> None:
    """With a fixed last day a later call finds more purchases on it, and the same spend."""
    clock = Hands()
    graph = Sandbox(clock, until=date(2026, 11, 22)).graph
    day = json.dumps({"since": "2026-11-22", "until": "2026-11-22"})
    params = {"fields": "spend,purchase_roas", "time_range": day}
    call = Call("GET", f"{ACCOUNT}/insights", params, "http://sandbox", catalog.TOKEN)
    first = json.loads(graph.answer(call))["data"][0]
    clock.time += timedelta(days=6)
    later = json.loads(graph.answer(call))["data"][0]
    assert later["spend"] == first["spend"]
    assert float(later["purchase_roas"][0]["value"]) > 1.2 * float(first["purchase_roas"][0]["value"])


def test_the_official_sdk_reads_ads_days_and_batches(served: RunningSandbox) -> None:
    from facebook_business.adobjects.ad import Ad
    from facebook_business.adobjects.adaccount import AdAccount
    from facebook_business.api import FacebookAdsApi
    from facebook_business.session import FacebookSession

    CLOCK.time = datetime(2026, 11, 23, 12, tzinfo=UTC)
    session = FacebookSession(access_token=catalog.TOKEN, timeout=(5, 60))
    session.GRAPH = served.base_url
    api = FacebookAdsApi(session, api_version="v26.0")
    account = AdAccount(catalog.ACCOUNT_ID, api=api)

    assert account.api_get(fields=["name", "currency"])["name"] == "Wonder Paws"
    ads = list(account.get_ads(fields=["id", "name"], params={"effective_status": json.loads(STATUSES), "limit": 50}))
    assert len({ad["id"] for ad in ads}) == 242
    week = {"level": "ad", "time_increment": 1, "limit": 100, "date_preset": "last_7d"}
    days = [(row["ad_id"], row["date_start"]) for row in account.get_insights(fields=["ad_id"], params=week)]
    with httpx.Client(base_url=served.base_url, headers=AUTH) as client:
        found = rows(client, f"{ACCOUNT}/insights", fields="ad_id", **week)
    assert days == [(row["ad_id"], row["date_start"]) for row in found]
    assert len(set(days)) == len(days) > 400
    report = account.get_insights(
        fields=["spend"], params={"level": "account", "date_preset": "last_7d"}, is_async=True
    )
    for _ in range(3):
        report = report.api_get()
    assert report["async_status"] == "Job Completed"
    assert float(report.get_result()[0]["spend"]) > 5000
    names: list[str] = []
    batch = api.new_batch()
    for ad in ads[:3]:
        Ad(ad["id"], api=api).api_get(
            fields=["name"], batch=batch, success=lambda reply: names.append(reply.json()["name"])
        )
    assert batch.execute() is None
    assert names == [ad["name"] for ad in ads[:3]]
    session.requests.close()


def test_it_runs_as_a_process_that_tells_where_it_serves(tmp_path: Path) -> None:
    ready = tmp_path / "url"
    command = [sys.executable, "-m", "viraltracker.sandbox", "--ready-file", str(ready), "--until", "2026-11-22"]
    command += ["--model-seconds", "0.25"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            assert ready.read_text().strip() == url
            assert httpx.get(url + ACCOUNT, headers=AUTH).json()["id"] == catalog.ACCOUNT_ID
            assert httpx.get(f"{url}/__models").json()["model_seconds"] == 0.25
        finally:
            process.terminate()
        assert process.wait(timeout=10) in {0, -15}
