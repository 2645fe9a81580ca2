"""The seam between classification and whoever does the reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from viraltracker.creatives.readings import Input, Outcome, ReadingName
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.errors import BadInput
from viraltracker.settings import Settings


class Classifier(Protocol):
    """Reads inputs. `name` (`rules@1`, `gemini:MODEL`) stands in each row it makes.

    `readings` are those it can do, `pays_for_video` says that a video costs money, and `saved_together` how many
    outcomes may wait to be stored in one call: 1 where each is paid for.
    """

    @property
    def name(self) -> str: ...

    @property
    def readings(self) -> frozenset[ReadingName]: ...

    @property
    def pays_for_video(self) -> bool: ...

    @property
    def saved_together(self) -> int: ...

    def classify(self, inputs: Sequence[Input]) -> list[Outcome]:
        """One outcome for each input, in order: a reading, or why there is none."""
        ...


def choose(settings: Settings) -> Classifier:  # noqa: ARG001 the keys in it will choose between providers
    """The best classifier for these settings. There is one so far, which needs no key."""
    return RulesClassifier()


def named(name: str, settings: Settings) -> Classifier:
    """The classifier a person asks for, by its name with or without a version.

    Raises BadInput naming those there are.
    """
    best = choose(settings)
    if name.strip().lower() in (best.name, best.name.partition("@")[0].partition(":")[0]):
        return best
    raise BadInput(f'There is no classifier "{name}"; there is: {best.name}.')
