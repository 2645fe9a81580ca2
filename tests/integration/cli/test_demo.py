"""The main job, as a newcomer runs it: sync, classify and analyse the demo account through the real worker."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.cli.conftest import Answer, Command, start
from viraltracker import clock, settings
from viraltracker.chat import answers
from viraltracker.chat.answer import MOST_LINES, Asked, Person
from viraltracker.chat.answer import Answer as Answered
from viraltracker.chat.commands import Intent, parse
from viraltracker.jobs import registry
from viraltracker.local.stack import Stack
from viraltracker.sandbox.demo import planted
from viraltracker.store import brands, client


@pytest.fixture(scope="module")
def analysed(home: Path) -> Answer:
    """`viraltracker demo --json`."""
    return start("demo", "--json", environment={"VIRALTRACKER_HOME": str(home)})


@pytest.fixture(scope="module")
def analysis(analysed: Answer) -> dict[str, Any]:
    """Its analysis."""
    found: dict[str, Any] = analysed.json
    return found


def test_the_analysis_has_the_documented_shape(analysis: dict[str, Any]) -> None:
    """Scripts that read `analyze --json` rely on these names."""
    assert {"run_id", "brand", "window", "ads", "totals", "classified", "verdicts", "recommendations"} <= set(analysis)
    assert set(analysis["window"]) == {"from", "to", "days"}
    names = (
        "impressions spend link_clicks ctr cpc purchases purchase_value results result_type cost_per_result cpa roas"
    )
    assert set(names.split()) | {"hook_rate", "hold_rate"} <= set(analysis["totals"])
    assert {"ads", "creatives", "spend_share"} <= set(analysis["classified"])
    found = {"drivers", "tags", "gaps", "pages", "anomalies", "concentration", "insights", "rules", "diagnoses"}
    assert found <= set(analysis)
    assert analysis["brand"] == "Wonder Paws"
    assert analysis["window"]["days"] == 30


def test_every_ad_that_ran_is_classified(analysis: dict[str, Any]) -> None:
    """The demo promises an answer about all of the money, not a sample of it."""
    assert analysis["classified"]["spend_share"] == pytest.approx(1.0)
    assert analysis["classified"]["ads"] == analysis["ads"]


def test_planted_winners_and_losers_are_found(analysis: dict[str, Any]) -> None:
    """The causes built into the account are what the verdicts name."""
    verdicts = {verdict["ad_id"]: verdict["verdict"] for verdict in analysis["verdicts"]}
    assert {verdicts[ad_id] for ad_id in (ad.ad_id for ad in planted.WINNERS)} == {"scale"}
    assert {verdicts[ad_id] for ad_id in (ad.ad_id for ad in planted.LOSERS)} == {"cut"}


def test_totals_are_the_sums_of_the_stored_rows(analysis: dict[str, Any], home: Path, viraltracker: Command) -> None:
    """What is printed is what the database holds over the same window."""
    with Stack(home, cache=_cache()).hold(), psycopg.connect(Stack(home, cache=_cache()).superuser_url()) as database:
        row = database.execute(
            "select sum(impressions), sum(spend), sum(link_clicks), sum(purchases), sum(purchase_value)"
            " from public.ad_performance_daily where date between %s and %s",
            [analysis["window"]["from"], analysis["window"]["to"]],
        ).fetchone()
    assert row is not None
    totals = analysis["totals"]
    names = ("impressions", "spend", "link_clicks", "purchases", "purchase_value")
    assert [float(value) for value in row] == pytest.approx([totals[name] for name in names])


def test_a_scorecard_adds_up_and_leaves_the_analysis_standing(
    analysis: dict[str, Any], home: Path, viraltracker: Command
) -> None:
    """The week through the real worker: parts add up to the stored rows, the planted are named, the rest goes on."""
    card = viraltracker("scorecard", "Wonder Paws", "--json").json
    with Stack(home, cache=_cache()).hold(), psycopg.connect(Stack(home, cache=_cache()).superuser_url()) as database:
        row = database.execute(
            "select sum(spend) filter (where now), sum(purchases) filter (where now),"
            " sum(spend) filter (where not now), sum(purchases) filter (where not now)"
            " from (select *, date >= %s as now from public.ad_performance_daily where date between %s and %s) d",
            [card["window"]["from"], card["prior_window"]["from"], card["window"]["to"]],
        ).fetchone()
    assert row is not None
    spend, purchases, before, purchases_before = (float(value) for value in row)
    assert (card["totals"]["spend"], card["prior_totals"]["spend"]) == pytest.approx((spend, before))
    assert (card["totals"]["purchases"], card["prior_totals"]["purchases"]) == (purchases, purchases_before)
    for moves, change in (
        (card["changes"]["spend"], spend - before),
        (card["changes"]["cpa"], card["totals"]["cpa"] - card["prior_totals"]["cpa"]),
    ):
        assert sum(part["part"] for part in [*moves["top"], moves["rest"]]) == pytest.approx(change)
        assert moves["account"]["part"] == pytest.approx(change)
    names = ("winners", "losers")
    winners, losers = ({row["ad_id"] for row in card[name]} for name in names)
    assert winners & {ad.ad_id for ad in planted.WINNERS}
    assert losers & {ad.ad_id for ad in planted.LOSERS}
    assert not winners & {ad.ad_id for ad in planted.LOSERS}
    strict = viraltracker("scorecard", "Wonder Paws", "--min-spend", "300", "--json").json
    assert strict["run_id"] != card["run_id"]
    assert {row["ad_id"] for name in names for row in strict[name]} == {
        row["ad_id"] for name in names for row in card[name] if row["spend"] >= 300
    }
    assert viraltracker("scorecard", "Wonder Paws", "--json").json["run_id"] == card["run_id"]


def test_a_second_classification_finds_nothing_new(analysis: dict[str, Any], home: Path, viraltracker: Command) -> None:
    """No reading is made twice and no page fetched twice; there is one per distinct input and reader, not per ad."""
    again = viraltracker("classify", "wonder paws", "--days", "90", "--json").json
    assert (again["new"], again["compared"], again["calls"], again["landing_pages"]["fetched"]) == (0, 0, 0, 0)
    with Stack(home, cache=_cache()).hold(), psycopg.connect(Stack(home, cache=_cache()).superuser_url()) as database:
        made, distinct, links = database.execute(
            "select (select count(*) from public.ad_creative_classifications where classifier like 'rules%'),"
            " (select count(distinct (reading, input_hash)) from public.ad_classification_links"
            "   where reading <> 'congruence'),"
            " (select count(*) from public.ad_classification_links)"
        ).fetchone() or (0, 0, 0)
    assert made == distinct
    assert links > distinct


def test_pictures_and_videos_of_the_demo_are_read_by_hand_and_words_by_rules(
    analysis: dict[str, Any], home: Path
) -> None:
    """Readings say whose they are; each video's analysis is kept, and ads are held against their pages."""
    with Stack(home, cache=_cache()).hold(), psycopg.connect(Stack(home, cache=_cache()).superuser_url()) as database:
        readers = database.execute(
            "select reading, array_agg(distinct classifier order by classifier) from"
            " (select reading, split_part(split_part(classifier, ':', 1), '@', 1) as classifier"
            "  from public.ad_creative_classifications) r group by reading order by reading"
        ).fetchall()
        videos = database.execute(
            "select count(*), bool_and(provider = 'sandbox'), bool_and(notes = '{}') from public.ad_video_analysis"
        ).fetchone()
        compared = database.execute(
            "select count(distinct ad_id), count(distinct component), min(score), max(score)"
            " from public.brands b, app.ad_congruence(b.id)"
        ).fetchone()
    assert readers == [("copy", ["rules"]), ("creative", ["rules", "sandbox"]), ("landing", ["rules"])]
    assert videos == (6, True, True)
    assert compared is not None
    assert compared[0] > 200
    assert compared[1] == 5
    assert 0 <= compared[2] < compared[3] <= 5


