"""The shape of an answer, as it is shown and as it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from viraltracker.chat.commands import Choice, Intent
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database

Json = dict[str, Any]

MOST_LINES: Final = 8
MOST_CARDS: Final = 3
ENVELOPE: Final = "answer"


class _Parsed(Protocol):
    def model_dump(self, *, mode: str) -> Json: ...


class JobKind(Protocol):
    """What the chat needs of a job type."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def max_attempts(self) -> int: ...
    @property
    def timeout_s(self) -> int: ...
    def parse(self, values: Json) -> _Parsed: ...


@dataclass(frozen=True)
class Person:
    """Who asks. `db` acts with their own rights; `zone` is the IANA zone of their screen, if it is known."""

    db: Database
    brands: Sequence[Brand]
    may_write: Callable[[Brand], bool]
    kinds: Mapping[str, JobKind]
    zone: str | None = None


@dataclass(frozen=True)
class Asked:
    """A question in its surroundings. `memory` is the last answer's, `key` names the message that asked it."""

    person: Person
    brand: Brand
    intent: Intent
    line: str
    key: str
    now: datetime
    memory: Json

    @property
    def db(self) -> Database:
        """The database with the person's own rights."""
        return self.person.db


def tool_result(tool: str, arguments: Json, rows: Sequence[Json], arithmetic: Sequence[str] = ()) -> Json:
    """What a tool returned: the drawer under an answer shows it. `columns` keeps the order that stored rows lose."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return {
        "tool": tool,
        "arguments": arguments,
        "columns": columns,
        "rows": list(rows),
        "arithmetic": list(arithmetic),
    }


@dataclass(frozen=True)
class Answer:
    """`lines` are plain text, never markup. `blocks` as in `analysis.blocks`, cards first; `facts` is the part of the
    analysis' summary that drawing them needs. `job` is `{run_id, job_type, label, line}` of work that has to end before
    the answer is there. `confirm` is `{label, deed}` of a change that waits for a yes. `memory` is what a next
    question may refer to.
    """

    lines: Sequence[str]
    blocks: Sequence[Json] = ()
    facts: Json = field(default_factory=dict)
    tools: Sequence[Json] = ()
    suggestions: Sequence[Choice] = ()
    job: Json | None = None
    confirm: Json | None = None
    memory: Json = field(default_factory=dict)

    def stored(self, key: str) -> list[Json]:
        """The `tool_results` of the message that keeps it."""
        envelope = {
            "tool": ENVELOPE,
            "key": key,
            "blocks": list(self.blocks),
            "facts": self.facts,
            "suggestions": [{"label": choice.label, "line": choice.line} for choice in self.suggestions],
            "job": self.job,
            "confirm": self.confirm,
            "memory": self.memory,
        }
        return [envelope, *self.tools]


def facts(summary: Json) -> Json:
    """What drawing the blocks of an analysis needs of its summary."""
    names = ("currency", "target", "window", "prior_window", "attribution")
    return {name: summary[name] for name in names} | {"totals": {"cpa": summary["totals"]["cpa"]}}


def shown(*blocks: Json) -> list[Json]:
    """The blocks that have something to show: a table without a row is none."""
    return [block for block in blocks if block.get("rows") != []]


def choices(*lines: str | tuple[str, str]) -> tuple[Choice, ...]:
    """Suggestions: a line that says itself, or (label, line)."""
    return tuple(Choice(*line) if isinstance(line, tuple) else Choice(line, line) for line in lines)
