"""One video on its own axis of time: who was still there, and beneath it what was shown, said and written.

The curve is an SVG that masks a coloured ground, since a page keeps no SVG of ours: so it has the colours of the theme,
and all that is to be read or pointed at is HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from viraltracker.intelligence import retention
from viraltracker.intelligence.retention import Loss, Point
from viraltracker.web import chart_lines, words

Json = dict[str, Any]

LANES: Final = 4
"""Lines of a track; what overlaps more than that stands in the lists below alone."""
STEPS_S: Final = (0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
MOST_TICKS: Final = 9
QUOTED: Final = 2
"""Lines of a kind in a sentence."""
LONGEST: Final = 140
SMALLEST_S: Final = 0.05
POINTS: Final[Mapping[str, str]] = {
    "start": "of the impressions, at the start",
    "hook": "were still there after 3 seconds (the hook rate)",
    "p25": "reached 25 % of the length",
    "p50": "reached 50 % of the length",
    "p75": "reached 75 % of the length",
    "p95": "reached 95 % of the length",
    "p100": "reached the end",
}


@dataclass(frozen=True)
class Block:
    """A stretch of a track in fractions of the axis: `end` equals `begin` for a mark. `said` is for the mouse."""

    begin: float
    end: float
    text: str
    said: str
    mark: bool = False


@dataclass(frozen=True)
class Track:
    """A named line under the curve; `lanes` hold blocks that do not overlap, `more` could not be placed."""

    name: str
    lanes: tuple[tuple[Block, ...], ...]
    more: int = 0


def length_of(video: Json, analysis: Json | None) -> float | None:
    """Seconds: what Meta reports, else what the analysis says; None where neither does."""
    for found in (video.get("duration_s"), (analysis or {}).get("duration_s")):
        if found is not None and float(found) > 0:
            return float(found)
    return None


def seconds(value: float) -> str:
    """As in 3 s or 2.5 s."""
    return f"{value:.1f}".removesuffix(".0") + " s"


def span(begin: float, end: float) -> str:
    """As in 0–2.5 s."""
    return f"{f'{begin:.1f}'.removesuffix('.0')}–{seconds(end)}"


def tracks(analysis: Json, length: float) -> list[Track]:
    """What was there when, of the kinds that the analysis knows."""
    hook = analysis["hook"]
    opening = [said for name in ("spoken", "overlay", "visual") if (said := hook.get(name))]
    hooks = []
    if opening:
        end = min(retention.HOOK_S, length)
        hooks.append({"start_s": 0.0, "end_s": end, "text": " · ".join(opening)})
    claims = [
        Block(at, at, "", f"{seconds(claim['at_s'])}: {claim['text']}", mark=True)
        for claim in analysis["claims"]
        if 0 <= (at := claim["at_s"] / length) <= 1
    ]
    found = [
        _track("Hook", hooks, "text", length),
        _track("Said", analysis["transcript"], "text", length),
        _track("On screen", analysis["overlays"], "text", length),
        _track("Shown", analysis["storyboard"], "shows", length),
        Track("Claims", (tuple(claims),) if claims else ()),
    ]
    return [track for track in found if track.lanes]


def _track(name: str, spans: Sequence[Json], field: str, length: float) -> Track:
    lanes: list[list[Block]] = []
    more = 0
    for part in sorted(spans, key=lambda part: float(part["start_s"])):
        begin, end = max(0.0, part["start_s"] / length), min(1.0, part["end_s"] / length)
        if begin >= end:
            continue
        text = " ".join(str(part[field]).split())
        block = Block(begin, end, text, f"{span(part['start_s'], part['end_s'])}: {text}")
        lane = next((lane for lane in lanes if lane[-1].end <= begin + SMALLEST_S / length), None)
        if lane is not None:
            lane.append(block)
        elif len(lanes) < LANES:
            lanes.append([block])
        else:
            more += 1
    return Track(name, tuple(tuple(lane) for lane in lanes), more)


def during(analysis: Json, begin: float, end: float) -> dict[str, list[str]]:
    """What was `shown`, `said`, to be `read` and `claimed` between two moments, in the order of time."""

    def within(spans: Iterable[Json], field: str) -> list[str]:
        return [str(part[field]) for part in spans if part["start_s"] < end and part["end_s"] > begin]

    return {
        "shown": within(analysis["storyboard"], "shows"),
        "said": within(analysis["transcript"], "text"),
        "read": within(analysis["overlays"], "text"),
        "claimed": [str(claim["text"]) for claim in analysis["claims"] if begin <= claim["at_s"] < end],
    }


def told(points: Sequence[Point], analysis: Json | None) -> list[str]:
    """The curve in sentences, by arithmetic alone: the hook, then the steepest loss and what was there then."""
    hook = next((point for point in points if point.name == "hook"), None)
    said = []
    if hook is not None and hook.share is not None and hook.at_s is not None:
        lost = max(0.0, 1 - hook.share)
        said.append(f"In the first {seconds(hook.at_s)}, {words.percent(lost)} of the impressions were lost.")
    elif hook is not None:
        said.append("How many were still there after 3 seconds was not reported.")
    if all(point.share is None for point in points):
        return ["Meta reported no views of this video in these days."]
    loss = retention.steepest(points)
    if loss is None:
        return [*said, "After that no two neighbouring points are there that show a loss."]
    return [*said, _loss(loss), *_context(loss, analysis)]


def _loss(loss: Loss) -> str:
    return (
        f"After the hook people left fastest between {_place(loss.first)} and {_place(loss.last)}: "
        f"{words.percent(loss.left)} of those still watching left."
    )


def _place(point: Point) -> str:
    if point.at_s is not None:
        return seconds(point.at_s)
    return f"{words.percent(point.part or 0.0)} of the length"


def _context(loss: Loss, analysis: Json | None) -> list[str]:
    if loss.first.at_s is None or loss.last.at_s is None:
        return ["How long the video is was not reported, so nobody can say what was on then."]
    if analysis is None:
        return ["What was on then is not known without an analysis."]
    there = during(analysis, loss.first.at_s, loss.last.at_s)
    parts = [
        _listed("Shown then", there["shown"], quoted=False),
        _listed("Said", there["said"], quoted=True),
        _listed("On screen", there["read"], quoted=True),
        _listed("Claimed", there["claimed"], quoted=True),
    ]
    found = [part for part in parts if part]
    return found or ["The analysis names nothing that was shown, said or written then."]


def _listed(name: str, lines: Sequence[str], *, quoted: bool) -> str:
    if not lines:
        return ""
    shown = [f"“{_cut(line)}”" if quoted else _cut(line).rstrip(".") for line in lines[:QUOTED]]
    more = f", and {len(lines) - QUOTED} more" if len(lines) > QUOTED else ""
    said = f"{name}: {'; '.join(shown)}{more}"
    return said if said.endswith((".”", "!”", "?”", "…")) else f"{said}."


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def figure(points: Sequence[Point], length: float | None, found: Sequence[Track]) -> str:
    """HTML: the curve and the tracks over one axis."""
    loss = retention.steepest(points)
    band = ""
    if loss is not None:
        begin, end = 100 * (loss.first.part or 0.0), 100 * (loss.last.part or 0.0)
        band = f'<i class="band" style="left:{begin:.2f}%;width:{end - begin:.2f}%"></i>'
    ticks = _ticks(length)
    grid = "".join(f'<i class="tick" style="left:{100 * at:.2f}%"></i>' for at, _ in ticks) + band
    axis = "".join(f'<span style="left:{100 * at:.2f}%">{words.html(said)}</span>' for at, said in ticks)
    rows = "".join(_row(track) for track in found)
    of_time = "over the seconds of the video" if length else "over its length (how long it is was not reported)"
    missing = [_place(point) for point in points if point.share is None]
    gaps = ""
    if missing and len(missing) < len(points):
        gaps = f'<p class="vt-more">Not reported by Meta, and so a gap: {words.html(", ".join(missing))}.</p>'
    return (
        f'<figure class="vt-film" aria-label="Retention curve"><figcaption>Share of the impressions still watching, '
        f"{of_time}</figcaption>"
        f'<div class="body"><div class="grid" aria-hidden="true"><div>{grid}</div></div>'
        f'<div class="row"><span class="name">Still watching</span><div class="curve">{_curve(points)}</div></div>'
        f'{rows}</div><p class="axis" aria-hidden="true">{axis}</p>{gaps}</figure>'
    )


def _curve(points: Sequence[Point]) -> str:
    levels = "".join(
        f'<i class="level" style="bottom:{level}%"></i><small style="bottom:{level}%">{level} %</small>'
        for level in (50, 100)
    )
    runs = [[_spot(point) for point in run] for run in retention.stretches(points)]
    return (
        levels
        + "".join(_area(run) for run in runs if len(run) > 1)
        + chart_lines.stroke(runs)
        + "".join(map(_dot, points))
    )


def _spot(point: Point) -> tuple[float, float]:
    """Percent from the left and from the top; a share above 100 % is drawn at the top, and says its number."""
    return 100 * (point.part or 0.0), 100 * (1 - min(1.0, point.share or 0.0))


def _area(run: Sequence[tuple[float, float]]) -> str:
    corners = [(run[0][0], 100.0), *run, (run[-1][0], 100.0)]
    return f'<i class="area" style="clip-path:polygon({",".join(f"{x:.2f}% {y:.2f}%" for x, y in corners)})"></i>'


def _dot(point: Point) -> str:
    if point.share is None:
        return ""
    left, top = _spot(point)
    share = words.percent(point.share)
    said = words.html(f"{_place(point)}: {share} {POINTS[point.name]}")
    shown = "" if point.name == "start" else f"<b>{share}</b>"
    # At the right end its number stands at the left.
    side = " end" if left > 94 else ""
    return (
        f'<span class="dot{side}" role="img" aria-label="{said}" title="{said}" '
        f'style="left:{left:.2f}%;top:{top:.2f}%">{shown}</span>'
    )


def _row(track: Track) -> str:
    lanes = "".join(f'<div class="lane">{"".join(map(_block, lane))}</div>' for lane in track.lanes)
    more = f"<small>and {track.more:,} more at the same time</small>" if track.more else ""
    kind = track.name.lower().replace(" ", "-")
    return f'<div class="row {kind}"><span class="name">{track.name}</span><div>{lanes}{more}</div></div>'


def _block(block: Block) -> str:
    said = words.html(block.said)
    if block.mark:
        return (
            f'<i class="mark" role="img" aria-label="{said}" title="{said}" style="left:{100 * block.begin:.2f}%"></i>'
        )
    width = 100 * (block.end - block.begin)
    return (
        f'<span class="block" title="{said}" style="left:{100 * block.begin:.2f}%;width:{width:.2f}%">'
        f"{words.html(block.text)}</span>"
    )


def _ticks(length: float | None) -> list[tuple[float, str]]:
    """Places on the axis, in fractions, with their words."""
    if length is None:
        return [(part, words.percent(part)) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
    step = next((step for step in STEPS_S if length / step <= MOST_TICKS), length)
    return [(step * number / length, seconds(step * number)) for number in range(int(length / step) + 1)]
