"""Who reads: the free classifier reads everything, and of the models that there are keys for the first that can."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Protocol

from viraltracker.creatives.media import MediaFile
from viraltracker.creatives.model_reader import ModelReader
from viraltracker.creatives.readings import Input, Outcome, Reading, Unread
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.errors import BadInput
from viraltracker.llm.pool import ModelPool
from viraltracker.llm.request import Unanswered

MEASURED_AT_ONCE: Final = 16


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

    def best(self, given: Input) -> ModelReader | None:
        """The model that reads this input; None where only the free classifier can."""
        return next((model for model in self.models if model.reads(given)), None)

    @property
    def comparing(self) -> ModelReader | None:
        """The model that holds ads against their pages."""
        return next((model for model in self.models if model.reads_words), None)

    def by_name(self, name: str) -> ModelReader | None:
        """The model whose rows are called so, or None where its key is gone."""
        return next((model for model in self.models if model.name == name), None)


def choose(pool: ModelPool, *, concurrency: int = 32, sandbox_url: str | None = None) -> Panel:
    """The panel for the keys there are.

    Without any key, `sandbox_url` names the demo account's sandbox, which answers as Gemini would from readings of its
    pictures and videos that were written by hand; words are the rules' own.
    """
    readers = [ModelReader(model) for model in (pool.gemini(), pool.claude()) if model is not None]
    if not readers and sandbox_url is not None:
        readers = [ModelReader(pool.sandboxed(sandbox_url), reads_words=False)]
    return Panel(models=tuple(readers), concurrency=concurrency)


def named(name: str | None, pool: ModelPool) -> Classifier:
    """The classifier a person asks for, by its name with or without a version or model; None: the best one.

    Raises BadInput naming those there are.
    """
    panel = choose(pool)
    there: list[Classifier] = [*map(AskedForWords, panel.models), panel.free]
    if name is None:
        return there[0]
    wanted = name.strip().lower()
    for each in there:
        if wanted in (each.name.lower(), each.name.partition("@")[0].partition(":")[0]):
            return each
    names = ", ".join(each.name for each in there)
    hint = "" if panel.models else " Set GEMINI_API_KEY or ANTHROPIC_API_KEY for a model."
    raise BadInput(f'There is no classifier "{name}"; there is: {names}.{hint}')


@dataclass(frozen=True)
class AskedForWords:
    """A model that reads copies for a measurement: of no brand, so nothing is stored. `spent` says what it cost."""

    reader: ModelReader
    spent: list[Decimal] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The model's."""
        return self.reader.name

    def classify(self, inputs: Sequence[Input]) -> list[Outcome]:
        """One outcome for each input, in order, several under way at a time. Raises as `Model.ask` does."""
        if not inputs:
            return []
        with ThreadPoolExecutor(min(MEASURED_AT_ONCE, len(inputs)), thread_name_prefix="asking") as threads:
            return list(threads.map(self._one, inputs))

    def _one(self, given: Input) -> Outcome:
        request = self.reader.request(given, MediaFile(), bytes)
        if isinstance(request, Unread):
            return request
        result = self.reader.model.ask(request, guard=lambda: None)
        self.spent.append(result.cost_usd or Decimal(0))
        if isinstance(result, Unanswered):
            return Unread("invalid_reply" if result.reason == "invalid_reply" else "blocked", result.detail)
        assert isinstance(result.value, Reading)  # noqa: S101 the schema of words is a reading's
        return result.value
