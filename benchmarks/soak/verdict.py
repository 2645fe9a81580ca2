"""What must hold after any faults. Each check gives a sentence per breach; no sentence, no breach."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from benchmarks.soak.load import Load
from benchmarks.soak.records import Records

OVER = frozenset({"succeeded", "failed", "cancelled", "timed_out", "skipped"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The schedules there are, and how far their times lie apart; reckoned here without the product's cron.
PERIODS = {"* * * * *": timedelta(minutes=1), "0 * * * *": timedelta(hours=1)}

#: What a run may end as by the fate it was given, besides `cancelled` (a person, or its schedule's next time), `lost`
#: (its workers died more often than it has attempts) and `timed_out`.
FATES: Mapping[str, set[tuple[str, str | None]]] = {
    "succeeds": {("succeeded", None)},
    "fails_once": {("succeeded", None), ("failed", "transient")},
    "waits_once": {("succeeded", None)},
    "always_fails": {("failed", "transient")},
    "is_refused": {("failed", "permanent")},
}
ALWAYS_ALLOWED: set[tuple[str, str | None]] = {("cancelled", None), ("failed", "lost"), ("timed_out", "timeout")}


def breaches(records: Records, load: Load) -> list[str]:
    """Everything that did not hold."""
    return [*broken(records), *lost_requests(records, load), *limits(records, load.limits)]


def broken(records: Records) -> list[str]:
    """What did not hold, whatever the load was."""
    return [
        *lost_occurrences(records),
        *duplicates(records),
        *epochs(records),
        *two_at_once(records),
        *results(records),
        *chains(records),
        *schedules_taken_out(records),
    ]


def lost_occurrences(records: Records) -> Iterator[str]:
    """Every run is over, and every time that a schedule passed is a run or is counted in a skipped row."""
    for run in records.runs:
        if run["state"] not in OVER:
            yield f"run {run['id']} was left {run['state']}"
    recurring = {job["id"]: PERIODS[job["cron_expression"]] for job in records.jobs if job["cron_expression"]}
    owed: Counter[str] = Counter()
    for step in records.steps:
        if not step.by_harness and step.step_from is not None:
            owed[step.job] += 1 + _times_between(step.step_from, step.step_to, recurring[step.job])
    recorded: Counter[str] = Counter()
    for run in records.runs:
        if run["trigger"] == "schedule":
            recorded[run["job_id"]] += run["occurrences"]
    for job in recurring:
        if owed[job] != recorded[job]:
            yield f"schedule {job} owed {owed[job]} times and has {recorded[job]} on record"


def lost_requests(records: Records, load: Load) -> Iterator[str]:
    """What the database said yes to is there, once: one-time jobs and clicks."""
    runs_of = Counter(run["job_id"] for run in records.runs if run["trigger"] != "retry")
    for job in load.once:
        if runs_of[job] != 1:
            yield f"one-time job {job} has {runs_of[job]} runs"
    found = {run["idempotency_key"]: run["id"] for run in records.runs if run["trigger"] == "run_now"}
    if found != load.clicks:
        yield f"{len(load.clicks)} clicks were answered and {len(found)} are on record"


def duplicates(records: Records) -> Iterator[str]:
    """No occurrence twice, no run that ended twice, no handler started twice for the same claim."""
    times = Counter((run["job_id"], run["scheduled_for"]) for run in records.runs if run["trigger"] == "schedule")
    for (job, moment), count in times.items():
        if count > 1:
            yield f"schedule {job} has {count} rows for {moment}"
    for run, transitions in records.transitions.items():
        ends = [transition.state for transition in transitions if transition.state in OVER]
        if len(ends) > 1:
            yield f"run {run} ended more than once: {', '.join(ends)}"
    starts = Counter((worked.run, worked.epoch) for worked in records.worked)
    for (run, epoch), count in starts.items():
        if count > 1:
            yield f"run {run} was started {count} times under epoch {epoch}"


def epochs(records: Records) -> Iterator[str]:
    """Each claim of a run has a higher epoch than the one before it."""
    for run, transitions in records.transitions.items():
        claimed = [transition.epoch for transition in transitions if transition.is_claim]
        if any(later <= earlier for earlier, later in pairwise([0, *claimed])):
            yield f"run {run} was claimed under epochs {claimed}"


def two_at_once(records: Records) -> Iterator[str]:
    """Nobody passes a guard, or begins, once somebody else has the run."""
    claims = {
        (run, transition.epoch): transition.at
        for run, transitions in records.transitions.items()
        for transition in transitions
        if transition.is_claim
    }
    later = defaultdict(list)
    for (run, epoch), at in claims.items():
        later[run].append((epoch, at))
    for worked in records.worked:
        if (worked.run, worked.epoch) not in claims:
            if worked.run in records.transitions:
                yield f"run {worked.run} was worked on under epoch {worked.epoch}, which nobody was given"
            continue
        taken_over = min((at for epoch, at in later[worked.run] if epoch > worked.epoch), default=float("inf"))
        if worked.began > taken_over:
            yield f"run {worked.run} began {worked.began - taken_over:.3f} s after it had been given to another"
        if worked.guarded_at > taken_over:
            yield f"run {worked.run} went on {worked.guarded_at - taken_over:.3f} s after it had been given to another"


def limits(records: Records, allowed: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """At no moment more run at once than a limit lets; ends are counted when they were written, before they held."""
    for (scope, key), limit in allowed.items():
        most = most_at_once(records, scope, key)
        if most > limit:
            yield f"{most} runs at once under the {scope} limit of {limit}"


def most_at_once(records: Records, scope: str, key: str) -> int:
    """The most runs of a brand or a job type that were running at the same time."""
    changes = [
        (transition.at, 1 if transition.state == "running" else -1)
        for transitions in records.transitions.values()
        for transition in transitions
        if key == (transition.brand if scope == "brand" else transition.job_type)
        and "running" in (transition.before, transition.state)
    ]
    now = most = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def results(records: Records) -> Iterator[str]:
    """Runs end as they were meant to, and what is stored was written by the handler that held the run last."""
    succeeded = {(worked.run, worked.epoch) for worked in records.worked if worked.outcome == "succeeded"}
    for run in records.runs:
        if run["state"] == "skipped" or run["state"] not in OVER:
            continue
        end = (run["state"], run["error_class"])
        if end not in FATES[run["parameters"].get("fate", "succeeds")] | ALWAYS_ALLOWED:
            yield f"run {run['id']} with {run['parameters']} ended as {end}"
        if run["state"] == "succeeded":
            if run["result"] != {"epoch": run["lease_epoch"]}:
                yield f"run {run['id']} of epoch {run['lease_epoch']} holds the result {run['result']}"
            if (run["id"], run["lease_epoch"]) not in succeeded:
                yield f"run {run['id']} succeeded although no handler did under epoch {run['lease_epoch']}"


def chains(records: Records) -> Iterator[str]:
    """A success starts its next run once, anything else starts none."""
    started = Counter(run["chained_from"] for run in records.runs if run["chained_from"])
    for run in records.runs:
        wanted = int(run["state"] == "succeeded" and run["parameters"].get("links", 0) > 0)
        if started[run["id"]] != wanted:
            yield f"run {run['id']}, {run['state']}, started {started[run['id']]} runs instead of {wanted}"


def schedules_taken_out(records: Records) -> Iterator[str]:
    """No fault makes a schedule invalid."""
    for job in records.jobs:
        if job["status"] == "invalid":
            yield f"schedule {job['id']} was taken out of service: {job['status_reason']}"


def _times_between(earlier: datetime, later: datetime | None, period: timedelta) -> int:
    """How many multiples of the period lie strictly between two times."""
    if later is None:
        return 0
    return max(0, -((EPOCH - later) // period) - 1 - (earlier - EPOCH) // period)
