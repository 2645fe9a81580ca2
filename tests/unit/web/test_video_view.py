"""Videos in a list and one by one, as HTML: what is not known is said, and text from outside stays text."""

from __future__ import annotations

from typing import Any

import pytest

from viraltracker.creatives import congruence, in_words
from viraltracker.web import congruence_view, video_list, video_view

NASTY = "<script>alert(1)</script>\"' onmouseover=x"


def video(**changes: Any) -> dict[str, Any]:
    """A row of `readings.videos`."""
    made: dict[str, Any] = {
        "id": "a" * 64, "sha256": "a" * 64, "status": "stored", "reason": None, "storage_key": "k", "mime": "video/mp4",
        "bytes": 1000, "duration_s": 12.0, "ads": 2, "ad_ids": ["1", "2"], "name": "Stairs", "headline": None,
        "impressions": 1000, "spend": 50.0, "video_3s": 400, "thruplays": 100, "p25": 300, "p50": 120, "p75": 100,
        "p95": 80, "p100": 40, "link_clicks": 3, "results": 1, "currency": "USD", "one_currency": True,
        "hook": {"spoken": None, "overlay": None, "visual": None, "type": "question"}, "persona": None,
        "classifier": "gemini:gemini-3.8-flash", "provider": "gemini", "awareness_opening": "problem_aware",
        "awareness_end": "most_aware", "production": "phone",
    }  # fmt: skip
    return made | changes


UNSEEN = {"hook": None, "classifier": None, "awareness_opening": None}


def fit(component: str, **changes: Any) -> dict[str, Any]:
    """A row of an ad's congruence."""
    made: dict[str, Any] = {
        "component": component, "weight": 0.1, "score": 4, "quote_ad": "ours", "quote_page": "theirs", "why": "alike",
        "basis": "copy", "classifier": "rules@1", "input_hash": "h",
    }  # fmt: skip
    return made | changes


def ad(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ad_id": "12", "name": "One", "effective_status": "ACTIVE", "spend": 5.0, "currency": "USD", "impressions": 10,
        "video_3s": 4, "thruplays": 1, "p25": 1, "p50": 1, "p75": 1, "p95": 1, "p100": 1, "page": None,
        "page_status": None, "congruence": [],
    }  # fmt: skip
    return made | changes


@pytest.mark.parametrize(
    ("classifier", "said"),
    [
        ("rules@3", "rules"),
        ("gemini:gemini-3.8-flash", "Gemini (gemini-3.8-flash)"),
        ("claude:opus", "Claude (opus)"),
        ("sandbox:gemini-3.8-flash", "demo reading"),
        ("human", "a person"),
        ("something-else", "something-else"),
    ],
)
def test_a_classifier_is_named_as_people_call_it(classifier: str, said: str) -> None:
    assert in_words.classifier(classifier) == said


def test_a_row_shows_every_number_and_a_dash_for_what_was_not_reported() -> None:
    row = video_list.row(video())
    for shown in ("$50.00", "1,000", "40.0 %", "25.0 %", "30.0 %", "12.0 %", "10.0 %", "4.0 %", "12 s · 2 ads"):
        assert shown in row
    numbers = ("impressions", "spend", "video_3s", "thruplays", "p25", "p50", "p75", "p95", "p100")
    nothing = video_list.row(video(**dict.fromkeys(numbers), currency=None, one_currency=None))
    assert nothing.count(">–<") == 8
    assert "nan" not in nothing.lower()
    assert "None" not in nothing


def test_money_of_several_currencies_is_not_added_up() -> None:
    assert video_list.spend(video(one_currency=False)) == "–"


def test_names_stay_text() -> None:
    for html in (
        video_list.row(video(name=NASTY)),
        video_view.ads_html([ad(name=NASTY, page=f"https://x.example/{NASTY}")], "b"),
        congruence_view.html([fit("promise", quote_ad=NASTY, quote_page=NASTY, why=NASTY)], NASTY),
    ):
        assert "<script" not in html
        assert "&lt;script&gt;alert(1)" in html
        assert "\"' onmouseover" not in html


def test_filters_narrow_to_what_fits_all_of_them() -> None:
    question, deal = video(id="1"), video(id="2", hook={"type": "deal"}, awareness_opening="most_aware")
    unseen = video(id="3", **UNSEEN)
    every = {"hook": "all", "analysed": "all", "stage": "all"}

    def ids(**changes: str) -> list[str]:
        return [found["id"] for found in video_list.fitting([question, deal, unseen], **(every | changes))]

    assert ids() == ["1", "2", "3"]
    assert ids(hook="deal") == ["2"]
    assert ids(stage="problem_aware") == ["1"]
    assert ids(analysed="no") == ["3"]
    assert ids(analysed="yes", hook="question", stage="most_aware") == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"video": video(status="too_large", reason="812 MB.")}, "larger than the sync stores (812 MB)."),
        ({"video": video(status="waiting")}, "has not been fetched yet"),
        ({"read_by": ["rules@1"]}, "rules do not watch videos"),
        ({"read_by": []}, "Start a classification"),
        ({"read_by": ["claude:opus", "rules@1"]}, "Its ads were read (Claude (opus), rules)"),
        (
            {"failure": {"classifier": "gemini:x", "state": "unanswered", "reason": "blocked", "finished_at": None}},
            "Gemini (x) was asked about this video, and its filter stopped the answer.",
        ),
    ],
)
def test_a_video_without_an_analysis_says_why_and_what_to_do(found: dict[str, Any], said: str) -> None:
    known: dict[str, Any] = {"video": video(**UNSEEN), "analysis": None, "read_by": [], "failure": None, "ads": []}
    assert said in video_view.why_unanalysed(known | found)[1]


