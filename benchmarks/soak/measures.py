"""Numbers of a play: how long what a worker held was away, how long runs waited, how much memory grew."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from benchmarks.soak import verdict
from benchmarks.soak.fleet import Blow
from benchmarks.soak.load import Load
from benchmarks.soak.records import Records, Transition

ON_THE_WAY_SECONDS = 0.5
"""What ends so soon after its worker was hit had been told to the database before."""

AFTER_OUTAGE_SECONDS = 10.0
"""A worker's longest pause between two tries to reach the database, and a little."""


@dataclass(frozen=True)
class Recovery:
    """A run whose worker was killed or frozen, and seconds until another had it, or until it was given up as lost."""

    run: str
    kind: str
    at: float
    seconds: float


def recoveries(records: Records, blows: Sequence[Blow]) -> list[Recovery]:
    """For every run that a worker held when it was killed or frozen, and did not end itself once it was let go on."""
    found = []
    held_by: dict[str, list[tuple[str, int]]] = {}
    for run, transitions in records.transitions.items():
        for index, transition in enumerate(transitions):
            if transition.is_claim and transition.worker is not None:
                held_by.setdefault(transition.worker, []).append((run, index))
    for blow in blows:
        worker = blow.member.booted().worker
        if blow.kind not in ("killed", "frozen") or worker is None:
            continue
        until = _let_go_on(blow, blows)
        for run, index in held_by.get(worker, []):
            following = _taken_over(records.transitions[run], index, blow.at, until)
            if following is not None:
                found.append(Recovery(run, blow.kind, blow.at, following.at - blow.at))
    return found


def _let_go_on(blow: Blow, blows: Sequence[Blow]) -> float:
    """When a frozen worker was let go on; never, for one that was killed."""
    later = (other for other in blows if other.member is blow.member and other.at > blow.at)
    return min((other.at for other in later if other.kind == "let go on"), default=float("inf"))


def _taken_over(transitions: Sequence[Transition], claim: int, at: float, until: float) -> Transition | None:
    """What ended the wait of a run that was held from before `at` and taken away between then and `until`, or None."""
    held, later = transitions[claim], transitions[claim + 1 :]
    if held.at > at or not later or not at + ON_THE_WAY_SECONDS < later[0].at < until:
        return None
    if later[0].state == "queued" and len(later) > 1:
        return later[1]
    return later[0] if later[0].state == "failed" else None


def start_lags(records: Records, load: Load, outages: Sequence[tuple[float, float]]) -> list[float]:
    """Seconds from the time a run was due to its first claim, where a slot was free all the while, no limit held it
    back and the database was there."""
    free = _FreeSlots(records, load)
    limited = {key for (_, key) in load.limits}
    disturbed = [(began, ended + AFTER_OUTAGE_SECONDS) for began, ended in outages]
    lags = []
    for transitions in records.transitions.values():
        first = next((transition for transition in transitions if transition.is_claim), None)
        if first is None or first.epoch != 1 or first.brand in limited or first.job_type in limited:
            continue
        if any(began <= first.at and first.run_at <= ended for began, ended in disturbed):
            continue
        if free.least(first.run_at, first.at) > 0:
            lags.append(max(0.0, first.at - first.run_at))
    return lags


class _FreeSlots:
    """Slots of workers that were up and not frozen, less all runs that were running."""

    def __init__(self, records: Records, load: Load) -> None:
        slots = load.stage.fleet.tempo.slots
        changes = [(booted.at, slots) for booted in records.boots if booted.worker is not None]
        changes += [
            (blow.at, slots if blow.kind == "let go on" else -slots)
            for blow in load.stage.fleet.blows
            if blow.member.booted().worker is not None
        ]
        for transitions in records.transitions.values():
            for transition in transitions:
                if transition.is_claim:
                    changes.append((transition.at, -1))
                elif transition.before == "running":
                    changes.append((transition.at, 1))
        changes.sort()
        self._at = [at for at, _ in changes]
        self._free = list(accumulate(change for _, change in changes))

    def least(self, begin: float, end: float) -> int:
        """The fewest free slots from `begin` to just before `end`."""
        first = max(0, bisect_right(self._at, begin) - 1)
        last = bisect_left(self._at, end)
        return min(self._free[first:last], default=0)


def repeated_work(records: Records) -> int:
    """Handlers that came to their end more than once for a run, which at-least-once execution allows."""
    done: dict[str, int] = {}
    for worked in records.worked:
        if worked.outcome == "succeeded":
            done[worked.run] = done.get(worked.run, 0) + 1
    return sum(count - 1 for count in done.values())


def count_lost(records: Records) -> int:
    """Occurrences with no terminal row."""
    return len(list(verdict.lost_occurrences(records)))


def count_duplicates(records: Records) -> int:
    """Occurrences, ends or starts that are there twice."""
    return len(list(verdict.duplicates(records)))


def share_of(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed; 0 where there are none."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0
