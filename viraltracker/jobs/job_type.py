"""What makes a job type: parameters that are checked and shown, and a handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

import pydantic
from pydantic_core import ErrorDetails

from viraltracker.errors import BadInput
from viraltracker.jobs.context import JobContext

Result = dict[str, Any]
"""What a run stores and shows; JSON. A run stopped by a cap succeeds and says `remaining`."""


class Parameters(pydantic.BaseModel):
    """The root of every parameters model: unknown names are refused, so a typo is not a silent default."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


OUT_OF_BOUNDS = frozenset({"greater_than_equal", "less_than_equal"})
"""What Pydantic calls a number outside of its field's bounds."""

ASKED_ELSEWHERE: dict[str, pydantic.JsonValue] = {"asked": False}
"""`json_schema_extra` of a field that no form asks for, such as a file's hash; what a saved job has of it stays."""

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True)
class JobType(Generic[P]):
    """One kind of work. Titles, bounds and descriptions of the parameters' fields make its form."""

    name: str
    label: str
    icon: str
    description: str
    parameters: type[P]
    run: Callable[[JobContext, P], Result]
    max_attempts: int = 3
    timeout_s: int = 3600
    shortest_gap: timedelta = timedelta(minutes=5)
    """Whoever wants it more often has a typo in the minute field: the data does not move that fast."""

    def parse(self, values: dict[str, Any]) -> P:
        """The checked parameters; BadInput names each field that is wrong and its bounds."""
        try:
            return self.parameters.model_validate(values)
        except pydantic.ValidationError as error:
            faults = "; ".join(self._fault(fault) for fault in error.errors(include_url=False, include_input=False))
            raise BadInput(f"{self.label}: {faults}.") from None

    def _fault(self, fault: ErrorDetails) -> str:
        name = ".".join(str(part) for part in fault["loc"])
        field = self.parameters.model_fields.get(name)
        if fault["type"] == "extra_forbidden":
            return f"there is no parameter {name}; there is {', '.join(self.parameters.model_fields) or 'none'}"
        if field is None and fault["type"] == "value_error":
            return str(fault["ctx"]["error"]).removesuffix(".")
        if field is None:
            return f"{name or 'parameters'}: {fault['msg']}"
        title = f"{field.title} ({name})" if field.title else name
        low, high = (
            next((getattr(bound, end) for bound in field.metadata if hasattr(bound, end)), None) for end in ("ge", "le")
        )
        if fault["type"] in OUT_OF_BOUNDS and None not in (low, high):
            return f"{title} must be from {low:,g} to {high:,g}"
        if fault["type"] in OUT_OF_BOUNDS and low is not None:
            return f"{title} must be at least {low:,g}"
        return f"{title}: {fault['msg']}"

    def execute(self, context: JobContext, values: dict[str, Any]) -> Result:
        """Checks the stored parameters and runs the handler."""
        return self.run(context, self.parse(values))
