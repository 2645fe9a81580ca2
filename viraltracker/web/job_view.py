"""One schedule: what it does, how it runs at this moment, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import streamlit as st

from viraltracker import clock
from viraltracker.errors import BadInput, ViralTrackerError
from viraltracker.scheduling import cron, waiting
from viraltracker.store import schedules
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.web import (
    cards,
    charts,
    job_editor,
    job_form,
    jobs_view,
    overview,
    scorecard_view,
    times,
    words,
    work,
)
from viraltracker.web.guard import Viewer
from viraltracker.web.job_editor import STARTED_ELSEWHERE, FormKind
from viraltracker.web.pictures import Pictures

Json = dict[str, Any]

RUNS_SHOWN: Final = 20
EVENTS_SHOWN: Final = 200
LOOK_SECONDS: Final = 1.0
PROBLEM: Final = "job-problem"
TRIGGERS: Final = {
    "schedule": "its schedule",
    "run_now": "Run now",
    "chain": "another run",
    "retry": "Try again",
    "api": "a person",
}
REASONS: Final = {
    "overlap": "The last run still worked.",
    "missed_window": "No worker ran at its time.",
    "paused": "The schedule was paused or held back.",
    "superseded": "A newer run took its place.",
}


def may_edit(job: Json, kinds: Mapping[str, FormKind]) -> bool:
    """Whether there is a form for it."""
    return job["job_type"] in kinds and job["job_type"] not in STARTED_ELSEWHERE and job["status"] != "archived"


@dataclass(frozen=True)
class Ways:
    """Where a person goes on to from a schedule: its form, and the form of another like it."""

    edit: Callable[[], None]
    duplicate: Callable[[], None]


def draw(viewer: Viewer, kinds: Mapping[str, FormKind], job: Json, brand: Brand, ways: Ways) -> None:
    """The whole view; `ways` lead to other ones."""
    st.session_state.pop(PROBLEM, None)
    runs = schedules.runs(viewer.db, job_id=job["id"], limit=RUNS_SHOWN)
    answer = scorecard_view.answer_of(runs)
    card = scorecard_view.read(viewer.db, answer)
    _draw_live(viewer, kinds, job["id"], brand, ways, shown=answer, folded=card is not None)
    if card is not None:
        scorecard_view.draw(card, Pictures(viewer.db, brand.id))
    if runs:
        _draw_events(viewer.db, runs)


@st.fragment(run_every=LOOK_SECONDS)
def _draw_live(
    viewer: Viewer,
    kinds: Mapping[str, FormKind],
    job_id: str,
    brand: Brand,
    ways: Ways,
    *,
    shown: str | None,
    folded: bool,
) -> None:
    """What may change while somebody looks; another answer than the `shown` one draws the whole page again.

    `folded` is the history, where the answer itself stands on the page.
    """
    job = schedules.job(viewer.db, job_id)
    runs = schedules.runs(viewer.db, job_id=job_id, limit=RUNS_SHOWN)
    if scorecard_view.answer_of(runs) != shown:
        st.rerun()
    now, zone = clock.now(), times.viewer_zone()
    label = jobs_view.label(job, kinds)
    kind = "" if job["name"] == label else f"{words.html(label)} · "
    st.html(
        f'<div class="vt-heading"><h2 class="vt-brand">{words.html(job["name"])}</h2>'
        f"{jobs_view.tag(jobs_view.STATUSES, jobs_view.status_of(job))}</div>"
        f'<p class="vt-fresh">{kind}{words.html(brand.name)}</p>'
    )
    if job["status_reason"]:
        mend = " It does not run until it is edited." if job["status"] == "invalid" else ""
        st.warning(words.literal(job["status_reason"]) + mend, icon=":material/report:")
    if job["held_for"]:
        st.warning(
            "Meta refused the access token, so its times are skipped. It goes on by itself once the account is "
            "connected again on the Data page; Run now tries it at once.",
            icon=":material/key_off:",
        )
    active = overview.active(runs)
    if viewer.may_write(brand):
        _draw_actions(viewer, kinds, job, runs, ways)
    for run in active:
        _draw_active(viewer, brand, run, label, now)
    if PROBLEM in st.session_state:
        st.error(words.literal(st.session_state[PROBLEM]), icon=":material/error:")
    for run in overview.unmended(runs, now):
        work.draw_failed(viewer, brand, run, kinds)
    _draw_facts(job, kinds, now, zone)
    if not folded:
        cards.section("History")
        _draw_history(runs, zone, now)
        return
    with st.expander("History", icon=":material/history:"):
        _draw_history(runs, zone, now)


def _said(value: object) -> object:
    """A parameter as people read it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.15g}"
        case _:
            return value


