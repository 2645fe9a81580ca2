"""Labels, their provenance and what is missing, in words and safe in a page."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any, get_args

import pytest

from viraltracker.creatives import in_words, taxonomy
from viraltracker.creatives.readings import Reason
from viraltracker.fetch import outcomes
from viraltracker.web import ad_view, ads_view, correction, labels_view, landing_view, review_view, unread, words

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
NASTY = "<img src=x onerror=alert(1)> \"quoted\" & 'so' </q></li><script>"


def row(**changes: Any) -> dict[str, Any]:
    """A row of `ad_creative_classifications` as pages get it."""
    return {
        "id": "a",
        "reading": "copy",
        "input_hash": "0" * 64,
        "prompt_version": "copy-2",
        "classifier": "rules@3",
        "awareness": "problem_aware",
        "awareness_second": "solution_aware",
        "awareness_confidence": 0.72,
        "format": None,
        "hook": "question",
        "angle": "pain_relief",
        "video_length": None,
        "labels": {"offer": "none", "proof": "ratings", "cta": "learn", "persona": "parents"},
        "evidence": [{"field": "awareness", "quote": "sore hips", "cue": "names a pain", "at_s": None}],
        "notes": [],
        "created_at": "2026-11-24T12:00:00+00:00",
        "superseded_at": None,
        **changes,
    }


def found(**changes: Any) -> dict[str, Any]:
    """An answer of `readings.of_ad` for an ad with nothing."""
    ad = {"ad_id": "1", "name": "One", "primary_text": None, "headline": None, "description": None, "cta": None,
          "link_url": None, "object_type": "image", "image_hash": None, "video_id": None}  # fmt: skip
    empty: dict[str, Any] = {
        "ad": ad,
        "assets": [],
        "page": None,
        "spend": None,
        "shared": {},
        "readings": [],
        "history": [],
    }
    return empty | {"unanswered": [], "video": None, "congruence": []} | changes


class Tags(HTMLParser):
    """The tags and the text of a piece of HTML, as a browser finds them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_reason_has_words() -> None:
    """A run's counts, a page that was not fetched, a call that gave nothing: no raw code reaches a person."""
    assert set(in_words.REASONS) == set(get_args(Reason))
    assert {in_words.reason(name) for name in get_args(Reason)} == set(in_words.REASONS.values())
    assert in_words.reason("some_new_code") == "some new code"
    assert set(unread.PAGES) == {*get_args(outcomes.Reason), "unavailable", "no_text"}
    assert set(unread.CALLS) < set(get_args(Reason))


@pytest.mark.parametrize(
    ("classifier", "said"),
    [
        ("rules@3", "rules"),
        ("gemini:gemini-3.8-flash", "Gemini (gemini-3.8-flash)"),
        ("claude:c-5", "Claude (c-5)"),
        ("sandbox:gemini-3.8-flash", "demo reading"),
        ("human", "a person"),
        ("other:x", "other:x"),
    ],
)
def test_who_says_so(classifier: str, said: str) -> None:
    assert in_words.classifier(classifier) == said


def test_every_label_has_a_name_and_its_definition() -> None:
    for field, labels in taxonomy.LISTS.items():
        for label, it in labels.items():
            assert "_" not in labels_view.name(label)
            assert labels_view.definition(field, label).startswith(it.means)
    assert labels_view.name("video_ugc") == "UGC video"
    assert labels_view.name(None) == "–"
    assert labels_view.definition("persona", "parents") == ""


def test_a_stage_says_how_sure_in_words_and_number() -> None:
    said = Tags(labels_view.stage(row())).text
    assert said == "Problem awarefairly sure (0.72); second choice: solution aware"
    assert labels_view.confidence(row(awareness_confidence=0.38)) == "unsure (0.38)"
    assert labels_view.confidence(row(awareness_confidence=None)) == "does not say how sure"
    assert labels_view.confidence(row(awareness="unclear", awareness_confidence=0.0)) == "cannot tell"
    assert labels_view.confidence(row(classifier="human", awareness_confidence=1)) == "checked by a person"


