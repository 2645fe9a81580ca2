"""A brand's videos in a list: what each cost, how it hooks and holds, and what it opens with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import streamlit as st

from viraltracker.creatives import taxonomy
from viraltracker.intelligence import definitions, retention
from viraltracker.web import block_html, provenance, states, video_timeline, words
from viraltracker.web.pager import Pager

Json = dict[str, Any]

PER_PAGE: Final = 25
PAGES: Final = Pager("video")
BUTTON_PX: Final = 80
EVERY: Final = "all"
WATCHED: Final[Mapping[str, str]] = {EVERY: "All videos", "yes": "Analysed", "no": "Not analysed"}
DAYS: Final = (7, 30, 90)
HEADS: Final[Sequence[tuple[str, str, str]]] = (
    ("Video", "Named after the ad with the highest spend that shows it.", ""),
    ("Spend", "spend", "num"),
    ("Impr.", "impressions", "num"),
    ("Hook", "hook_rate", "num"),
    ("Hold", "hold_rate", "num"),
    ("25 %", "reached_p25", "num"),
    ("50 %", "reached_p50", "num"),
    ("75 %", "reached_p75", "num"),
    ("100 %", "reached_p100", "num"),
    ("Opens with", "The hook's type and the awareness at the opening, as the analysis says.", ""),
)


def stage_label(video: Json) -> str:
    """What the opening asks the viewer to know, in words."""
    return provenance.label(video["awareness_opening"])


def is_analysed(video: Json) -> bool:
    """Whether somebody has watched it."""
    return video["classifier"] is not None


def hook_type(video: Json) -> str | None:
    """The type of its hook, None where nobody has watched it."""
    return str(video["hook"]["type"]) if video["hook"] else None


def fitting(videos: Sequence[Json], *, hook: str, analysed: str, stage: str) -> list[Json]:
    """Those that fit all filters; `all` fits every video. `analysed` is all, yes or no."""
    return [
        video
        for video in videos
        if hook in (EVERY, hook_type(video))
        and analysed in (EVERY, "yes" if is_analysed(video) else "no")
        and stage in (EVERY, video["awareness_opening"])
    ]


def draw_filters(videos: Sequence[Json]) -> list[Json]:
    """Selects for what occurs, and the videos that fit; a filter that could change nothing is not offered."""
    hooks = Counter(found for video in videos if (found := hook_type(video)))
    stages = Counter(str(video["awareness_opening"]) for video in videos if video["awareness_opening"])
    watched = Counter("yes" if is_analysed(video) else "no" for video in videos)
    with st.container(horizontal=True, vertical_alignment="bottom", key="video-filters"):
        chosen = {
            "hook": _select("hook", "Hook type", hooks, _named("All hooks", taxonomy.HOOK)),
            "stage": _select("stage", "Awareness at the opening", stages, _named("All stages", taxonomy.AWARENESS)),
            "analysed": _select("analysed", "Analysis", watched, WATCHED),
        }
    return fitting(videos, **chosen)


def _named(every: str, labels: Iterable[str]) -> dict[str, str]:
    return {EVERY: every} | {name: provenance.label(name) for name in labels}


def _select(
    name: str,
    title: str,
    counts: Mapping[str, int],
    named: Mapping[str, str],
) -> str:
    options = [EVERY, *(option for option in named if option != EVERY and counts.get(option))]
    key = f"video-{name}"
    if st.session_state.get(key) not in options:
        st.session_state.pop(key, None)
    if len(options) < 3:
        return EVERY
    return str(
        st.selectbox(
            title,
            options,
            format_func=lambda one: named[one] if one == EVERY else f"{named[one]} ({counts[one]:,})",
            key=key,
            width=220,
            on_change=PAGES.first,
        )
    )


def draw(videos: Sequence[Json], *, show: Callable[[str], None]) -> None:
    """A row for each video of one page; `show` is called with the id of the one that is opened, as a callback."""
    if not videos:
        states.empty("Nothing fits", "No video fits these filters.", icon=":material/filter_alt_off:")
        return
    here = PAGES.here(len(videos), PER_PAGE)
    heads = "".join(
        f'<span class="{kind}">{block_html.term(name, definitions.short(means) or means)}</span>'
        for name, means, kind in HEADS
    )
    with st.container(horizontal=True, vertical_alignment="center", key="video-head"):
        st.html(f'<div class="vt-video head">{heads}</div>')
        st.html("<div></div>", width=BUTTON_PX)
    for video in videos[here * PER_PAGE : (here + 1) * PER_PAGE]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"video-row-{video['id']}"):
            st.html(row(video))
            st.button("Details", key=f"open-{video['id']}", width=BUTTON_PX, on_click=show, args=(video["id"],))
    PAGES.draw(len(videos), PER_PAGE)


def spend(video: Json) -> str:
    """With its currency; a dash where several currencies cannot be added up, or nothing was spent."""
    known = video["spend"] is not None and video["one_currency"]
    return words.money(float(video["spend"]) if known else None, video["currency"] or "")


def share(value: float | None) -> str:
    """A rate, a dash where it is not known."""
    return "–" if value is None else words.percent(value, digits=1)


def row(video: Json) -> str:
    """HTML: name, length and ads; money; rates; what it opens with."""
    found = retention.rates(video)
    length = video_timeline.length_of(video, None)
    facts = [words.duration(length)] if length else []
    facts.append(f"{video['ads']:,} {'ad' if video['ads'] == 1 else 'ads'}")
    if video["status"] != "stored":
        facts.append("not stored")
    name = words.html(video["name"] or video["headline"] or video["id"])
    impressions = "–" if video["impressions"] is None else f"{video['impressions']:,.0f}"
    numbers = [spend(video), impressions, share(found.hook), share(found.hold)]
    numbers += [share(value) for value in (found.p25, found.p50, found.p75, found.p100)]
    cells = "".join(f'<span class="num">{words.html(number)}</span>' for number in numbers)
    opening = "<small>not analysed</small>"
    if is_analysed(video):
        who = words.html(provenance.by(video["classifier"]))
        opening = (
            f"{provenance.defined('hook', hook_type(video))}"
            f"<small>{provenance.defined('awareness', video['awareness_opening'])}, {who}</small>"
        )
    return (
        f'<div class="vt-video"><span class="name" title="{name}"><b>{name}</b>'
        f"<small>{' · '.join(facts)}</small></span>{cells}<span>{opening}</span></div>"
    )