def _draw_history(runs: Sequence[Json], zone: str, now: datetime) -> None:
    if not runs:
        st.html('<p class="vt-more">It has not run yet.</p>')
        return
    charts.runs(runs, jobs_view.RESULTS, zone)
    st.html(history(runs, zone, now))
    if len(runs) == RUNS_SHOWN:
        st.html(f'<p class="vt-more">The newest {RUNS_SHOWN} runs.</p>')


def _draw_actions(viewer: Viewer, kinds: Mapping[str, FormKind], job: Json, runs: Sequence[Json], ways: Ways) -> None:
    # A click counts for the state that was on the screen: its key names the newest run, so that many clicks, or two
    # people at once, start one run, and a click that arrives late belongs to a button that is gone.
    newest = runs[0]["id"] if runs else "none"
    busy = bool(overview.active(runs))
    with st.container(horizontal=True, key="job-actions"):
        runnable = job["status"] not in ("archived", "invalid")
        run = runnable and st.button(
            "Run now", type="primary", icon=":material/play_arrow:", key=f"run-now-{newest}", disabled=busy
        )
        if may_edit(job, kinds) and st.button("Edit", icon=":material/edit:", key="edit-job"):
            ways.edit()
        pause = job["status"] == "active" and st.button("Pause", icon=":material/pause:", key="pause-job")
        resume = job["status"] == "paused" and st.button("Resume", icon=":material/resume:", key="resume-job")
        if may_edit(job, kinds) and st.button("Duplicate", icon=":material/content_copy:", key="duplicate-job"):
            ways.duplicate()
        archive = job["status"] != "archived" and st.button("Archive", icon=":material/archive:", key="archive-job")
    if archive:
        _confirm_archive(viewer, job)
    elif run and not busy:
        _do(lambda: schedules.run_now(viewer.db, job["id"], f"run-now:{job['id']}:{newest}"))
    elif pause:
        _do(lambda: schedules.pause(viewer.db, job["id"]))
    elif resume:
        _do(lambda: _resume(viewer.db, job))


def _do(action: Callable[[], object]) -> None:
    """Does it and draws the page anew; where it is refused, why stays on the screen until something else is done."""
    try:
        action()
    except ViralTrackerError as error:
        st.session_state[PROBLEM] = error.message
    else:
        st.rerun()