def test_evidence_names_the_label_it_argues_for_and_the_moment_of_a_video() -> None:
    said = Tags(labels_view.evidence(row(evidence=[
        {"field": "awareness", "quote": "sore hips", "cue": "names a pain", "at_s": 65.4},
        {"field": "tone", "quote": "hey", "cue": ""},
    ]))).text  # fmt: skip
    assert said == "1:05 sore hipsStage: Problem aware – names a painheytone"


def test_other_readers_say_whether_they_agree() -> None:
    rows = [row(classifier="gemini:g"), row(), row(classifier="claude:c", awareness="unaware")]
    said = Tags(labels_view.others(rows[0], rows[1:], NOW)).text
    assert "Rules, 2 days ago agrees" in said
    assert "Claude (c), 2 days ago disagrees Unaware" in said


def test_evidence_of_another_reader_is_shown_for_a_persons_label_alone() -> None:
    """What rules found in a file's kind does not argue for what a model saw."""
    blank = row(classifier="sandbox:g", evidence=[])
    assert "sore hips" not in labels_view.article([blank, row()], NOW)
    said = Tags(labels_view.article([row(classifier="human", evidence=[]), row()], NOW)).text
    assert "sore hips" in said
    assert "The evidence is from rules." in said


def test_nothing_from_outside_becomes_markup() -> None:
    """Names, quotes, cues, personas, text on a picture, notes, pages, and readers nobody knows."""
    bad = row(
        reading="creative",
        classifier=NASTY,
        prompt_version=NASTY,
        awareness_second=NASTY,
        hook=NASTY,
        labels={"persona": NASTY, "shows": NASTY, "text_on_picture": [NASTY], "offer": NASTY},
        evidence=[{"field": NASTY, "quote": NASTY, "cue": NASTY, "at_s": 1}],
        notes=[NASTY],
    )
    page = {"canonical_url": f"https://x.example/{NASTY}", "title": NASTY, "heading": NASTY, "above_fold": NASTY,
            "content_hash": "x", "status": "ok"}  # fmt: skip
    ad = {"ad_id": NASTY, "name": NASTY, "effective_status": NASTY, "headline": NASTY, "primary_text": NASTY,
          "description": NASTY, "cta": NASTY, "object_type": NASTY, "spend": None, "currency": None, "awareness": NASTY,
          "awareness_confidence": None, "format": NASTY, "hook": NASTY, "angle": None, "reader": NASTY,
          "file": NASTY}  # fmt: skip
    drawn = "".join([
        labels_view.article([bad, bad | {"awareness": NASTY}], NOW),
        ads_view.row(ad, None),
        ad_view.heading(found(ad=ad)),
        ad_view.ad_words(ad),
        landing_view.ad_side(ad),
        landing_view.page_side(page, "UTC", NOW),
    ])  # fmt: skip
    assert Tags(drawn).tags <= {
        "div", "p", "span", "dl", "dt", "dd", "ul", "li", "q", "small", "br", "h2", "h4", "h5", "a", "figure", "i", "b",
    }  # fmt: skip


def test_a_row_of_the_list_stands_without_a_picture_a_name_or_numbers() -> None:
    ad = {"ad_id": "77", "name": None, "effective_status": None, "object_type": "video", "headline": None,
          "spend": None, "currency": None, "awareness": None, "awareness_confidence": None, "format": None,
          "hook": None, "angle": None, "reader": None}  # fmt: skip
    assert Tags(ads_view.row(ad, None)).text == "Video77–Not read–––"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"total": 1, "found": 1, "first": "2026-11-01", "last": "2026-11-30"},
         "1 ad, highest spend first: Nov 1 – Nov 30, 2026."),
        ({"total": 10_000, "found": 12, "first": "2026-11-01", "last": "2026-11-30"},
         "12 of 10,000 ads, highest spend first: Nov 1 – Nov 30, 2026."),
        ({"total": 3, "found": 3, "first": None, "last": None},
         "3 ads. No day's numbers are stored yet, so no spend is known."),
    ],
)  # fmt: skip
def test_the_count_is_said(answer: dict[str, Any], said: str) -> None:
    assert ads_view.counted(answer) == said