def test_the_documented_estimate_is_what_the_command_says(analysis: dict[str, Any], viraltracker: Command) -> None:
    """The table in docs/readings.md is made of these figures."""
    made = viraltracker("classify", "Wonder Paws", "--estimate", "--days", "90", "--json").json["estimates"]
    documented = (settings.project_root() / "docs" / "readings.md").read_text(encoding="utf-8")
    for each in made:
        cells = [each["dollars"].get(name) for name in ("creative", "video", "copy", "landing", "congruence")]
        shown = ["–" if cell is None else f"{float(cell):.2f}" for cell in (*cells, each["realtime"], each["batch"])]
        assert f"| {each['model']} | {' | '.join(shown)} |" in documented


def test_the_same_question_is_answered_from_store(analysis: dict[str, Any], home: Path, viraltracker: Command) -> None:
    """Over unchanged rows the stored run answers, whatever scorecards were made since.

    The sandbox is there, since a sync of the demo may be due.
    """
    log = home / "logs" / "sandbox.log"
    before = log.stat().st_size
    assert viraltracker("analyze", "Wonder Paws", "--json").json["run_id"] == analysis["run_id"]
    assert log.stat().st_size > before


def test_jobs_show_how_the_demo_came_about(analysis: dict[str, Any], viraltracker: Command) -> None:
    """The chained sync is a real row with a state of its own, and its classification is on record."""
    jobs = {job["job_type"]: job for job in viraltracker("jobs", "list", "--json").json}
    assert {"load_demo", "meta_sync", "ad_intelligence_analysis", "scorecard"} <= set(jobs)
    assert {job["last_run"]["state"] for job in jobs.values()} == {"succeeded"}
    shown = viraltracker("jobs", "show", jobs["meta_sync"]["last_run"]["id"], "--json").json
    assert shown["trigger"] == "chain"
    assert shown["result"]["classification"]["new"] > 0
    assert shown["events"]


