"""Who reads: the free classifier reads everything, and of the models that there are keys for the first that can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from viraltracker.creatives.congruence import CongruenceInput
from viraltracker.creatives.model_reader import ModelReader
from viraltracker.creatives.readings import Input, Outcome
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.llm.pool import ModelPool


class Classifier(Protocol):
    """Reads inputs at no cost. `name` (`rules@2`) stands in each row it makes."""

    @property
    def name(self) -> str: ...

    def classify(self, inputs: Sequence[Input]) -> list[Outcome]:
        """One outcome for each input, in order: a reading, or why there is none."""
        ...


@dataclass(frozen=True)
class Panel:
    """`models` in the order in which they are preferred; `concurrency` is how many calls one run has under way."""

    free: Classifier = field(default_factory=RulesClassifier)
    models: tuple[ModelReader, ...] = ()
    concurrency: int = 32

    @property
    def name(self) -> str:
        """Who reads best here."""
        return self.models[0].name if self.models else self.free.name

    def best(self, given: Input | CongruenceInput) -> ModelReader | None:
        """The model that reads this input; None where only the free classifier can."""
        return next((model for model in self.models if model.reads(given)), None)

    def by_name(self, name: str) -> ModelReader | None:
        """The model whose rows are called so, or None where its key is gone."""
        return next((model for model in self.models if model.name == name), None)


def choose(pool: ModelPool, *, concurrency: int = 32, sandbox_url: str | None = None) -> Panel:
    """The panel for the keys there are.

    Without any key, `sandbox_url` names the demo account's sandbox, which answers as Gemini would from readings that
    were written by hand.
    """
    models = [model for model in (pool.gemini(), pool.claude()) if model is not None]
    if not models and sandbox_url is not None:
        models = [pool.sandboxed(sandbox_url)]
    return Panel(models=tuple(map(ModelReader, models)), concurrency=concurrency)
