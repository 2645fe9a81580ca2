"""`viraltracker jobs …`: schedules and their runs."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from viraltracker import clock
from viraltracker.cli import output, session, work
from viraltracker.cli.app import JsonOption, jobs_app
from viraltracker.errors import BadInput, NotFound
from viraltracker.jobs import registry
from viraltracker.scheduling import cron, waiting
from viraltracker.store import brands, schedules

PER_PAGE = 200
KEPT = (
    "id",
    "revision",
    "brand_id",
    "job_type",
    "schedule_type",
    "start_at",
    "end_at",
    "max_runs",
    "misfire_policy",
    "misfire_window_s",
    "overlap_policy",
    "jitter_s",
    "priority",
    "max_attempts",
    "timeout_s",
)
"""Columns of a schedule that an edit gives back as they are."""
SCOPES = ("global", "job_type", "organization", "brand", "brand_job_type")
UNSET: Final[tuple[object, ...]] = (None, "", [], {})
"""What a column says when nobody has set it."""
BrandOption = Annotated[str | None, typer.Option("--brand", help="Only this brand's.")]


@jobs_app.command("list")
def list_jobs(
    brand: BrandOption = None,
    status: Annotated[
        str | None, typer.Option(help="active, held, paused, invalid, completed, archived, or current.")
    ] = None,
    result: Annotated[str | None, typer.Option(help="How the last run went: failed, succeeded, never, …")] = None,
    search: Annotated[str | None, typer.Option(help="A part of the name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Schedules with their state, next time and last run."""
    with session.opened() as opened:
        given = {"status": status, "result": result, "search": search}
        filters = {name: value for name, value in given.items() if value}
        if brand:
            filters["brand"] = brands.find(opened.db, brand).id
        found: list[dict[str, Any]] = []
        while page := schedules.listed(opened.db, filters, limit=PER_PAGE, offset=len(found))["jobs"]:
            found += page
    if as_json:
        output.print_json(found)
        return
    rows = [
        (
            job["name"],
            job["job_type"],
            job["brand_name"],
            "held" if job["held_for"] and job["status"] == "active" else job["status"],
            _moment(job["next_run_at"], job["timezone"]),
            (job["last_run"] or {}).get("state", "never ran"),
            job["id"],
        )
        for job in found
    ]
    output.table(None, ("Job", "Type", "Brand", "Status", "Next run", "Last run", "Id"), rows, whole=(4, 6))


@jobs_app.command()
def show(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="A job's or a run's id.")], as_json: JsonOption = False
) -> None:
    """One schedule with its last twenty runs, or one run with its events."""
    with session.opened() as opened:
        try:
            job = schedules.job(opened.db, job_id)
            found: dict[str, Any] = {**job, "runs": schedules.runs(opened.db, job_id=job["id"])}
        except NotFound:
            run = schedules.run(opened.db, job_id)
            found = {**run, "events": schedules.events(opened.db, run["id"])}
    if as_json:
        output.print_json(found)
        return
    hidden = {"runs", "events"}
    known = {name: value for name, value in found.items() if name not in hidden and value not in UNSET}
    output.table(None, ("", ""), [(name, _set(value)) for name, value in known.items()])
    for run in found.get("runs", []):
        output.say(
            f"{run['id']}  {run['state']:<10} {run['trigger']:<9} try {run['attempt']}  {run['error_message'] or ''}"
        )
    for event in found.get("events", []):
        output.say(f"{event['at']}  {event['level']:<8} {event['message']}")


