"""What is wrong, at the head of a page: one sentence per cause, and the way to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from viraltracker.store import overviews
from viraltracker.store.client import Database
from viraltracker.web import places, words

Json = dict[str, Any]

NEEDS: Final[Mapping[str, str]] = {
    "needs_reauth": "needs a new access token, so no new numbers come",
    "unreachable": "is out of reach, so no new numbers come",
}
OF_A_JOB: Final = ("run-failed", "job-reauth", "job-silent", "job-invalid")
"""Causes of alerts that name a schedule."""

Way = tuple[st.Page, str, dict[str, str]]
"""A page, what its link is called, and the address that it opens with."""


def draw(
    accounts: Sequence[Json], alerts: Sequence[Json], failed: Sequence[Json] = (), *, way_to_data: bool = True
) -> int:
    """Accounts that no longer answer, then what else is wrong; `failed` are runs that the page shows by themselves.
    How many there are."""
    unreachable = [account for account in accounts if account["status"] in NEEDS]
    for account in unreachable:
        way = (places.data(), "Open Data", {"brand": account["brand_id"]}) if way_to_data else None
        _draw(account_words(account), "key_off", way)
    shown = distinct(alerts, accounts, failed)
    for alert in shown:
        kind, _, job_id = alert["cause_key"].partition(":")
        if kind in OF_A_JOB:
            _draw(alert["text"], "notifications", (places.ad_scheduler(), "Open schedule", {"job": job_id}))
        else:
            _draw(alert["text"], "notifications", None)
    return len(unreachable) + len(shown)


def draw_of(db: Database, brand_id: str | None = None) -> None:
    """The same for every brand there is, or one, as they are now."""
    found = overviews.troubles(db, brand_id)
    draw(found["accounts"], found["alerts"])


def account_words(account: Json) -> str:
    """What is wrong with an ad account, in a sentence or two."""
    said = f"{account['name'] or account['account_id']} {NEEDS[account['status']]}."
    return f"{said} {account['status_reason']}" if account["status_reason"] else said


def distinct(alerts: Sequence[Json], accounts: Sequence[Json], failed: Sequence[Json]) -> list[Json]:
    """The alerts whose cause nothing else on the page says."""
    said = {str(run["job_id"]) for run in failed}
    locked_out = {account["brand_id"] for account in accounts if account["status"] == "needs_reauth"}
    return [
        alert
        for alert in alerts
        if alert["cause_key"].partition(":")[2] not in said
        and not (alert["cause_key"].startswith("job-reauth:") and alert["brand_id"] in locked_out)
    ]


def unexplained(failed: Sequence[Json], accounts: Sequence[Json]) -> list[Json]:
    """The failed runs that are worth their own line: one that a refused token explains is not."""
    locked_out = any(account["status"] == "needs_reauth" for account in accounts)
    return [run for run in failed if not (run["error_class"] == "needs_reauth" and locked_out)]


def _draw(text: str, icon: str, way: Way | None) -> None:
    if way is None:
        st.warning(words.literal(text), icon=f":material/{icon}:")
        return
    said, link = st.columns([6, 1.3], vertical_alignment="center")
    said.warning(words.literal(text), icon=f":material/{icon}:")
    page, label, query = way
    link.page_link(page, label=label, query_params=query)
