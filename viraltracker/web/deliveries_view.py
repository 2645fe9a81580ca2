"""Where the ads of a run went, and the ways to send them: the zip, Slack, e-mail."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import streamlit as st

from viraltracker import settings
from viraltracker.creation import export
from viraltracker.creation.deliveries import LEFT, NAMES
from viraltracker.errors import ViralTrackerError
from viraltracker.store import deliveries
from viraltracker.store.deliveries import Kind
from viraltracker.web import files, times, words
from viraltracker.web.ad_view import Place

Json = dict[str, Any]

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "sent": ("Sent", "good"),
    "waiting": ("Waits", "warn"),
    "sending": ("Being sent", ""),
    "failed": ("Not sent", "bad"),
    "uncertain": ("May have been sent", "warn"),
}
UNDER_WAY: Final = frozenset({"waiting", "sending"})
LONGEST: Final = 1000
SHOWN: Final = 4
SAID: Final = "deliveries-said"

Start = Callable[[Json, str], object]
"""Starts a delivery by its parameters, once for a key. Raises BadInput for parameters that do not fit."""


@dataclass(frozen=True)
class Sending:
    """Who may send: how to start it, and which of the worker's keys are there by name."""

    start: Start
    keys_found: Collection[str]

    def missing(self, kind: Kind) -> list[str]:
        """Variables that this way needs and nobody has set."""
        wanted = settings.SLACK if kind == "slack" else settings.MAIL
        return [name for name in wanted if name not in self.keys_found]


def draw(at: Place, run: Json, ads: Sequence[Json], sending: Sending | None) -> None:
    """The newest zip, what was sent, and, for those who may, the ways to send what is approved now."""
    if (wrong := st.session_state.pop(SAID, None)) is not None:
        st.error(words.literal(wrong), icon=":material/error:")
    sent = deliveries.of_run(at.db, at.brand_id, run["id"])
    ready = export.exportable(ads)
    packed = run["exports"][-1] if run["exports"] else None
    with st.container(horizontal=True, vertical_alignment="center", key=f"deliveries-{run['id']}"):
        # A zip with what was rejected or changed since is no longer what may leave.
        if packed is not None and _holds(packed, ready):
            _draw_download(at, packed, f"new-ads-zip-{packed['storage_key']}")
        if sending is not None and run["status"] != "running" and ready:
            if packed is None or not _holds(packed, ready):
                st.button(
                    "Pack what is approved" if packed is None else "Pack again",
                    icon=":material/folder_zip:",
                    key=f"deliveries-pack-{run['id']}",
                    on_click=_start,
                    # By the minute: who tries again after a failure asks anew, who clicks twice does not.
                    args=(sending, run["id"], "zip", [ad["token"] for ad in ready], f"{at.now:%Y-%m-%d %H:%M}"),
                )
            _draw_ways(sending, run["id"], sent)
    if said := notes(packed, ready, ads):
        st.html(f'<p class="vt-more">{words.html(" ".join(said))}</p>')
    if sent:
        _draw_sent(at, sent)


def notes(packed: Json | None, ready: Sequence[Json], ads: Sequence[Json]) -> list[str]:
    """What the newest zip and the approved ads of a run differ in, in sentences."""
    said = []
    if packed is not None and not _holds(packed, ready):
        held = words.counted(packed["ads"], "ad")
        now = "other ones" if packed["ads"] == len(ready) else words.counted(len(ready), "ad")
        said.append(f"The last zip holds {held}, and by now {now} may go out.")
    held_back = sum(ad["status"] == "approved" and export.held_back(ad) for ad in ads)
    if held_back:
        stay = "stays" if held_back == 1 else "stay"
        said.append(f"{words.counted(held_back, 'approved ad')} {stay} out: a check that has to pass failed.")
    return said


def _holds(packed: Json, ready: Sequence[Json]) -> bool:
    """Whether a zip is of these ads in their newest version; of an older one only their number is known."""
    if "tokens" not in packed:
        return bool(packed["ads"] == len(ready))
    at = times.parsed(packed["packed_at"]) if packed.get("packed_at") else None
    changed = any(at and ad.get("revised_at") and times.parsed(ad["revised_at"]) > at for ad in ready)
    return set(packed["tokens"]) == {ad["token"] for ad in ready} and not changed


