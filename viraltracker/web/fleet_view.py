"""Who works, and how much of it at once: the workers and the limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from viraltracker.errors import ViralTrackerError
from viraltracker.store import schedules
from viraltracker.web import times, words, work
from viraltracker.web.guard import Viewer

Json = dict[str, Any]

MOST: Final = 64


def draw(viewer: Viewer, labels: Mapping[str, str]) -> None:
    """A table of workers, a table of limits, and for those who may write the form that sets one."""
    found = schedules.fleet(viewer.db)
    alive = [worker for worker in found["workers"] if _alive(worker, found["now"])]
    slots = sum(worker["slots"] for worker in alive)
    working = sum(worker["running"] for worker in alive)
    head = f"{len(alive)} {'worker' if len(alive) == 1 else 'workers'}, {working} of {slots} slots at work"
    st.html(f'<p class="vt-more">{head}.</p>')
    # The label holds no number: Streamlit closes what is open when its label changes, under the hands of its user.
    with st.expander("Workers and limits", icon=":material/memory:"):
        if found["queued"]:
            waiting = "1 due run waits" if found["queued"] == 1 else f"{found['queued']:,} due runs wait"
            st.html(f'<p class="vt-more">{waiting} for a slot or a limit.</p>')
        versions = {worker["version"] for worker in alive}
        if len(versions) > 1:
            said = f"Workers of different versions work side by side: {', '.join(sorted(versions))}."
            st.warning(words.literal(said), icon=":material/warning:")
        _draw_workers(found)
        _draw_limits(viewer, found, labels)
        if any(viewer.may_write(brand) for brand in viewer.brands):
            _ask_limit(viewer)


@st.fragment
def draw_limits(viewer: Viewer, labels: Mapping[str, str]) -> None:
    """The limits alone, and for those who may write the form that sets one."""
    _draw_limits(viewer, schedules.fleet(viewer.db), labels)
    if any(viewer.may_write(brand) for brand in viewer.brands):
        _ask_limit(viewer)


def _alive(worker: Json, now: str) -> bool:
    silence = times.parsed(now) - times.parsed(worker["last_seen_at"])
    return worker["stopped_at"] is None and silence.total_seconds() < work.WORKER_SILENT_SECONDS


def _draw_workers(found: Json) -> None:
    if not found["workers"]:
        st.html('<p class="vt-more">No worker was heard today.</p>')
        return
    now, zone = times.parsed(found["now"]), times.viewer_zone()
    body = ""
    for worker in sorted(found["workers"], key=lambda one: not _alive(one, found["now"])):
        state = "silent"
        if _alive(worker, found["now"]):
            state = "at work" if worker["running"] else "ready"
        elif worker["stopped_at"]:
            state = "stopped"
        tone = {"at work": "good", "ready": "good", "stopped": "quiet", "silent": "bad"}[state]
        body += (
            f"<tr><td>{words.html(worker['name'])}<small>{words.html(worker['id'][:8])}</small></td>"
            f'<td><span class="vt-tag {tone}">{state}</span></td><td>{words.html(worker["version"])}</td>'
            f'<td class="num">{worker["running"]} of {worker["slots"]}</td>'
            f"<td>{words.ago(worker['last_seen_at'], now)}</td>"
            f"<td>{times.span(worker['started_at'], zone, now)}</td></tr>"
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Worker", "State", "Version", "Slots", "Heard", "Since"))
    st.html(f'<div class="vt-scroll"><table class="vt-table" aria-label="Workers"><tr>{head}</tr>{body}</table></div>')


def _draw_limits(viewer: Viewer, found: Json, labels: Mapping[str, str]) -> None:
    if not found["limits"]:
        st.html('<p class="vt-more">No limit is set: every free slot takes the next run.</p>')
        return
    brands = {brand.id: brand.name for brand in viewer.brands}
    body = ""
    for limit in found["limits"]:
        first, _, second = limit["key"].partition(":")
        names = [brands.get(first) or labels.get(first) or ("all runs" if first == "*" else "your organisation")]
        names += [labels.get(second, second)] if second else []
        body += (
            f"<tr><td>{words.html(' · '.join(names))}</td>"
            f'<td class="num">{limit["running"]}</td><td class="num">{limit["limit"]}</td></tr>'
        )
    head = (
        '<th scope="col">Limit on</th><th scope="col" class="num">Running</th><th scope="col" class="num">At most</th>'
    )
    st.html(f'<div class="vt-scroll"><table class="vt-table" aria-label="Limits"><tr>{head}</tr>{body}</table></div>')


def _ask_limit(viewer: Viewer) -> None:
    options = {("brand", brand.id): brand.name for brand in viewer.brands if viewer.may_write(brand)}
    owned = {brand.organization_id for brand in viewer.brands if viewer.may_write(brand)}
    options |= {("organization", key): "The whole organisation" for key in sorted(owned)}
    with st.form("limit", border=False):
        which, most, send, drop = st.columns([4, 2, 1.4, 1.4], vertical_alignment="bottom")
        chosen = which.selectbox("Limit on", list(options), format_func=lambda one: options[one])
        number = most.number_input("Runs at once, at most", 0, MOST, 1, help="0 holds everything back.")
        sets = send.form_submit_button("Set limit", width="stretch")
        drops = drop.form_submit_button("Remove", width="stretch")
    if sets or drops:
        try:
            schedules.set_limit(viewer.db, *chosen, int(number) if sets else None)
        except ViralTrackerError as error:
            st.error(words.literal(error.message), icon=":material/error:")
            return
        st.rerun(scope="fragment")
