"""Schedules in a list: what runs when, and did it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import streamlit as st

from viraltracker.errors import ViralTrackerError
from viraltracker.scheduling import cron
from viraltracker.store import schedules
from viraltracker.store.client import Database
from viraltracker.web import job_form, states, times, words
from viraltracker.web.job_editor import FormKind
from viraltracker.web.pager import Pager

Json = dict[str, Any]

EVERY: Final = "all"
CURRENT: Final = "current"
PER_PAGE: Final = 25
PAGES: Final = Pager("job")
BUTTON_PX: Final = 80
PICK_PX: Final = 28
DOTS: Final = 10
STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "active": ("Active", "good"),
    "held": ("Held: needs a token", "bad"),
    "paused": ("Paused", "warn"),
    "invalid": ("Cannot run", "bad"),
    "completed": ("Done", "quiet"),
    "archived": ("Archived", "quiet"),
}
"""A schedule's status: what it is called, and its tone in the style sheet."""
RESULTS: Final[Mapping[str, tuple[str, str]]] = {
    "succeeded": ("Succeeded", "good"),
    "failed": ("Failed", "bad"),
    "timed_out": ("Took too long", "bad"),
    "running": ("Running", "accent"),
    "queued": ("Waiting", "accent"),
    "cancelled": ("Cancelled", "quiet"),
    "skipped": ("Skipped", "quiet"),
    "never": ("Not yet run", "quiet"),
}
FILTERS: Final = ("brand", "job_type", "status", "result", "search")
ENDS: Final = ("succeeded", "failed", "timed_out", "cancelled")


def status_of(job: Json) -> str:
    """A key of STATUSES: a schedule whose token was refused is held, whatever else it is."""
    return "held" if job["held_for"] and job["status"] == "active" else str(job["status"])


def result_of(job: Json) -> str:
    """How the newest run went, a key of RESULTS."""
    return str(job["last_run"]["state"]) if job["last_run"] else "never"


def streak(recent: Sequence[str]) -> int:
    """How many of the newest ended runs succeeded in a row."""
    ended = [state for state in recent if state in ENDS]
    return next((place for place, state in enumerate(ended) if state != "succeeded"), len(ended))


def tag(named: Mapping[str, tuple[str, str]], name: str) -> str:
    """HTML: a state as a badge."""
    label, tone = named.get(name, (name, "quiet"))
    return f'<span class="vt-tag {tone}">{words.html(label)}</span>'


def label(job: Json, kinds: Mapping[str, FormKind]) -> str:
    """What the job's type is called."""
    kind = kinds.get(job["job_type"])
    return kind.label if kind else str(job["job_type"]).replace("_", " ").capitalize()


def chosen_filters() -> dict[str, str]:
    """What the list is narrowed to, as `schedules.listed` takes it."""
    given = {
        name: st.session_state.get(f"filter-{name}") for name in ("brand", "job_type", "status", "result", "search")
    }
    given["status"] = given["status"] or CURRENT
    return {name: str(value).strip() for name, value in given.items() if value and value != EVERY}


def is_default(filters: Mapping[str, str]) -> bool:
    """Whether nobody has narrowed the list."""
    return filters == {"status": CURRENT}


def draw_filters(found: Json, kinds: Mapping[str, FormKind]) -> None:
    """Selects for what occurs; a filter that could change nothing is not offered."""
    types = {name: label({"job_type": name}, kinds) for name in found["types"]}
    statuses = {CURRENT: "In service", EVERY: "Any status"}
    statuses |= {
        name: f"{said} ({count})" for name, (said, _) in STATUSES.items() if (count := found["statuses"].get(name))
    }
    results = {
        name: f"{said} ({count})" for name, (said, _) in RESULTS.items() if (count := found["results"].get(name))
    }
    with st.container(horizontal=True, vertical_alignment="bottom", key="job-filters"):
        if found["every"] > PER_PAGE:
            st.text_input(
                "Search", placeholder="Name", max_chars=100, key="filter-search", width=220, on_change=PAGES.first
            )
        _select("brand", "Brand", {EVERY: "All brands", **found["brands"]}, 3)
        _select("job_type", "Type", {EVERY: "All types", **types}, 3)
        _select("status", "Status", statuses, 1)
        _select("result", "Last result", {EVERY: "Any result", **results}, 3)


