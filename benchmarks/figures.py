"""A benchmark's outcome, as a plain table or as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_NAME_WIDTH = 66


@dataclass(frozen=True)
class Figure:
    """One measured number. `at_most` is the target it has to meet, where one is stated."""

    name: str
    value: float
    unit: str
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return None if self.at_most is None else self.value <= self.at_most

    def __str__(self) -> str:
        line = f"  {self.name:<{_NAME_WIDTH}}{shown(self.value):>12} {self.unit:<12}"
        if self.at_most is not None:
            line += f" target ≤ {shown(self.at_most)}: {'met' if self.met else 'MISSED'}"
        return line.rstrip()


@dataclass(frozen=True)
class Result:
    """What one benchmark found. `text` is the output of one that prints for itself, `passed` its own judgement."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    text: str = ""
    passed: bool = True

    @property
    def met(self) -> bool:
        """Whether every stated target is met."""
        return self.passed and all(figure.met is not False for figure in self.figures)

    def __str__(self) -> str:
        return "\n".join([self.title, *(str(figure) for figure in self.figures), *self.text.splitlines()])

    def as_dict(self) -> dict[str, Any]:
        """JSON."""
        figures = [
            {"name": figure.name, "value": figure.value, "unit": figure.unit}
            | ({} if figure.at_most is None else {"at_most": figure.at_most, "met": figure.met})
            for figure in self.figures
        ]
        found = {"title": self.title, "met": self.met, "figures": figures}
        return found | ({"lines": self.text.splitlines()} if self.text else {})


def shown(value: float) -> str:
    """Three digits that count, and thousands apart."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
