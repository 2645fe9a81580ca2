"""What a job's form asks, out of the parameters model of its type, and what its answers mean. Draws nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, Literal

from cron_descriptor import ExpressionDescriptor, FormatException, Options
from pydantic import BaseModel

from viraltracker.errors import BadInput
from viraltracker.scheduling import cron
from viraltracker.scheduling.cron import Upcoming

Json = dict[str, Any]
Kind = Literal["whole", "number", "switch", "choice", "day", "text"]
Repeat = Literal["now", "once", "daily", "weekly", "cron"]

UPCOMING: Final = 5
"""Next runs that a form shows."""
WEEKDAYS: Final = {
    1: "Monday",
    2: "Tuesday",
    3: "Wednesday",
    4: "Thursday",
    5: "Friday",
    6: "Saturday",
    0: "Sunday",
}
"""By their number in a cron expression."""

_DAILY: Final = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* \*")
_WEEKLY: Final = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* ([0-7](?:,[0-7])*)")


@dataclass(frozen=True)
class Field:
    """One question of a form. `low` and `high` are inclusive; `options` are a choice's; `optional` may be left out."""

    name: str
    title: str
    help: str
    kind: Kind
    default: Any
    low: float | None = None
    high: float | None = None
    options: tuple[str, ...] = ()
    optional: bool = False
    asked: bool = True
    """Whether a form asks for it; what it does not ask for stays as a saved job has it."""

    @property
    def is_settled(self) -> bool:
        """A choice of one is none, and is not asked."""
        return self.kind == "choice" and len(self.options) == 1 and not self.optional

    @property
    def explained(self) -> str:
        """What it does, with its bounds."""
        if self.low is None or self.high is None:
            return self.help
        return f"{self.help} From {self.low:g} to {self.high:g}; {self.default:g} unless changed.".strip()


def fields(model: type[BaseModel]) -> list[Field]:
    """The questions of a parameters model, in its order: titles, help, bounds and defaults as it states them."""
    schema = model.model_json_schema()
    return [
        _field(name, given, name in schema.get("required", []), schema.get("$defs", {}))
        for name, given in schema.get("properties", {}).items()
    ]


def _field(name: str, given: Json, required: bool, definitions: Json) -> Field:
    variants = [variant for variant in given.get("anyOf", [given]) if variant.get("type") != "null"]
    shape: Json = variants[0]
    if "$ref" in shape:
        shape = definitions[shape["$ref"].rpartition("/")[2]]
    options = shape.get("enum") or ([shape["const"]] if "const" in shape else [])
    kinds: dict[str, Kind] = {"integer": "whole", "number": "number", "boolean": "switch"}
    kind: Kind = kinds.get(shape.get("type", ""), "text")
    if options:
        kind = "choice"
    elif shape.get("format") == "date":
        kind = "day"
    return Field(
        name=name,
        title=given.get("title") or name.replace("_", " ").capitalize(),
        help=given.get("description", ""),
        kind=kind,
        default=given.get("default"),
        low=shape.get("minimum"),
        high=shape.get("maximum"),
        options=tuple(str(option) for option in options),
        optional=not required and given.get("default") is None,
        asked=given.get("asked", True),
    )


@dataclass(frozen=True)
class Timing:
    """When a job runs. `at` is a wall-clock time in `zone`, without one of its own; `days` are cron's weekdays."""

    repeat: Repeat
    zone: str
    at: datetime | None = None
    time_of_day: time = time(7, 0)
    days: tuple[int, ...] = (1,)
    expression: str = "0 7 * * *"

    @property
    def cron_expression(self) -> str | None:
        """Its five fields, None for a job that runs once. Raises BadInput for a week without a day."""
        minute_hour = f"{self.time_of_day.minute} {self.time_of_day.hour}"
        match self.repeat:
            case "daily":
                return f"{minute_hour} * * *"
            case "weekly":
                if not self.days:
                    raise BadInput("Choose at least one day of the week.")
                return f"{minute_hour} * * {','.join(str(day) for day in sorted(self.days))}"
            case "cron":
                return self.expression.strip()
            case _:
                return None

    def next_times(self, now: datetime, shortest_gap: timedelta) -> list[Upcoming]:
        """The times to come. Raises BadInput for a time that has passed or an expression that is no use: one that never
        fires, or more often than `shortest_gap`."""
        expression = self.cron_expression
        if expression is not None:
            cron.require_gap(expression, self.zone, now, shortest_gap)
            return cron.upcoming(expression, self.zone, now, UPCOMING)
        if self.repeat == "now":
            return [Upcoming(now)]
        if self.at is None:
            raise BadInput("Choose the day and the time.")
        moment = self.at.replace(tzinfo=cron.zone(self.zone)).astimezone(UTC)
        if moment <= now:
            raise BadInput("This time has passed; choose one that lies ahead, or Run now.")
        return [Upcoming(moment)]

    def columns(self, now: datetime, shortest_gap: timedelta) -> Json:
        """The columns of `scheduled_jobs` that say when; `next_run_at` None means at once. Raises as `next_times`."""
        expression = self.cron_expression
        first = None if self.repeat == "now" else self.next_times(now, shortest_gap)[0].moment
        return {
            "schedule_type": "one_time" if expression is None else "recurring",
            "cron_expression": expression,
            "timezone": self.zone,
            "next_run_at": first,
        }


def timing_of(job: Json) -> Timing:
    """The timing that a stored schedule has."""
    zone, expression = job["timezone"], job["cron_expression"]
    if expression is None:
        if job["next_run_at"] is None:
            return Timing("now", zone)
        moment = datetime.fromisoformat(job["next_run_at"]).astimezone(cron.zone(zone))
        return Timing("once", zone, at=moment.replace(tzinfo=None))
    if (daily := _DAILY.fullmatch(expression)) and _is_time(daily):
        return Timing("daily", zone, time_of_day=time(int(daily[2]), int(daily[1])), expression=expression)
    if (weekly := _WEEKLY.fullmatch(expression)) and _is_time(weekly):
        days = tuple(sorted({int(day) % 7 for day in weekly[3].split(",")}))
        moment_of_day = time(int(weekly[2]), int(weekly[1]))
        return Timing("weekly", zone, time_of_day=moment_of_day, days=days, expression=expression)
    return Timing("cron", zone, expression=expression)


def _is_time(found: re.Match[str]) -> bool:
    return int(found[1]) < 60 and int(found[2]) < 24


def in_words(job: Json) -> str:
    """When a stored schedule runs, as in Every day at 07:00 (Europe/Berlin)."""
    expression = job["cron_expression"]
    if expression is None:
        return "Once"
    return f"{describe(expression)} ({job['timezone']})"


def describe(expression: str) -> str:
    """A cron expression in words; as it is where there are none for it."""
    text = cron.ALIASES.get(expression.strip().lower(), expression.strip())
    options = Options()
    options.use_24hour_time_format = True
    options.locale_code = "en_US"
    try:
        said: str = ExpressionDescriptor(text, options).get_description()
    except FormatException:
        return expression
    if _DAILY.fullmatch(text):
        return f"Every day {said[:1].lower()}{said[1:]}"
    return said