def _select(name: str, title: str, options: Mapping[str, str], fewest: int) -> None:
    if len(options) >= fewest:
        named = list(options)
        st.selectbox(
            title, named, format_func=lambda one: options[one], key=f"filter-{name}", width=200, on_change=PAGES.first
        )


def read_page(db: Database) -> Json:
    """The schedules of the page that is looked at; of the last one, where it has lost all of its own."""
    while True:
        offset = PAGES.here() * PER_PAGE
        found = schedules.listed(db, chosen_filters(), limit=PER_PAGE, offset=offset)
        if found["jobs"] or not offset:
            return found
        PAGES.turn(PAGES.here(found["total"], PER_PAGE))


def draw(
    db: Database,
    found: Json,
    kinds: Mapping[str, FormKind],
    now: datetime,
    *,
    writable: frozenset[str],
    show: Callable[[str], None],
) -> None:
    """A row for each schedule of one page; `show` is called with the id of the one that was opened.

    Those of `writable` brands can be picked, and many treated at once.
    """
    jobs = found["jobs"]
    if not jobs:
        states.empty("Nothing fits", "No schedule fits these filters.", icon=":material/filter_alt_off:")
        return
    zone = times.viewer_zone()
    bulk = st.container(key="job-bulk")
    picked = []
    with st.container(horizontal=True, vertical_alignment="center", key="job-head"):
        st.html(
            '<div class="vt-job head"><span>Job</span><span>When</span><span>Next run</span><span>Last result</span>'
            '<span class="num">Runs</span></div>'
        )
        st.html("<div></div>", width=BUTTON_PX)
        if any(job["brand_id"] in writable for job in jobs):
            st.html("<div></div>", width=PICK_PX)
    for job in jobs:
        with st.container(horizontal=True, vertical_alignment="center", key=f"job-row-{job['id']}"):
            st.html(row(job, label(job, kinds), zone, now))
            if st.button("Details", key=f"open-{job['id']}", width=BUTTON_PX):
                show(job["id"])
            if job["brand_id"] in writable and st.checkbox(
                f"Pick {job['name']}", key=f"pick-{job['id']}", label_visibility="collapsed", width=PICK_PX
            ):
                picked.append(job)
    PAGES.draw(found["total"], PER_PAGE)
    with bulk:
        _draw_bulk(db, picked, now)


def _draw_bulk(db: Database, picked: Sequence[Json], now: datetime) -> None:
    """What can be done with all that are picked at once."""
    if said := st.session_state.pop("job-bulk-said", None):
        st.toast(words.literal(said))
    if problem := st.session_state.pop("job-bulk-problem", None):
        st.error(words.literal(problem), icon=":material/error:")
    if not picked:
        return
    active = [job["id"] for job in picked if job["status"] == "active"]
    paused = [job for job in picked if job["status"] == "paused"]
    failed = [job["id"] for job in picked if result_of(job) in ("failed", "timed_out")]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<p class="vt-more" role="status">{len(picked):,} picked</p>', width="content")
        _bulk("Pause", "pause", active, lambda: (schedules.pause_many(db, active), "paused"), picked)
        _bulk("Resume", "resume", paused, lambda: (_resume(db, paused, now), "resumed"), picked)
        _bulk("Try again", "replay", failed, lambda: (schedules.retry_many(db, failed), "started again"), picked)
        every = [job["id"] for job in picked if job["status"] != "archived"]
        _bulk("Archive", "archive", every, lambda: (schedules.archive(db, every), "archived"), picked)
        st.button("Clear", type="tertiary", on_click=_unpick, args=(picked,))