@jobs_app.command()
def create(
    job_type: Annotated[str, typer.Argument(metavar="TYPE", help="For example meta_sync.")],
    brand: Annotated[str, typer.Option(help="The brand it works for.")],
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    expression: Annotated[
        str | None, typer.Option("--cron", help="Five fields or @daily; without it, runs once.")
    ] = None,
    timezone: Annotated[str, typer.Option("--tz", help="IANA zone of the expression.")] = "UTC",
    at: Annotated[datetime | None, typer.Option(help="Once, at this time in --tz; without it, now.")] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, NAME=VALUE; may be repeated.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Save a schedule, or a job that runs once."""
    kind = registry.get(registry.standard(), job_type)
    checked = kind.parse(_parameters(parameters or []))
    now = clock.now()
    job: dict[str, Any] = {
        "job_type": job_type,
        "name": name or kind.label,
        "parameters": checked.model_dump(mode="json"),
        "timezone": timezone,
        "max_attempts": kind.max_attempts,
        "timeout_s": kind.timeout_s,
    }
    if expression is not None:
        if at is not None:
            raise typer.BadParameter("--cron and --at exclude each other")
        cron.require_gap(expression, timezone, now, kind.shortest_gap)
        job |= {
            "schedule_type": "recurring",
            "cron_expression": expression,
            "next_run_at": cron.next_time(expression, timezone, now),
        }
    else:
        job |= {"schedule_type": "one_time", "next_run_at": at.replace(tzinfo=cron.zone(timezone)) if at else None}
    with session.opened() as opened:
        job["brand_id"] = brands.find(opened.db, brand).id
        saved = schedules.save(opened.db, job, now=now)
    _answer({"job_id": saved.job_id, "run_id": saved.run_id}, as_json)


@jobs_app.command()
def edit(
    job_id: Annotated[str, typer.Argument(metavar="JOB")],
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    expression: Annotated[str | None, typer.Option("--cron", help="Five fields or @daily.")] = None,
    timezone: Annotated[str | None, typer.Option("--tz", help="IANA zone of the expression.")] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, NAME=VALUE; may be repeated, others stay.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Change a recurring schedule; what is not named stays as it is."""
    with session.opened() as opened:
        job = schedules.job(opened.db, job_id)
        if job["schedule_type"] != "recurring":
            raise BadInput("Only a recurring schedule can be changed; create the job again.")
        kind = registry.get(registry.standard(), job["job_type"])
        now = clock.now()
        changed = {column: job[column] for column in KEPT} | {
            "name": name or job["name"],
            "parameters": kind.parse(job["parameters"] | _parameters(parameters or [])).model_dump(mode="json"),
            "cron_expression": expression or job["cron_expression"],
            "timezone": timezone or job["timezone"],
        }
        cron.require_gap(changed["cron_expression"], changed["timezone"], now, kind.shortest_gap)
        changed["next_run_at"] = cron.next_time(changed["cron_expression"], changed["timezone"], now)
        saved = schedules.save(opened.db, changed, now=now)
    _answer({"job_id": saved.job_id, "next_run_at": changed["next_run_at"].isoformat()}, as_json)


@jobs_app.command("run-now")
def run_now(
    job_id: Annotated[str, typer.Argument(metavar="JOB")],
    follow: Annotated[bool, typer.Option("--wait", help="Show its progress and wait for its end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a schedule now, without touching its next time."""
    with session.opened(worker=follow) as opened:
        saved = schedules.run_now(opened.db, schedules.job(opened.db, job_id)["id"], f"cli:{uuid.uuid4()}")
        if follow and saved.run_id is not None:
            work.wait(opened, saved.run_id, quiet=as_json)
    _answer({"job_id": saved.job_id, "run_id": saved.run_id}, as_json)


@jobs_app.command()
def cancel(run_id: Annotated[str, typer.Argument(metavar="RUN")], as_json: JsonOption = False) -> None:
    """Cancel a queued run, or ask a running one to stop."""
    with session.opened() as opened:
        state = schedules.stop(opened.db, schedules.run(opened.db, run_id)["id"])
    _answer({"run_id": run_id, "state": state}, as_json)


@jobs_app.command()
def retry(run_id: Annotated[str, typer.Argument(metavar="RUN")], as_json: JsonOption = False) -> None:
    """Queue a new run for one that ended without success."""
    with session.opened() as opened:
        saved = schedules.retry(opened.db, schedules.run(opened.db, run_id)["id"], f"retry:{run_id}:{uuid.uuid4()}")
    _answer({"job_id": saved.job_id, "run_id": saved.run_id}, as_json)


@jobs_app.command()
def pause(job_id: Annotated[str, typer.Argument(metavar="JOB")], as_json: JsonOption = False) -> None:
    """Stop a schedule from running until it is resumed."""
    with session.opened() as opened:
        changed = schedules.pause(opened.db, schedules.job(opened.db, job_id)["id"])
    _answer({"job_id": job_id, "paused": changed}, as_json)


@jobs_app.command()
def resume(job_id: Annotated[str, typer.Argument(metavar="JOB")], as_json: JsonOption = False) -> None:
    """Let a paused schedule run again, from its next time on."""
    with session.opened() as opened:
        job = schedules.job(opened.db, job_id)
        if job["cron_expression"] is None:
            raise BadInput("Only a recurring schedule can be resumed; create the job again.")
        now = clock.now()
        upcoming = cron.next_time(job["cron_expression"], job["timezone"], now)
        changed = schedules.resume(opened.db, job["id"], next_run_at=upcoming, now=now)
    _answer({"job_id": job_id, "resumed": changed}, as_json)


@jobs_app.command()
def archive(job_id: Annotated[str, typer.Argument(metavar="JOB")], as_json: JsonOption = False) -> None:
    """Take a schedule out of service for good; its history stays."""
    with session.opened() as opened:
        changed = schedules.archive(opened.db, [schedules.job(opened.db, job_id)["id"]])
    _answer({"job_id": job_id, "archived": bool(changed)}, as_json)


@jobs_app.command()
def why(run_id: Annotated[str, typer.Argument(metavar="RUN")], as_json: JsonOption = False) -> None:
    """Why a queued run does not run yet."""
    with session.opened() as opened:
        found = schedules.why_waiting(opened.db, schedules.run(opened.db, run_id)["id"])
    if as_json:
        output.print_json(found)
    else:
        output.say(
            waiting.why(found, lambda at: _moment(at, "UTC"))
            or f"It does not wait: look at `viraltracker jobs show {run_id}`."
        )


@jobs_app.command()
def workers(as_json: JsonOption = False) -> None:
    """Who works, with which version, and the limits on how much works at once."""
    with session.opened() as opened:
        found = schedules.fleet(opened.service)
    if as_json:
        output.print_json(found)
        return
    rows = [
        (
            worker["name"],
            worker["version"],
            f"{worker['running']} of {worker['slots']}",
            "stopped" if worker["stopped_at"] else f"heard {_moment(worker['last_seen_at'], 'UTC')}",
        )
        for worker in found["workers"]
    ]
    output.table("Workers", ("Worker", "Version", "Slots", "State"), rows)
    limits = [(limit["scope"], limit["key"], f"{limit['running']} of {limit['limit']}") for limit in found["limits"]]
    output.table("Limits", ("Scope", "Key", "Running"), limits)
    output.say(f"{found['queued']:,} due runs wait.")


@jobs_app.command()
def limit(
    scope: Annotated[str, typer.Argument(help="global, job_type, organization, brand or brand_job_type.")],
    key: Annotated[str, typer.Argument(help="*, a type, an id, or BRAND_ID:TYPE.")],
    most: Annotated[int | None, typer.Argument(min=0, help="Runs at once; 0 holds back, without it: no limit.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Set how many runs may work at once, or take the limit away."""
    if scope not in SCOPES:
        raise typer.BadParameter(f"the scope is one of {', '.join(SCOPES)}")
    with session.opened() as opened:
        schedules.set_limit(opened.service, scope, key, most)
    _answer({"scope": scope, "key": key, "limit": "none" if most is None else most}, as_json)


@jobs_app.command()
def alerts(as_json: JsonOption = False) -> None:
    """What needs a person: one open alert per cause."""
    with session.opened() as opened:
        found = schedules.open_alerts(opened.db)
    if as_json:
        output.print_json(found)
    elif not found:
        output.say("No open alerts.")
    else:
        output.table(None, ("Since", "What"), [(_moment(alert["opened_at"], "UTC"), alert["text"]) for alert in found])


def _parameters(pairs: list[str]) -> dict[str, str]:
    values = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise typer.BadParameter(f"--set takes NAME=VALUE, not {pair!r}")
        values[name] = value
    return values


def _set(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _moment(text: str | None, zone: str) -> str:
    if text is None:
        return "–"
    return datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")


def _answer(value: dict[str, Any], as_json: bool) -> None:
    if as_json:
        output.print_json(value)
    else:
        output.say(", ".join(f"{name.replace('_', ' ')} {item}" for name, item in value.items() if item is not None))