def test_a_report_is_the_stored_analysis_in_one_file(
    analysis: dict[str, Any], viraltracker: Command, tmp_path: Path
) -> None:
    """It holds the same run's numbers and the pictures of its leaders; a folder that is not there is said by name."""
    file = tmp_path / "week.html"
    said = viraltracker("report", "wonder paws", "--out", str(file), "--json").json
    assert (said["run_id"], said["file"]) == (analysis["run_id"], str(file.resolve()))
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert f"{analysis['totals']['impressions']:,}" in page
    names = [row["ad_name"] for block in analysis["blocks"] if block.get("title") == "Winners" for row in block["rows"]]
    assert names
    assert all(html.escape(name) in page for name in names)
    assert page.count('src="data:image/jpeg;base64,') >= 4
    lost = viraltracker("report", "wonder paws", "--out", str(tmp_path / "no" / "week.html"))
    assert lost.code == 1
    assert "week.html cannot be written: No such file or directory." in lost.err


def test_a_brand_that_is_not_there_is_named_with_those_that_are(
    analysis: dict[str, Any], viraltracker: Command
) -> None:
    """A typo ends in one sentence that helps."""
    answer = viraltracker("analyze", "Wander Paws")
    assert answer.code == 1
    assert answer.err.strip().splitlines()[-1] == (
        'There is no brand "Wander Paws". Did you mean Wonder Paws? Brands: Wonder Paws.'
    )


def test_the_chat_names_the_planted_causes(analysis: dict[str, Any], home: Path) -> None:
    """Questions of a Monday morning, each answered from the stored analysis in at most eight lines."""
    stack = Stack(home, cache=_cache())
    with stack.hold(), client.http_client(embedded=True) as http:
        endpoints = stack.endpoints()
        assert endpoints is not None
        db = client.connect(endpoints.rest_url, endpoints.service_key, http)
        brand = brands.find(db, "Wonder Paws")
        person = Person(db, [brand], lambda _: True, registry.standard())

        def ask(line: str) -> Answered:
            meant = parse(line, [brand], brand)
            assert isinstance(meant, Intent), line
            found = answers.answer(Asked(person, brand, meant, line, line, clock.now(), {}))
            assert found.job is None, line
            assert 0 < len(found.lines) <= MOST_LINES, line
            return found

        def shown(found: Answered, title: str) -> list[dict[str, Any]]:
            return [row for block in found.blocks if block.get("title") == title for row in block["rows"]]

        tired = {row["ad_id"] for row in shown(ask("which ads are wearing out?"), "Wearing out")}
        assert {ad.ad_id for ad in planted.FATIGUED} <= tired
        assert planted.BROKEN_PAGE.slug in " ".join(ask("what is wrong?").lines)
        gaps = ask("what are we missing?")
        assert [block["chart"] for block in gaps.blocks if block["kind"] == "chart"] == ["heatmap"]
        assert len(shown(gaps, "What is missing")) == len(shown(gaps, "Briefs")) == len(analysis["gaps"]["gaps"])
        assert shown(gaps, "By awareness")
        moved = ask("why did our CPA go up?")
        assert analysis["drivers"]["sentence"] in moved.lines
        assert [block["chart"] for block in moved.blocks if block["kind"] == "chart"] == ["waterfall"]
        one = ask(f"/why {planted.FATIGUED[0].ad_id}")
        assert {row["about"] for row in shown(one, "The evidence")} >= {"Verdict", "Fatigue", "Why the CPA moved"}
        assert [block["title"] for block in one.blocks if block["kind"] == "chart"] == ["Why its CPA moved"]
        assert shown(ask("which hooks work?"), "Hooks, likely differences first")
        assert all(row["convert_score"] is not None for row in shown(ask("/top"), "Winners"))
        assert shown(ask("what should I do?"), "Briefs")


def _cache() -> Path:
    return settings.load().cache
