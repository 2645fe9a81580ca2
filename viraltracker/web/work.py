"""Work in the background as a page sees it: start it, watch it, say why it waits or failed. The page passes job types
in, since this layer knows none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import streamlit as st

from viraltracker import clock
from viraltracker.errors import Unavailable
from viraltracker.store import overviews, schedules
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.web import overview, times, words
from viraltracker.web.guard import Viewer

Json = dict[str, Any]

LOOK_SECONDS = 1.0
WORKER_SILENT_SECONDS = 75.0
"""A worker beats every 20 s, and takes its own runs for lost after 60 s without an answer."""
WORKER_LOOK_SECONDS = 10.0
RUN_SILENT_SECONDS = 45.0
"""Two beats that did not come: sooner than a worker is called gone, for somebody waits for this very run."""
LEASE_WELL_SECONDS = 60.0
"""A run that was heard of lately is held for longer than that from now on, unless leases are set shorter."""


class _Parsed(Protocol):
    def model_dump(self, *, mode: str) -> Json: ...


class JobKind(Protocol):
    """What this module needs of a job type."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def max_attempts(self) -> int: ...
    @property
    def timeout_s(self) -> int: ...
    def parse(self, values: Json) -> _Parsed: ...


def start(viewer: Viewer, brand: Brand, kind: JobKind, parameters: Json, *, idempotency_key: str | None = None) -> str:
    """Writes a job that is due at once, with the person's own rights, and gives its run's id.

    Raises BadInput for wrong parameters, Refused for a brand the person may not write.
    """
    job = {
        "brand_id": brand.id,
        "job_type": kind.name,
        "name": kind.label,
        "parameters": kind.parse(parameters).model_dump(mode="json"),
        "schedule_type": "one_time",
        "max_attempts": kind.max_attempts,
        "timeout_s": kind.timeout_s,
    }
    saved = schedules.save(viewer.db, job, now=clock.now(), idempotency_key=idempotency_key)
    if saved.run_id is None:
        raise Unavailable("The job was saved but not started; open the page again.")
    return saved.run_id


@st.fragment(run_every=WORKER_LOOK_SECONDS)
def draw_worker_silence(db: Database) -> None:
    """Says so, on every page, while nobody works: what waits then is nobody's fault."""
    silence = overviews.worker_silence(db)
    if silence is None or silence > WORKER_SILENT_SECONDS:
        st.warning(
            "No worker is running, so schedules and queued work wait. Start one with `viraltracker up`, or "
            "`python -m worker.scheduler_worker` on a server; everything goes on by itself then.",
            icon=":material/hourglass_disabled:",
        )


@st.fragment(run_every=LOOK_SECONDS)
def watch(viewer: Viewer, brand: Brand, kinds: Mapping[str, JobKind]) -> None:
    """The brand's waiting and working runs, live; draws the whole page again once none is left.

    A run's success starts those that follow it in the same transaction, so the list is not empty in between.
    """
    runs = overview.active(schedules.runs(viewer.db, brand_id=brand.id, limit=50))
    if not runs:
        st.rerun()
    now = clock.now()
    silent = _silences(viewer.db, runs, now)
    for run in runs:
        draw_active(run, _label(run, kinds), now, silent.get(run["id"]))


def draw_failed(viewer: Viewer, brand: Brand, run: Json, kinds: Mapping[str, JobKind]) -> None:
    """A run that did not succeed: what failed, what it said, and another try."""
    state = words.STATES.get(run["state"], run["state"])
    reason = run["error_message"] or "No reason was recorded."
    with st.container(key=f"failed-{run['id']}", horizontal=True, vertical_alignment="center"):
        said = f"{_label(run, kinds)} {state} {words.ago(run['finished_at'], clock.now())}. {reason}"
        st.error(words.literal(said), icon=":material/error:")
        if viewer.may_write(brand) and st.button("Try again", key=f"retry-{run['id']}", icon=":material/replay:"):
            schedules.retry(viewer.db, run["id"], f"retry:{run['id']}")
            st.rerun()


def _silences(db: Database, runs: Sequence[Json], now: datetime) -> dict[str, str]:
    """What is to be said of runs whose worker was not heard for a while; asks only where a lease runs out."""
    doubtful = [
        run
        for run in runs
        if run["state"] == "running"
        and (datetime.fromisoformat(run["lease_until"]) - now).total_seconds() < LEASE_WELL_SECONDS
    ]
    if not doubtful:
        return {}
    fleet, zone = schedules.fleet(db), times.viewer_zone()
    return {run["id"]: said for run in doubtful if (said := silence(run, fleet, zone)) is not None}


def silence(run: Json, fleet: Json, zone: str) -> str | None:
    """That the worker of a run was not heard for a while, and by when another takes over; None while it answers.

    `fleet` as `schedules.fleet` gives it: its clock is the one that leases go by.
    """
    worker = next((one for one in fleet["workers"] if one["id"] == run["lease_worker"]), None)
    if worker is None:
        return None
    now = datetime.fromisoformat(fleet["now"])
    if (now - datetime.fromisoformat(worker["last_seen_at"])).total_seconds() < RUN_SILENT_SECONDS:
        return None
    left = (datetime.fromisoformat(run["lease_until"]) - now).total_seconds()
    takes_over = f"within {words.duration(left)}" if left > 1 else "as soon as one is free"
    heard = times.local(worker["last_seen_at"], zone, now).removeprefix("today ")
    return f"Its worker stopped answering at {heard}; another takes over {takes_over}, and goes on where it was."


def draw_active(run: Json, label: str, now: datetime, silent: str | None = None) -> None:
    """A run that waits or works: its step, how far it is, how long it may take, and what is said of its worker."""
    progress = run["progress"] or {}
    done, total, step = progress.get("done", 0), progress.get("total", 0), progress.get("step") or ""
    with st.container(border=True, gap="small"):
        if run["state"] == "queued":
            st.html(_line(label, "waits for its turn", ""))
            return
        right = f"{done:,} of {total:,}" if total > 1 else ""
        left = _time_left(run["id"], step, done, total)
        if left:
            right += f" · about {words.duration(left)} left"
        elif run["started_at"]:
            right += f"{' · ' if right else ''}{words.duration(_age(run['started_at'], now))}"
        st.html(_line(label, step or "starting", right))
        st.progress(min(1.0, done / total) if total else 0.0)
        if silent is not None:
            st.html(f'<p class="vt-more" role="status">{words.html(silent)}</p>')


def _line(label: str, step: str, right: str) -> str:
    return (
        f'<p class="vt-run" role="status"><b>{words.html(label)}</b> {words.html(step)}'
        f"<span>{words.html(right)}</span></p>"
    )


def _time_left(run_id: str, step: str, done: int, total: int) -> float | None:
    """Seconds, from the pace since this browser first saw the kind of step; None until that says something.

    A step's name may end in what it is at ("days 3 to 9"), so its first word stands for its kind.
    """
    key = f"pace-{run_id}-{(step.split() or [''])[0]}-{total}"
    first_at, first_done = st.session_state.setdefault(key, (clock.monotonic(), done))
    passed, made = clock.monotonic() - first_at, done - first_done
    if passed < 2 or made <= 0 or done >= total:
        return None
    return float(passed / made * (total - done))


def _label(run: Json, kinds: Mapping[str, JobKind]) -> str:
    kind = kinds.get(run["job_type"])
    return kind.label if kind else str(run["job_type"]).replace("_", " ").capitalize()


def _age(moment: str, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(moment)).total_seconds())
