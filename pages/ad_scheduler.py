"""Ad Scheduler: what runs when, and did it?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.errors import NotFound
from viraltracker.jobs import registry
from viraltracker.store import schedules
from viraltracker.web import cards, fleet_view, guard, job_editor, job_view, jobs_view, notices, places, states

viewer = guard.require_user()
kinds = registry.standard()
may_write = any(viewer.may_write(brand) for brand in viewer.brands)

# How old a list may be that somebody looks at.
LOOK_SECONDS = 5.0


def go(**address: str) -> None:
    """Another view of this page, with an address of its own."""
    job_editor.close()
    st.query_params.from_dict(address)
    st.rerun()


def draw_back() -> None:
    """The way to the list."""
    if st.button("All schedules", type="tertiary", icon=":material/arrow_back:", key="back"):
        go()


def draw_nothing_scheduled(besides: str) -> None:
    """What a schedule is good for, and the next step; `besides` says where else to look."""
    states.empty(
        "Nothing is scheduled yet",
        "A schedule syncs the account, classifies new creatives or analyses the numbers while you are elsewhere. "
        + ("Begin with **New schedule**." if may_write else "Somebody who may edit a brand can make one.")
        + besides,
        icon=":material/event_repeat:",
    )


@st.fragment(run_every=LOOK_SECONDS)
def draw_list() -> None:
    """The schedules of every brand, narrowed by the filters, and below them who works."""
    found = jobs_view.read_page(viewer.db)
    if not found["every"]:
        draw_nothing_scheduled("")
        return
    jobs_view.draw_filters(found, kinds)
    if not found["jobs"] and jobs_view.is_default(jobs_view.chosen_filters()):
        draw_nothing_scheduled(" What ran once is found under the status **Done**.")
        fleet_view.draw(viewer, {name: kind.label for name, kind in kinds.items()})
        return
    writable = frozenset(brand.id for brand in viewer.brands if viewer.may_write(brand))
    jobs_view.draw(viewer.db, found, kinds, clock.now(), writable=writable, show=lambda job_id: go(job=job_id))
    fleet_view.draw(viewer, {name: kind.label for name, kind in kinds.items()})


def draw_job(job_id: str, *, edit: bool) -> None:
    """One schedule, or its form; an id that is not the person's own shows nothing."""
    try:
        job = schedules.job(viewer.db, job_id)
        brand = next(brand for brand in viewer.brands if brand.id == job["brand_id"])
    except (NotFound, StopIteration):
        states.empty("No such schedule", "It is gone, or it is not yours to see.", icon=":material/search_off:")
        return
    if edit and viewer.may_write(brand) and job_view.may_edit(job, kinds):
        draw_form(job)
    else:
        job_editor.close()
        ways = job_view.Ways(lambda: go(job=job_id, edit="1"), lambda: go(new="1", like=job_id))
        job_view.draw(viewer, kinds, job, brand, ways)


def model_of(job_id: str | None) -> dict[str, object] | None:
    """The schedule that a new one begins as a copy of; None where it is gone or not theirs to write for."""
    if job_id is None:
        return None
    try:
        job = schedules.job(viewer.db, job_id)
    except NotFound:
        return None
    writable = {brand.id for brand in viewer.brands if viewer.may_write(brand)}
    return job if job["brand_id"] in writable and job_view.may_edit(job, kinds) else None


def draw_form(job: dict[str, object] | None, like: dict[str, object] | None = None) -> None:
    """A new schedule, or the one to change; sent, it leads to the schedule, left, back."""
    cards.section("Edit schedule" if job else "New schedule")
    done = job_editor.draw(viewer, kinds, job, like=like)
    if done is not None:
        go(**({"job": done} if done else {}))


cards.title("Ad Scheduler", "What runs when, and did it?")
st.html(Path(parts.__path__[0]) / "schedules.css")
if not viewer.brands:
    states.empty("No brand yet", "Load the demo or import a report first.", icon=":material/event_repeat:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
elif "job" in st.query_params:
    draw_back()
    draw_job(st.query_params["job"], edit="edit" in st.query_params)
elif "new" in st.query_params and may_write:
    draw_back()
    draw_form(None, like=model_of(st.query_params.get("like")))
else:
    job_editor.close()
    notices.draw_of(viewer.db)
    if may_write and st.button("New schedule", type="primary", icon=":material/add:"):
        go(new="1")
    draw_list()