def _bulk(
    said: str, icon: str, fitting: Sequence[object], do: Callable[[], tuple[int, str]], picked: Sequence[Json]
) -> None:
    if fitting:
        name = f"{said} {len(fitting):,}"
        st.button(name, icon=f":material/{icon}:", key=f"bulk-{icon}", on_click=_done, args=(do, picked))


def _done(do: Callable[[], tuple[int, str]], picked: Sequence[Json]) -> None:
    try:
        count, how = do()
    except ViralTrackerError as error:
        st.session_state["job-bulk-problem"] = error.message
        return
    st.session_state["job-bulk-said"] = f"{count:,} {'schedule' if count == 1 else 'schedules'} {how}."
    _unpick(picked)


def _unpick(picked: Sequence[Json]) -> None:
    for job in picked:
        st.session_state[f"pick-{job['id']}"] = False


def _resume(db: Database, paused: Sequence[Json], now: datetime) -> int:
    """Each goes on at its next time; a single time that has passed meanwhile stays paused."""
    following = {}
    for job in paused:
        if job["cron_expression"] is not None:
            following[job["id"]] = cron.next_time(job["cron_expression"], job["timezone"], now)
        elif job["next_run_at"] and (moment := times.parsed(job["next_run_at"])) > now:
            following[job["id"]] = moment
    return schedules.resume_many(db, following, now=now)


def row(job: Json, type_label: str, zone: str, now: datetime) -> str:
    """HTML: what it is, when it runs, when next, how it went, how often."""
    last = job["last_run"]
    name = words.html(job["name"])
    kind = "" if job["name"] == type_label else f"{words.html(type_label)} · "
    status = status_of(job)
    following = "–"
    if status == "active" and job["next_run_at"]:
        following = f"{times.span(job['next_run_at'], zone, now)}<small>{times.utc(job['next_run_at'])}</small>"
    return (
        f'<div class="vt-job"><span><b>{name}</b><small>{kind}{words.html(job["brand_name"])}</small></span>'
        f"<span>{words.html(job_form.in_words(job))}<small>{tag(STATUSES, status)}</small></span>"
        f"<span>{following}</span>"
        f"<span>{tag(RESULTS, result_of(job))}{_went(last, zone, now) if last else ''}</span>"
        f'<span class="num">{job["runs"]:,}{_history(job["recent"])}</span></div>'
    )


def _went(last: Json, zone: str, now: datetime) -> str:
    progress = last["progress"] or {}
    if last["state"] == "running" and progress.get("total"):
        share = min(1.0, progress["done"] / progress["total"])
        bar = f'<span class="vt-bar" aria-hidden="true"><i style="width:{share * 100:.0f}%"></i></span>'
        return f"<small>{words.html(progress.get('step') or '')} {words.percent(share)}{bar}</small>"
    if last["state"] == "queued" and times.parsed(last["run_at"]) > now:
        return f"<small>tries again {times.span(last['run_at'], zone, now)}</small>"
    why = f"<small>{words.html(last['error_message'][:120])}</small>" if last["error_message"] else ""
    return f"<small>{times.span(last['finished_at'] or last['scheduled_for'], zone, now)}</small>{why}"


def _history(recent: Sequence[str]) -> str:
    """The newest runs as dots, the newest last, with how many succeeded in a row."""
    shown = [state for state in recent if state in ENDS][:DOTS][::-1]
    if not shown:
        return ""
    tones = "".join(f'<i class="{RESULTS[state][1]}"></i>' for state in shown)
    said = ", ".join(RESULTS[state][0].lower() for state in shown)
    row_of = streak(recent)
    many = f"{row_of}+" if row_of == len(recent) >= 20 else str(row_of)
    return (
        f'<span class="vt-dots" role="img" aria-label="{words.html(said)}" title="{words.html(said)}">{tones}</span>'
        + (f"<small>{many} in a row</small>" if row_of > 1 else "")
    )