def test_filters_offer_what_occurs() -> None:
    options = ads_view.choices({"most_aware": 2, "unaware": 1, "": 4}, tuple(taxonomy.AWARENESS), "Any", "No label")
    assert options == {"any": "Any", "unaware": "Unaware (1)", "most_aware": "Most aware (2)", "": "No label (4)"}


def test_what_may_be_corrected_is_what_the_database_takes() -> None:
    """A list for each reading's labels but the measured length and the free text."""
    assert labels_view.correctable("creative") == ("format", "hook", "angle", "offer", "proof", "cta")
    assert labels_view.correctable("copy") == ("hook", "angle", "offer", "proof", "cta")
    assert labels_view.correctable("landing") == ("angle", "offer", "proof", "cta")
    for field in labels_view.CORRECTABLE:
        assert correction.options(field) == list(taxonomy.LISTS[field])


def test_a_correction_says_what_it_did_and_for_how_many() -> None:
    assert correction.done(row(), {"awareness": "unaware"}, 40) == (
        "Stage: Problem aware is now Unaware. It holds for all 40 ads with this wording."
    )
    assert correction.done(row(reading="creative"), {}, 1) == (
        "Confirmed: problem aware. It holds for every ad with this picture or video."
    )


def test_undo_goes_back_to_what_a_person_had_said() -> None:
    assert correction.before(row()) is None
    assert correction.before(row(classifier="human")) == {
        "awareness": "problem_aware", "hook": "question", "angle": "pain_relief", "offer": "none", "proof": "ratings",
        "cta": "learn",
    }  # fmt: skip


IMAGE = {"object_type": "image", "image_hash": "h"}
STORED = {"kind": "image", "status": "stored", "sha256": "s", "source_key": "h", "reason": None, "duration_s": None}


@pytest.mark.parametrize(
    ("ad", "more", "reading", "said"),
    [
        ({}, {}, "creative", "no picture or video of its own"),
        (IMAGE, {}, "creative", "The picture is not stored. Run “Store pictures and videos”"),
        ({"object_type": "video", "video_id": "v"}, {}, "creative", "The video is not stored. Run"),
        (IMAGE, {"assets": [STORED | {"status": "gone", "reason": "deleted"}]}, "creative",
         "The picture is not stored. The file is gone at Meta. deleted."),
        (IMAGE, {"assets": [STORED]}, "creative", "Nothing has read this yet. Run a classification"),
        (IMAGE, {"assets": [STORED], "readings": [row(reading="creative")]}, "creative", "Rules do not look at"),
        ({}, {}, "copy", "no text, headline or description"),
        ({}, {}, "landing", "leads to no page"),
        ({"link_url": "https://x"}, {"page": {"status": None, "content_hash": None}}, "landing", "not fetched yet"),
        ({"link_url": "https://x"},
         {"page": {"status": "failed", "reason": "unavailable", "http_status": 503, "content_hash": None}}, "landing",
         "did not give the page this time. Its server answered 503. It is tried again by itself."),
        ({"file": "october.csv"}, {}, "creative", "An imported file brings words and numbers"),
    ],
)  # fmt: skip
def test_why_something_is_not_read(ad: dict[str, Any], more: dict[str, Any], reading: str, said: str) -> None:
    """And what to do about it."""
    base = found()
    assert said in str(unread.why(found(ad=base["ad"] | ad, **more), reading))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"state": "in_flight", "batch_id": None}, "A model is reading it at this moment."),
        ({"state": "in_flight", "batch_id": "b"}, "It is in a batch whose answers come within a day."),
        ({"state": "lost", "batch_id": None}, "A run was cut off"),
        ({"state": "unanswered", "reason": "blocked"}, "safety filter refused it"),
        ({"state": "failed", "reason": "not_answered", "detail": "503 from the service"}, "503 from the service."),
        ({"state": "failed", "reason": "brand_new"}, "(brand new)"),
    ],
)
def test_a_call_that_gave_nothing_says_why(call: dict[str, Any], said: str) -> None:
    given = {"reading": "copy", "classifier": "gemini:g", "reason": None, "detail": None, "batch_id": None} | call
    words_of_ad = found()["ad"] | {"primary_text": "Words"}
    assert said in str(unread.why(found(ad=words_of_ad, unanswered=[given]), "copy"))
    # Once a model has read it, an earlier failure is nobody's concern.
    read = [row(classifier="gemini:g")]
    assert unread.why(found(ad=words_of_ad, unanswered=[given], readings=read), "copy") is None


