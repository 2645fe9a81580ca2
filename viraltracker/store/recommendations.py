"""The inbox of recommendations, what people answer to them, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Literal

from viraltracker.errors import NotFound
from viraltracker.store.client import Database

Json = dict[str, Any]
State = Literal["pending", "acknowledged", "acted_on", "partially_acted", "ignored", "dismissed"]

OPEN: Final = ("pending", "acknowledged")
"""States in which nobody has decided yet."""
CLEAR: Final = ""
"""As a note: take the note away."""


def inbox(db: Database, brand_id: str, *, today: date) -> Json:
    """`{run, open, snoozed, answered}` of one brand; `run` is None before the first analysis.

    `open` has most money at stake first, `snoozed` (until a day after `today`) who wakes first, `answered` the newest
    100. A card is a row of `ad_intelligence_recommendations` with `ad_count`, `window` `{from, to, source}`, the first
    twelve of `detail.ads`, and `outcomes`: `{days, measured_on, verdict, detail, created_at}`, 14 days before 28.
    """
    answer: Json = db.call("recommendation_inbox", p_brand=brand_id, p_today=today)
    return answer


def standing(db: Database, brand_id: str, scope: str) -> list[Json]:
    """`id, cause_key, state, snoozed_until` of the recommendations that stand in a scope.

    The state is that of the cause, whichever window it was answered in, and `id` is the row to answer.
    """
    answer: list[Json] = db.call("recommendation_states", p_brand=brand_id, p_scope=scope)
    return answer


def answer(
    db: Database, recommendation_id: str, state: State, *, reason: str | None = None, snoozed_until: date | None = None
) -> None:
    """Replaces what was answered. `pending` opens it again, with `snoozed_until` from the morning of that day.

    Raises Refused without the right to write, BadInput for a dismissal without a reason.
    """
    db.call(
        "answer_recommendation",
        p_recommendation=recommendation_id,
        p_state=state,
        p_reason=reason,
        p_snoozed_until=snoozed_until,
    )


def note(db: Database, recommendation_id: str, text: str) -> None:
    """A note beside the answer, in place of an earlier one; `CLEAR` takes it away. Raises what `answer` raises."""
    db.call("answer_recommendation", p_recommendation=recommendation_id, p_note=text)


def one(db: Database, recommendation_id: str) -> Json:
    """One row as it stands; NotFound when it is not visible."""
    rows = db.rows("ad_intelligence_recommendations", where={"id": recommendation_id})
    if not rows:
        raise NotFound("This recommendation is no longer there.")
    return rows[0]


def of_cause(db: Database, brand_id: str, cause: str) -> Json | None:
    """The newest row of a cause, whatever became of it; None where no analysis has named it."""
    where = {"brand_id": brand_id, "cause_key": cause}
    found = db.newest("ad_intelligence_recommendations", where=where, order="created_at", limit=1)
    return found[0] if found else None


def due(db: Database, brand_id: str, *, until: date) -> list[Json]:
    """Deeds whose 14 or 28 days after ended by `until` and were not measured yet.

    `recommendation_id, action, days, acted_on, currency, goal, target_cpa, stored`, and `affected` and `untouched`:
    `{before, after}`, each `{spend, purchases, results, ads}`; a side without rows is absent, all of it None without
    any. `stored` counts the days of each side that are there. For the worker.
    """
    answer: list[Json] = db.call("due_outcomes", p_brand=brand_id, p_until=until)
    return answer


def save_outcomes(db: Database, brand_id: str, outcomes: Sequence[Json]) -> int:
    """Stores `recommendation_id, days, measured_on, verdict, detail`; gives how many were not there. For the worker."""
    return int(db.call("save_outcomes", p_brand=brand_id, p_outcomes=list(outcomes)))
