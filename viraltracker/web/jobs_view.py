"""Schedules in a list: what runs when, and did it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import streamlit as st

from viraltracker.web import job_form, states, times, words
from viraltracker.web.job_editor import FormKind

Json = dict[str, Any]

EVERY: Final = "all"
PER_PAGE: Final = 25
BUTTON_PX: Final = 80
STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "active": ("Active", "good"),
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
_ORDER: Final = ("invalid", "active", "paused", "completed", "archived")


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; `EVERY` where it is not."""

    brand: str = EVERY
    job_type: str = EVERY
    status: str = EVERY
    result: str = EVERY

    def apply(self, jobs: Sequence[Json]) -> list[Json]:
        """The jobs that fit: those that need somebody first, then by their next time, finished ones newest first."""
        found = [
            job
            for job in jobs
            if self.brand in (EVERY, job["brand_id"])
            and self.job_type in (EVERY, job["job_type"])
            and self.status in (EVERY, job["status"])
            and self.result in (EVERY, result_of(job))
        ]
        # `jobs_overview` gives the newest first, which a stable sort keeps among equals.
        return sorted(found, key=lambda job: (_ORDER.index(job["status"]), job["next_run_at"] or ""))


def result_of(job: Json) -> str:
    """How the newest run went, a key of RESULTS."""
    return str(job["last_run"]["state"]) if job["last_run"] else "never"


def tag(named: Mapping[str, tuple[str, str]], name: str) -> str:
    """HTML: a state as a badge."""
    label, tone = named.get(name, (name, "quiet"))
    return f'<span class="vt-tag {tone}">{words.html(label)}</span>'


def label(job: Json, kinds: Mapping[str, FormKind]) -> str:
    """What the job's type is called."""
    kind = kinds.get(job["job_type"])
    return kind.label if kind else str(job["job_type"]).replace("_", " ").capitalize()


def ask_filters(jobs: Sequence[Json], kinds: Mapping[str, FormKind]) -> Filters:
    """Selects for what occurs in the list; a filter that could change nothing is not offered."""
    brands = {job["brand_id"]: str(job["brand_name"]) for job in jobs}
    types = {job["job_type"]: label(job, kinds) for job in jobs}
    statuses = {name: said for name, (said, _) in STATUSES.items() if any(job["status"] == name for job in jobs)}
    results = {name: said for name, (said, _) in RESULTS.items() if any(result_of(job) == name for job in jobs)}
    with st.container(horizontal=True, key="job-filters"):
        return Filters(
            _select("Brand", "All brands", brands),
            _select("Type", "All types", types),
            _select("Status", "Any status", statuses),
            _select("Last result", "Any result", results),
        )


def _select(title: str, none: str, options: Mapping[str, str]) -> str:
    if len(options) < 2:
        return EVERY
    named = {EVERY: none, **options}
    return st.selectbox(title, list(named), format_func=lambda found: named[found], key=f"filter-{title}", width=220)


def draw(
    jobs: Sequence[Json],
    statistics: Mapping[str, Json],
    kinds: Mapping[str, FormKind],
    now: datetime,
    *,
    show: Callable[[str], None],
) -> None:
    """A row for each schedule; `show` is called with the id of the one that was opened."""
    if not jobs:
        states.empty("Nothing fits", "No schedule fits these filters.", icon=":material/filter_alt_off:")
        return
    zone = times.viewer_zone()
    pages = st.session_state.setdefault("job-pages", 1)
    shown = jobs[: pages * PER_PAGE]
    with st.container(horizontal=True, vertical_alignment="center", key="job-head"):
        st.html(
            '<div class="vt-job head"><span>Job</span><span>When</span><span>Next run</span><span>Last result</span>'
            '<span class="num">Runs</span></div>'
        )
        st.html("<div></div>", width=BUTTON_PX)
    for job in shown:
        with st.container(horizontal=True, vertical_alignment="center", key=f"job-row-{job['id']}"):
            st.html(row(job, statistics.get(job["id"], {"runs": 0, "streak": 0}), label(job, kinds), zone, now))
            if st.button("Details", key=f"open-{job['id']}", width=BUTTON_PX):
                show(job["id"])
    if len(shown) < len(jobs) and st.button(f"Show more of {len(jobs):,}", key="more-jobs"):
        st.session_state["job-pages"] = pages + 1
        st.rerun()


def row(job: Json, counted: Json, type_label: str, zone: str, now: datetime) -> str:
    """HTML: what it is, when it runs, when next, how it went, how often."""
    last = job["last_run"]
    name = words.html(job["name"])
    kind = "" if job["name"] == type_label else f"{words.html(type_label)} · "
    following = times.span(job["next_run_at"], zone, now) if job["next_run_at"] else "–"
    exact = f"<small>{times.utc(job['next_run_at'])}</small>" if job["next_run_at"] else ""
    went = f"<small>{times.span(last['finished_at'] or last['scheduled_for'], zone, now)}</small>" if last else ""
    streak = f"<small>{counted['streak']} in a row</small>" if counted["streak"] > 1 else ""
    return (
        f'<div class="vt-job"><span><b>{name}</b><small>{kind}{words.html(job["brand_name"])}</small></span>'
        f"<span>{words.html(job_form.in_words(job))}<small>{tag(STATUSES, job['status'])}</small></span>"
        f"<span>{following if job['status'] == 'active' else '–'}{exact if job['status'] == 'active' else ''}</span>"
        f"<span>{tag(RESULTS, result_of(job))}{went}</span>"
        f'<span class="num">{counted["runs"]:,}{streak}</span></div>'
    )