def test_trust_is_what_was_measured_and_what_people_said() -> None:
    measured = {"held_out": {"kappa": 0.62, "low": 0.5, "high": 0.7, "n": 450}}
    people = [{"classifier": "rules@3", "reading": "copy", "n": 12, "same_stage": 9, "near_stage": 11}]
    assert labels_view.trust("rules@3", measured, people, "copy") == (
        "Rules: on 450 labelled ads its stages reached a weighted kappa of 0.62, 95 % 0.50 to 0.70 (1 is full "
        "agreement, 0 is chance). In this brand people checked 12 of its labels of this kind and gave the same stage "
        "to 9."
    )
    assert "was not measured here" in labels_view.trust("gemini:g", {}, [], "creative")
    assert "written by hand" in labels_view.trust("sandbox:g", measured, people, "copy")


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"reason": "disagree", "rival": {"classifier": "gemini:g", "awareness": "solution_aware"}},
         "Rules and Gemini disagree: problem aware vs solution aware."),
        ({"reason": "unclear", "rival": None}, "Unclear: no stage can be told (rules)."),
        ({"reason": "unsure", "rival": None}, "Unsure: 0.72 (rules)."),
    ],
)  # fmt: skip
def test_why_a_label_is_in_the_queue(item: dict[str, Any], said: str) -> None:
    assert review_view.why({"best": row(), **item}) == said


def test_progress_counts_what_is_done_and_skipped() -> None:
    assert review_view.position({"done": 2, "skipped": set()}, 39) == (3, 41)
    assert review_view.position({"done": 0, "skipped": {("copy", "a")}}, 41) == (2, 41)


def test_progress_never_passes_its_end() -> None:
    """Labels that others settled may leave fewer than were skipped."""
    assert review_view.position({"done": 0, "skipped": {("copy", "a"), ("copy", "b"), ("copy", "c")}}, 2) == (2, 2)
    assert review_view.position({"done": 0, "skipped": set()}, 0) == (1, 1)


def test_what_a_click_is_about_is_what_was_drawn() -> None:
    """The row of the ad as it is drawn, or the queue's where the ad is another one by now."""
    best = {"id": "old", "awareness": "unaware", "classifier": "rules@3"}
    item = {"reading": "copy", "input_hash": "h", "best": best}
    fresh = row(id="new", input_hash="h", classifier="gemini:g")
    assert [each["id"] for each in review_view.shown(item, {"readings": [fresh]})] == ["new"]
    assert review_view.shown(item, {"readings": [fresh | {"input_hash": "other"}]}) == [
        best | {"reading": "copy", "input_hash": "h"}
    ]


def test_a_sentence_ends() -> None:
    assert [words.sentence(text) for text in ("so", "so.", None, " why? ")] == ["so.", "so.", "", "why?"]
