"""The curve over the tracks: everything at its second, gaps where nothing is known, and nobody's HTML."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from viraltracker.intelligence import retention
from viraltracker.web import video_timeline

SUMS = {
    "impressions": 1000, "video_3s": 400, "thruplays": 100, "p25": 300, "p50": 120, "p75": 100, "p95": 80, "p100": 40,
}  # fmt: skip
NASTY = "<img src=x onerror=alert(1)> & “so”"


def analysis(**changes: Any) -> dict[str, Any]:
    """An analysis of a video of 20 seconds as it is stored."""
    made: dict[str, Any] = {
        "hook": {"spoken": "Does he limp?", "overlay": None, "visual": "A dog on stairs.", "type": "question"},
        "transcript": [
            {"start_s": 0.0, "end_s": 2.5, "text": "Does he limp?"},
            {"start_s": 6.0, "end_s": 9.0, "text": "Then listen."},
        ],
        "overlays": [{"start_s": 4.0, "end_s": 6.0, "text": "Vets say"}],
        "storyboard": [{"start_s": 0.0, "end_s": 20.0, "shows": "A dog."}],
        "claims": [{"at_s": 7.5, "text": "It works.", "proof": "none", "proof_shown": None}],
        "duration_s": 20.0,
    }
    return made | changes


def points(length: float | None = 20.0, **changes: Any) -> tuple[retention.Point, ...]:
    return retention.curve(retention.rates(SUMS | changes), length)


def drawn(length: float | None = 20.0, found: dict[str, Any] | None = None, **changes: Any) -> str:
    tracks = video_timeline.tracks(found, length) if found and length else []
    return video_timeline.figure(points(length, **changes), length, tracks)


def stroke(figure: str) -> str:
    """The path of the line."""
    found = re.search(r"[^-]mask-image:url\(data:image/svg\+xml;base64,([^)]+)\)", figure)
    if found is None:
        return ""
    path = re.search(r' d="([^"]*)"', base64.b64decode(found[1]).decode())
    assert path is not None
    return path[1]


def test_the_line_goes_through_each_point_at_its_second_and_share() -> None:
    """Percent of the axis from the left, and of impressions from the bottom."""
    assert stroke(drawn()) == ("M0.00 0.00L15.00 60.00L25.00 70.00L50.00 88.00L75.00 90.00L95.00 92.00L100.00 96.00")


def test_a_point_that_was_not_reported_breaks_the_line_and_is_named() -> None:
    figure = drawn(p50=None)
    assert stroke(figure) == "M0.00 0.00L15.00 60.00L25.00 70.00M75.00 90.00L95.00 92.00L100.00 96.00"
    assert "Not reported by Meta, and so a gap: 10 s." in figure
    assert figure.count('class="dot') == 6


def test_without_any_number_there_is_no_line_and_no_zero() -> None:
    empty: dict[str, Any] = dict.fromkeys(SUMS)
    figure = drawn(**empty)
    assert stroke(figure) == ""
    assert 'class="dot' not in figure
    assert video_timeline.told(points(**empty), None) == ["Meta reported no views of this video in these days."]


def test_more_plays_than_impressions_are_drawn_at_the_top_and_told_as_they_are() -> None:
    figure = drawn(p25=1400)
    assert "L25.00 0.00L" in stroke(figure)
    assert "5 s: 140 % reached 25 % of the length" in figure


def test_every_part_stands_where_it_is_in_the_video() -> None:
    figure = drawn(found=analysis())
    blocks = re.findall(r'class="block" title="([^"]+)" style="left:([\d.]+)%;width:([\d.]+)%"', figure)
    assert blocks == [
        ("0–3 s: Does he limp? · A dog on stairs.", "0.00", "15.00"),
        ("0–2.5 s: Does he limp?", "0.00", "12.50"),
        ("6–9 s: Then listen.", "30.00", "15.00"),
        ("4–6 s: Vets say", "20.00", "10.00"),
        ("0–20 s: A dog.", "0.00", "100.00"),
    ]
    assert 'title="7.5 s: It works." style="left:37.50%"' in figure


def test_overlapping_parts_have_lanes_and_what_finds_none_is_counted() -> None:
    same = [{"start_s": 1.0, "end_s": 5.0, "text": f"line {number}"} for number in range(6)]
    after = [{"start_s": 5.0, "end_s": 6.0, "text": "after"}]
    (track,) = [t for t in video_timeline.tracks(analysis(overlays=same + after), 20.0) if t.name == "On screen"]
    assert [len(lane) for lane in track.lanes] == [2, 1, 1, 1]
    assert track.more == 2
    assert "and 2 more at the same time" in video_timeline.figure(points(), 20.0, [track])


def test_parts_outside_of_the_video_are_not_drawn() -> None:
    """Meta's duration and the analysis's may differ; nothing is drawn beyond the axis."""
    found = analysis(
        overlays=[{"start_s": 21.0, "end_s": 22.0, "text": "late"}, {"start_s": 19.0, "end_s": 25.0, "text": "last"}],
        claims=[{"at_s": 20.4, "text": "late claim", "proof": "none", "proof_shown": None}],
    )
    figure = drawn(found=found)
    assert "late" not in figure
    assert "left:95.00%;width:5.00%" in figure


def test_nothing_that_a_video_says_becomes_html() -> None:
    found = analysis(
        hook={"spoken": NASTY, "overlay": NASTY, "visual": None, "type": "unclear"},
        transcript=[{"start_s": 0.0, "end_s": 2.0, "text": NASTY}],
        overlays=[{"start_s": 0.0, "end_s": 2.0, "text": NASTY}],
        storyboard=[{"start_s": 0.0, "end_s": 2.0, "shows": NASTY}],
        claims=[{"at_s": 1.0, "text": NASTY, "proof": "none", "proof_shown": None}],
    )
    figure = drawn(found=found)
    assert "<img" not in figure
    assert "&lt;img src=x onerror=alert(1)&gt; &amp;" in figure


def test_the_steepest_loss_is_told_with_what_was_there_then() -> None:
    """From 5 s to 10 s, 60 % of those still watching: what lies across these seconds, and nothing else."""
    assert video_timeline.told(points(), analysis()) == [
        "In the first 3 s, 60 % of the impressions were lost.",
        "After the hook people left fastest between 5 s and 10 s: 60 % of those still watching left.",
        "Shown then: A dog.",
        "Said: “Then listen.”",
        "On screen: “Vets say”.",
        "Claimed: “It works.”",
    ]
    figure = drawn(found=analysis())
    assert '<i class="band" style="left:25.00%;width:25.00%">' in figure


def test_what_was_on_is_not_told_where_nobody_knows() -> None:
    unseen = analysis(transcript=[], overlays=[], storyboard=[], claims=[])
    assert video_timeline.told(points(), None)[-1] == "What was on then is not known without an analysis."
    assert video_timeline.told(points(), unseen)[-1].startswith("The analysis names nothing")
    without = video_timeline.told(points(None), analysis())
    assert without[0].startswith("After the hook people left fastest between 25 % of the length and 50 % of the length")
    assert without[1].startswith("How long the video is was not reported")


def test_many_lines_at_once_are_cut_and_counted() -> None:
    lines = [{"start_s": 5.0 + n, "end_s": 6.0 + n, "text": f"{n} " + "word " * 60} for n in range(4)]
    said = next(line for line in video_timeline.told(points(), analysis(transcript=lines)) if line.startswith("Said"))
    assert said.endswith(", and 2 more.")
    assert len(said) < 2 * (video_timeline.LONGEST + 10) + 20


@pytest.mark.parametrize("length", [0.4, 1.0, 7.0, 12.0, 61.0, 3600.0, 90_000.0])
def test_the_axis_has_few_ticks_within_the_video(length: float) -> None:
    places = [float(at) for at in re.findall(r'class="tick" style="left:([\d.]+)%', drawn(length))]
    assert 2 <= len(places) <= 11
    assert all(0 <= place <= 100 for place in places)


def test_the_length_is_metas_and_else_the_analysis() -> None:
    assert video_timeline.length_of({"duration_s": 12.5}, analysis()) == 12.5
    assert video_timeline.length_of({"duration_s": None}, analysis()) == 20.0
    assert video_timeline.length_of({"duration_s": 0}, analysis(duration_s=None)) is None
    assert video_timeline.length_of({"duration_s": None}, None) is None