@st.dialog("Archive this schedule?")
def _confirm_archive(viewer: Viewer, job: Json) -> None:
    """Asks first: an archived schedule does not come back."""
    st.markdown(
        f"**{words.literal(job['name'])}** never runs again, and what it runs now is stopped. Its history stays."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep"):
            st.rerun()
        if st.button("Archive it", type="primary", icon=":material/archive:"):
            schedules.archive(viewer.db, [job["id"]])
            st.rerun()


def _resume(db: Database, job: Json) -> None:
    now = clock.now()
    if job["cron_expression"] is not None:
        following = cron.next_time(job["cron_expression"], job["timezone"], now)
    else:
        following = times.parsed(job["next_run_at"])
        if following <= now:
            raise BadInput("Its time passed while it was paused: press Run now, or edit it and choose another time.")
    schedules.resume(db, job["id"], next_run_at=following, now=now)


def _draw_active(viewer: Viewer, brand: Brand, run: Json, label: str, now: datetime) -> None:
    work.draw_active(run, label, now)
    if run["state"] == "queued":
        said = waiting.why(
            schedules.why_waiting(viewer.db, run["id"]), lambda at: times.local(at, times.viewer_zone(), now)
        )
        if said:
            st.info(words.literal(said), icon=":material/schedule:")
    if not viewer.may_write(brand):
        return
    if run["cancel_requested_at"]:
        st.html('<p class="vt-more" role="status">It was asked to stop and ends at its next step.</p>')
    elif st.button("Stop run", icon=":material/stop_circle:", key=f"stop-{run['id']}"):
        _do(lambda: schedules.stop(viewer.db, run["id"]))


def _draw_facts(job: Json, kinds: Mapping[str, FormKind], now: datetime, zone: str) -> None:
    facts = [("When", words.html(job_form.in_words(job)))]
    if job["status"] == "active" and job["next_run_at"]:
        facts.append(("Next run", f"{times.span(job['next_run_at'], zone, now)} ({times.utc(job['next_run_at'])})"))
        if job["cron_expression"]:
            after = times.parsed(job["next_run_at"])
            try:
                later = cron.upcoming(job["cron_expression"], job["timezone"], after, job_form.UPCOMING - 1)
                facts.append(("Then", " · ".join(job_editor.upcoming(found, zone, now) for found in later)))
            except BadInput as error:
                facts.append(("Then", words.html(error.message)))
    kind = kinds.get(job["job_type"])
    named = {field.name: field for field in job_form.fields(kind.parameters)} if kind else {}
    for name, value in job["parameters"].items():
        if value is not None and not (name in named and named[name].is_settled):
            title = named[name].title if name in named else name
            facts.append((title, words.html(_said(value))))
    listed = "".join(f"<dt>{words.html(name)}</dt><dd>{said}</dd>" for name, said in facts)
    st.html(f'<dl class="vt-facts">{listed}</dl>')


def history(runs: Sequence[Json], zone: str, now: datetime) -> str:
    """HTML: a table of runs, the newest first."""
    head = ("Run", "Result", "Started by", "Took", "Tries", "What it said")
    cells = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(_history_row(run, zone, now) for run in runs)
    return (
        '<div class="vt-scroll"><table class="vt-table" aria-label="History of runs">'
        f"<tr>{cells}</tr>{body}</table></div>"
    )


def _history_row(run: Json, zone: str, now: datetime) -> str:
    at = run["started_at"] or run["scheduled_for"]
    return (
        f"<tr><td>{times.span(at, zone, now)}<small>{times.utc(at)}</small></td>"
        f"<td>{jobs_view.tag(jobs_view.RESULTS, run['state'])}</td>"
        f"<td>{words.html(TRIGGERS.get(run['trigger'], run['trigger']))}</td>"
        f"<td>{words.html(times.between(run['started_at'], run['finished_at'], now))}</td>"
        f"<td>{run['attempt']}</td><td class='wrap'>{words.html(outcome(run))}</td></tr>"
    )


def outcome(run: Json) -> str:
    """What a run said at its end, in one line."""
    if run["state"] == "skipped":
        said = REASONS.get(run["reason"], str(run["reason"]))
        return f"{said} {run['occurrences']:,} times are left out." if run["occurrences"] > 1 else said
    if run["error_message"]:
        sort = waiting.ERROR_CLASSES.get(run["error_class"] or "")
        return f"{run['error_message']} ({sort})" if sort else str(run["error_message"])
    result = run["result"] or {}
    counts = [
        f"{value:,} {name.replace('_', ' ')}"
        for name, value in result.items()
        if isinstance(value, int) and not isinstance(value, bool) and value
    ]
    if result.get("cost_usd"):
        counts.append(f"paid USD {result['cost_usd']:.4f}")
    return ", ".join(counts)


def _draw_events(db: Database, runs: Sequence[Json]) -> None:
    """What a run reported on its way."""
    zone, now = times.viewer_zone(), clock.now()
    with st.expander("Events", icon=":material/list:"):
        by_id = {run["id"]: run for run in runs}
        chosen = st.selectbox(
            "Run",
            list(by_id),
            format_func=lambda found: (
                f"{times.local(by_id[found]['started_at'] or by_id[found]['scheduled_for'], zone, now)}: "
                f"{jobs_view.RESULTS.get(by_id[found]['state'], (by_id[found]['state'],))[0].lower()}"
            ),
        )
        found = schedules.events(db, chosen)
        if not found:
            st.html('<p class="vt-more">This run reported nothing.</p>')
            return
        rows = "".join(
            f"<tr><td>{times.span(event['at'], zone, now)}</td><td>{words.html(event['level'])}</td>"
            f"<td class='wrap'>{words.html(event['message'])}</td></tr>"
            for event in found[-EVENTS_SHOWN:]
        )
        st.html(
            '<div class="vt-scroll"><table class="vt-table" aria-label="Events"><tr><th scope="col">When</th>'
            f'<th scope="col">Level</th><th scope="col">What happened</th></tr>{rows}</table></div>'
        )
        if len(found) > EVENTS_SHOWN:
            st.html(f'<p class="vt-more">The newest {EVENTS_SHOWN} of {len(found):,}.</p>')