def _draw_download(at: Place, packed: Json, key: str) -> None:
    st.download_button(
        f"Download {words.counted(packed['ads'], 'ad')} ({packed['bytes'] / 1_000_000:.1f} MB)",
        data=partial(files.of(at.db).get, "assets", packed["storage_key"]),
        file_name=packed["file_name"],
        mime="application/zip",
        icon=":material/download:",
        key=key,
    )


def _draw_ways(sending: Sending, run_id: str, sent: Sequence[Json]) -> None:
    busy = {each["kind"] for each in sent if each["state"] in UNDER_WAY}
    newest = {each["kind"]: each["id"] for each in reversed(sent)}
    # Another one after each delivery, so that it is closed again.
    with st.popover("Send", icon=":material/outbox:", key=f"deliveries-send-{run_id}-{len(sent)}"):
        _draw_missing(sending, "slack")
        st.button(
            "Send to Slack",
            icon=":material/tag:",
            disabled="slack" in busy,
            key=f"deliveries-slack-{run_id}",
            on_click=_start,
            args=(sending, run_id, "slack", newest.get("slack")),
        )
        _draw_missing(sending, "email")
        recipients = st.text_input(
            "Mail to",
            max_chars=LONGEST,
            placeholder="the usual recipients" if "MAIL_TO" in sending.keys_found else "name@example.com",
            help="Addresses with commas between, at most 10. Without any it goes to the usual ones (MAIL_TO).",
            key=f"deliveries-to-{run_id}",
        )
        st.button(
            "Send by e-mail",
            icon=":material/mail:",
            disabled="email" in busy,
            key=f"deliveries-email-{run_id}",
            on_click=_start,
            args=(sending, run_id, "email", newest.get("email")),
            kwargs={"recipients": recipients.strip() or None},
        )


def _draw_missing(sending: Sending, kind: Kind) -> None:
    missing = sending.missing(kind)
    if missing:
        named = " and ".join(f"<code>{name}</code>" for name in missing)
        st.html(f'<p class="vt-more">{NAMES[kind]} is not set up here: {named} not found. See Settings.</p>')


def _start(sending: Sending, run_id: str, to: str, *since: object, recipients: str | None = None) -> None:
    """Asks once for what differs from `since`, the state of things that the person saw, however often they click."""
    order = str(uuid.uuid5(uuid.UUID(run_id), f"{to}:{since}:{recipients}"))
    parameters: Json = {"creation_run": run_id, "to": to, "order": order}
    if recipients is not None:
        parameters["recipients"] = recipients
    try:
        sending.start(parameters, f"delivery:{order}")
    except ViralTrackerError as error:
        st.session_state[SAID] = error.message


def _draw_sent(at: Place, sent: Sequence[Json]) -> None:
    st.html(_lines(at, sent[:SHOWN]))
    if sent[SHOWN:]:
        with st.expander(f"{len(sent) - SHOWN} before these"):
            st.html(_lines(at, sent[SHOWN:]))


def _lines(at: Place, sent: Sequence[Json]) -> str:
    return f'<div class="vt-sent" role="list" aria-label="Sent">{"".join(_line(at, each) for each in sent)}</div>'


def _line(at: Place, each: Json) -> str:
    """HTML: one delivery, with why it was not sent, or whom it did not reach."""
    state, tone = STATES[each["state"]]
    moment = each["ended_at"] or each["begun_at"] or each["asked_at"]
    said = each["reason"] or (LEFT if each["state"] == "uncertain" else "")
    if each["next_try_at"]:
        said = f"{said} Tried again {times.local(each['next_try_at'], at.zone, at.now)}.".strip()
    facts = [words.html(", ".join(each["sent_to"]))] if each["sent_to"] else []
    facts += [words.counted(each["ads"], "ad")] if each["ads"] else []
    facts.append(times.span(moment, at.zone, at.now))
    note = f"<p>{words.html(said)}</p>" if said else ""
    return (
        f'<div role="listitem"><span class="vt-tag {tone}">{state}</span> <b>{NAMES[each["kind"]]}</b> '
        f"<small>{' · '.join(facts)}</small>{note}</div>"
    )
