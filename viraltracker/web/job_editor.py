"""The form of a job: made from the parameters model of its type, saved as a schedule or run at once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st
from pydantic import BaseModel

from viraltracker import clock
from viraltracker.errors import BadInput, ViralTrackerError
from viraltracker.scheduling import cron
from viraltracker.scheduling.cron import Upcoming
from viraltracker.store import schedules
from viraltracker.store.brands import Brand
from viraltracker.store.schedules import Saved
from viraltracker.web import cards, job_form, times, words, work
from viraltracker.web.guard import Viewer
from viraltracker.web.job_form import Field, Repeat, Timing

Json = dict[str, Any]

OPEN: Final = "job-form"
STARTED_ELSEWHERE: Final = frozenset({"import_file", "ad_revision"})
"""Types that a form cannot fill in; their own page starts them."""
REPEATS: Final[Mapping[Repeat, str]] = {
    "daily": "Every day",
    "weekly": "Every week",
    "cron": "Custom",
    "once": "Once, at a time",
    "now": "Once, now",
}
OVERLAPS: Final = {
    "skip": "Skip the new run",
    "queue_one": "Let one wait",
    "allow": "Run both",
    "cancel_other": "Stop the old run",
}
MISFIRES: Final = {
    "latest": "Run once for the newest",
    "none": "Leave them out",
    "all": "Run each of them",
}
CLOCK_CHANGES: Final = {
    "moved": "moved: the clocks skip its time",
    "after_change": "after the clocks change",
}
KEPT: Final = (
    "start_at",
    "end_at",
    "max_runs",
    "misfire_window_s",
    "jitter_s",
    "priority",
    "max_attempts",
    "timeout_s",
)
"""Columns of a schedule that the form does not ask for and an edit leaves as they are."""
ABSENT: Final = "(not set)"


class FormKind(work.JobKind, Protocol):
    """What the form needs of a job type."""

    @property
    def icon(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def shortest_gap(self) -> timedelta: ...
    @property
    def parameters(self) -> type[BaseModel]: ...


@dataclass(frozen=True)
class Opened:
    """A form from its opening to its end. `id` belongs to the schedule it makes, so that many clicks make one."""

    id: str
    job: Json | None

    @property
    def run_id(self) -> str:
        """The job that Run now makes of it."""
        return str(uuid.uuid5(uuid.UUID(self.id), "run now"))


@dataclass(frozen=True)
class Answers:
    """What the form says."""

    brand: Brand
    kind: FormKind
    name: str
    parameters: Json
    timing: Timing
    overlap: str
    misfire: str

    def save(self, viewer: Viewer, opened: Opened) -> Saved:
        """Saves the schedule. Raises BadInput for answers that do not fit, Refused when somebody else saved first."""
        now = clock.now()
        job = (
            self._job()
            | self.timing.columns(now, self.kind.shortest_gap)
            | {"overlap_policy": self.overlap, "misfire_policy": self.misfire}
        )
        if opened.job is None:
            job["id"] = opened.id
        else:
            kept = {name: opened.job[name] for name in KEPT}
            job |= kept | {"id": opened.job["id"], "revision": opened.job["revision"]}
            if job["next_run_at"] is None:
                job["next_run_at"] = now
        return schedules.save(viewer.db, job, now=now, idempotency_key=f"form:{opened.id}")

    def run_now(self, viewer: Viewer, opened: Opened) -> Saved:
        """Writes a job of its own that is due at once, and leaves a saved schedule as it is."""
        job = self._job() | {"id": opened.run_id, "schedule_type": "one_time"}
        return schedules.save(viewer.db, job, now=clock.now(), idempotency_key=f"form-now:{opened.id}")

    def _job(self) -> Json:
        if not self.name.strip():
            raise BadInput("Give the schedule a name.")
        return {
            "brand_id": self.brand.id,
            "job_type": self.kind.name,
            "name": self.name.strip(),
            "parameters": self.kind.parse(self.parameters).model_dump(mode="json"),
            "max_attempts": self.kind.max_attempts,
            "timeout_s": self.kind.timeout_s,
        }


def close() -> None:
    """Forgets the open form; the next one begins anew."""
    st.session_state.pop(OPEN, None)


def draw(viewer: Viewer, kinds: Mapping[str, FormKind], job: Json | None, *, like: Json | None = None) -> str | None:
    """The form, empty, of `job`, or a new one that begins as a copy of `like`.

    Gives the id of the job to show once it was sent, "" once it was left.
    """
    opened = _opened(job)
    if job is not None and opened.job is not None and job["revision"] != opened.job["revision"]:
        st.warning(
            f"Somebody else saved this schedule {words.ago(job['updated_at'], clock.now())}, so what you see is not "
            "what is stored. Cancel and open it again to go on from theirs.",
            icon=":material/group:",
        )
    answers = _ask(viewer, kinds, opened, opened.job or like or {})
    with st.container(horizontal=True, key="form-buttons"):
        save = st.button("Save schedule", type="primary", icon=":material/event_available:", key=f"save-{opened.id}")
        run = st.button("Run now", icon=":material/play_arrow:", key=f"form-run-{opened.id}")
        cancel = st.button("Cancel", type="tertiary", key=f"cancel-{opened.id}")
    if cancel:
        return str(opened.job["id"]) if opened.job else ""
    if save or run:
        try:
            return (answers.save if save else answers.run_now)(viewer, opened).job_id
        except ViralTrackerError as error:
            # The answers stay on the screen, whatever the database says.
            st.error(words.literal(error.message), icon=":material/error:")
    return None


def _opened(job: Json | None) -> Opened:
    found = st.session_state.get(OPEN)
    wanted = job["id"] if job else None
    if not isinstance(found, Opened) or (found.job["id"] if found.job else None) != wanted:
        found = Opened(str(uuid.uuid4()), job)
        st.session_state[OPEN] = found
    return found


def _ask(viewer: Viewer, kinds: Mapping[str, FormKind], opened: Opened, job: Json) -> Answers:
    """`job` gives what the form begins with; of a schedule that is stored, brand and type stay."""
    key, stored = opened.id, opened.job is not None
    brands = {brand.id: brand for brand in viewer.brands if viewer.may_write(brand)}
    offered = [name for name in kinds if name not in STARTED_ELSEWHERE]
    chosen_type = job.get("job_type", offered[0])
    left, right = st.columns(2)
    brand_id = left.selectbox(
        "Brand",
        list(brands),
        index=list(brands).index(job["brand_id"]) if job else 0,
        format_func=lambda found: brands[found].name,
        disabled=stored,
        key=f"brand-{key}",
    )
    type_name = right.selectbox(
        "What to do",
        offered,
        index=offered.index(chosen_type),
        format_func=lambda found: kinds[found].label,
        disabled=stored,
        key=f"type-{key}",
    )
    kind = kinds[type_name]
    st.html(f'<p class="vt-more">{words.html(kind.description)}</p>')
    same_type = type_name == chosen_type
    # What begins as a copy of a schedule is called one; what another page has answered for is called as it says.
    is_copy = not stored and "id" in job
    called = f"Copy of {job['name']}"[:200] if is_copy else job.get("name", kind.label)
    name = st.text_input("Name", called if same_type else kind.label, max_chars=200, key=f"name-{key}-{type_name}")
    parameters = _ask_parameters(kind, job.get("parameters", {}) if same_type else {}, f"{key}-{type_name}")
    cards.section("When")
    timing = _ask_timing(key, job)
    _draw_upcoming(timing, kind)
    with st.expander("When something gets in the way"):
        left, right = st.columns(2)
        overlap = left.selectbox(
            "If the last run still works",
            list(OVERLAPS),
            index=list(OVERLAPS).index(job.get("overlap_policy", "skip")),
            format_func=lambda found: OVERLAPS[found],
            key=f"overlap-{key}",
        )
        misfire = right.selectbox(
            "Times missed while nothing ran",
            list(MISFIRES),
            index=list(MISFIRES).index(job.get("misfire_policy", "latest")),
            format_func=lambda found: MISFIRES[found],
            help="Times older than a day are left out in any case.",
            key=f"misfire-{key}",
        )
    return Answers(brands[brand_id], kind, name, parameters, timing, overlap, misfire)


def _ask_parameters(kind: FormKind, stored: Json, key: str) -> Json:
    every = job_form.fields(kind.parameters)
    asked = [field for field in every if field.asked and not field.is_settled]
    values: Json = {
        field.name: stored[field.name] for field in every if not field.asked and stored.get(field.name) is not None
    }
    for start in range(0, len(asked), 3):
        for column, field in zip(st.columns(3, vertical_alignment="bottom"), asked[start : start + 3], strict=False):
            with column:
                value = _ask_field(field, stored.get(field.name, field.default), f"{field.name}-{key}")
            if value is not None:
                values[field.name] = value
    return values


def _ask_field(field: Field, value: Any, key: str) -> Any:
    match field.kind:
        case "whole" | "number":
            as_number = int if field.kind == "whole" else float
            # Without the bounds, which a browser would keep in silence by going back to the last number: the answer has
            # to come here, and is refused in a sentence.
            now = None if value is None else as_number(value)
            return st.number_input(field.title, value=now, key=key, help=field.explained)
        case "switch":
            return st.toggle(field.title, bool(value), key=key, help=field.explained)
        case "choice":
            options = [ABSENT, *field.options] if field.optional else list(field.options)
            index = options.index(value) if value in options else 0
            chosen = st.selectbox(field.title, options, index=index, key=key, help=field.explained)
            return None if chosen == ABSENT else chosen
        case "day":
            given = date.fromisoformat(value) if isinstance(value, str) else None
            day = st.date_input(field.title, given, key=key, help=field.explained, format="YYYY-MM-DD")
            return day.isoformat() if isinstance(day, date) else None
        case _:
            return st.text_input(field.title, value or "", key=key, help=field.explained) or None


def _ask_timing(key: str, job: Json) -> Timing:
    stored = job_form.timing_of(job) if job else Timing("daily", times.viewer_zone())
    repeat = st.segmented_control(
        "How often",
        list(REPEATS),
        default=stored.repeat,
        format_func=lambda found: REPEATS[found],
        required=True,
        label_visibility="collapsed",
        key=f"repeat-{key}",
    )
    if repeat is None or repeat == "now":
        return Timing("now", stored.zone)
    left, right = st.columns(2)
    with right:
        zones = _zones()
        zone = st.selectbox(
            "Time zone",
            zones,
            index=zones.index(stored.zone) if stored.zone in zones else zones.index("UTC"),
            help="The schedule follows this zone's clock changes.",
            key=f"zone-{key}",
        )
    at, at_time, days, expression = stored.at, stored.time_of_day, stored.days, stored.expression
    with left:
        if repeat == "once":
            at = st.datetime_input(
                "Day and time", at or _tomorrow(zone), key=f"at-{key}", format="YYYY-MM-DD", step=300
            )
        elif repeat == "cron":
            expression = st.text_input(
                "Cron expression",
                expression,
                help="Minute, hour, day of the month, month, weekday; or @hourly, @daily, @weekly, @monthly.",
                key=f"cron-{key}",
            )
        else:
            at_time = st.time_input("At", at_time, key=f"time-{key}", step=300) or at_time
    if repeat == "weekly":
        chosen = st.pills(
            "On",
            list(job_form.WEEKDAYS),
            selection_mode="multi",
            default=list(days),
            format_func=lambda day: job_form.WEEKDAYS[day],
            key=f"days-{key}",
        )
        days = tuple(chosen)
    return Timing(repeat, zone, at=at, time_of_day=at_time, days=days, expression=expression)


def _draw_upcoming(timing: Timing, kind: FormKind) -> None:
    """The next five runs, or why there are none."""
    if timing.repeat == "now":
        st.html('<p class="vt-more">Saving runs it once, at once.</p>')
        return
    now, zone = clock.now(), times.viewer_zone()
    try:
        found = timing.next_times(now, kind.shortest_gap)
    except BadInput as error:
        st.warning(words.literal(error.message), icon=":material/event_busy:")
        return
    expression = timing.cron_expression
    said = f"{words.html(job_form.describe(expression))}. " if expression else ""
    runs = " · ".join(upcoming(time_to_come, zone, now) for time_to_come in found)
    st.html(f'<p class="vt-more" data-part="upcoming">{said}Next, in your time: {runs}</p>')


def upcoming(found: Upcoming, zone: str, now: datetime) -> str:
    """HTML: a time to come in the person's zone, marked where a clock change has to do with it."""
    said = times.span(found.moment, zone, now)
    return f'{said} <span class="vt-tag warn">{words.html(CLOCK_CHANGES[found.note])}</span>' if found.note else said


def _tomorrow(zone: str) -> datetime:
    """Nine o'clock there."""
    return datetime.combine(clock.now().astimezone(ZoneInfo(zone)).date() + timedelta(days=1), time(9, 0))


@cache
def _zones() -> list[str]:
    """Names of places, and UTC; `Etc` and the like are left to the command line."""
    named = {name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))}
    return ["UTC", *sorted(named - cron.NOT_PLACES)]