def test_only_what_a_browser_plays_and_a_page_can_hold_is_loaded() -> None:
    assert video_view.unplayable(video()) is None
    assert video_view.unplayable(video(bytes=video_view.PLAYED_BYTES)) is None
    assert "This video has 83 MB." in str(video_view.unplayable(video(bytes=83_000_000)))
    for mime in (None, "text/html", "video/x-msvideo"):
        assert "browsers do not play" in str(video_view.unplayable(video(mime=mime)))


def test_an_analysis_says_all_it_knows_and_what_it_does_not() -> None:
    empty: dict[str, Any] = {
        "hook": {"spoken": None, "overlay": None, "visual": None, "type": "unclear"}, "transcript": [], "overlays": [],
        "storyboard": [], "benefits": [], "pains": [], "claims": [], "angles": [], "emotions": [], "persona": None,
        "awareness_opening": "unclear", "awareness_end": "unclear", "production": "unclear", "duration_s": None,
        "notes": [],
    }  # fmt: skip
    html = video_view.analysis_html(empty)
    for said in ("The video claims nothing.", "Nothing is said.", "No scene is described.", "not known", "none named"):
        assert said in html
    claims = [
        {"at_s": 7.25, "text": NASTY, "proof": "none", "proof_shown": None},
        {"at_s": 8, "text": "b", "proof": "test_result", "proof_shown": "A chart"},
    ]
    full = video_view.analysis_html(
        empty | {"claims": claims, "notes": ["2 claims had times outside"], "pains": [NASTY]}
    )
    assert "no proof shown" in full
    assert "A chart" in full
    assert "2 claims had times outside" in full
    assert "<script" not in full


def test_a_comparison_shows_both_sides_and_who_judged() -> None:
    rows = [fit(name, score=score) for name, score in (("promise", 5), ("offer", 0), ("awareness", 3), ("proof", 4))]
    rows.append(fit("tone", score=2, classifier="claude:opus"))
    html = congruence_view.html(rows, "https://shop.example/a")
    whole = 0.3 * 5 + 0.25 * 0 + 0.2 * 3 + 0.15 * 4 + 0.1 * 2
    assert congruence_view.total(rows) == pytest.approx(whole)
    assert f"<b>{whole:.1f}</b> <span>of 5</span>" in html
    assert html.count("<q>ours</q>") == html.count("<q>theirs</q>") == 5
    assert html.count("judged by rules") == 4
    assert "judged by Claude (opus)" in html
    assert "Compared by words alone" in html
    assert (
        '<a href="https://shop.example/a" target="_blank" rel="noreferrer noopener">https://shop.example/a</a>' in html
    )


def test_a_component_that_is_not_known_is_no_zero() -> None:
    """The total says how much of the weight it is of."""
    html = congruence_view.html([fit("promise", score=4), fit("offer", score=4, quote_page=None)], None)
    assert "<b>4.0</b> <span>of 5 of the components that are known (55 % of the weight)</span>" in html
    assert "The stage of one side is not known." in html
    assert "no landing page is known" in html
    assert congruence_view.total([]) is None
    assert set(congruence_view.COMPONENTS) == set(congruence.WEIGHTS)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//x.example", "http://[", "ftp://x"])
def test_only_web_addresses_become_links(url: str) -> None:
    assert "<a" not in congruence_view.page_link(url)


def test_ads_that_fit_the_same_page_alike_are_one_comparison() -> None:
    same = {"page": "https://a.example", "congruence": [fit("promise")]}
    other = {"page": "https://b.example", "congruence": [fit("promise")]}
    found = video_view.comparisons(
        [ad(ad_id="1", **same), ad(ad_id="2", **other), ad(ad_id="3", **same), ad(ad_id="4")]
    )
    assert [[each["ad_id"] for each in group] for group, _ in found] == [["1", "3"], ["2"]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "None of its ads leads to a page"),
        ({"page": "https://a.example", "page_status": None}, "have not been read"),
        ({"page": "https://a.example", "page_status": "ok"}, "The next classification"),
    ],
)
def test_what_was_not_compared_says_why(changes: dict[str, Any], said: str) -> None:
    assert said in video_view.why_not_compared([ad(**changes)])


def test_each_ad_leads_to_its_own_page() -> None:
    html = video_view.ads_html([ad(ad_id="1&2", spend=None, impressions=None, currency=None)], "b-1")
    assert 'href="ads?brand=b-1&amp;ad=1%262"' in html
    assert html.count(">–<") == 3
