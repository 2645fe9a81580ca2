"""What makes a job type: parameters that are checked and shown, and a handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

import pydantic

from viraltracker.errors import BadInput
from viraltracker.jobs.context import JobContext

Result = dict[str, Any]
"""What a run stores and shows; JSON. A run stopped by a cap succeeds and says `remaining`."""


class Parameters(pydantic.BaseModel):
    """The root of every parameters model: unknown names are refused, so a typo is not a silent default."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


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
            faults = "; ".join(
                f"{'.'.join(str(part) for part in fault['loc']) or 'parameters'}: {fault['msg']}"
                for fault in error.errors(include_url=False, include_context=False, include_input=False)
            )
            raise BadInput(f"{self.label}: {faults}.") from None

    def execute(self, context: JobContext, values: dict[str, Any]) -> Result:
        """Checks the stored parameters and runs the handler."""
        return self.run(context, self.parse(values))
