"""Who read something, and which of a closed list's labels they chose, in words."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from viraltracker.creatives import taxonomy
from viraltracker.web import times, words

MODELS: Final = {"gemini": "Gemini", "claude": "Claude"}


def reader(classifier: str) -> str:
    """A classifier as people call it: rules, Gemini (its model), a demo reading, a person."""
    kind, _, model = classifier.partition(":")
    if kind in MODELS:
        return f"{MODELS[kind]} ({model})" if model else MODELS[kind]
    if kind == "sandbox":
        return "demo reading"
    if kind.partition("@")[0] == "rules":
        return "rules"
    return "a person" if kind == "human" else classifier


def by(classifier: str) -> str:
    """As the end of a sentence: by rules, from a demo reading."""
    named = reader(classifier)
    return f"from a {named}" if named == "demo reading" else f"by {named}"


def line(classifier: str, moment: str, zone: str, now: datetime) -> str:
    """HTML: who and when, with the exact classifier and UTC on hover."""
    said = by(classifier)
    return (
        f'<span title="{words.html(classifier)}">{words.html(said[0].upper() + said[1:])}</span>, '
        f"{times.span(moment, zone, now)}"
    )


def label(name: str | None) -> str:
    """A label of a closed list in words, as in Problem aware; a dash where there is none."""
    return "–" if not name else name.replace("_", " ").capitalize()


def defined(of_list: str, name: str | None) -> str:
    """HTML: a label with its definition on hover."""
    known = taxonomy.LISTS[of_list].get(name or "")
    if known is None:
        return words.html(label(name))
    return f'<abbr title="{words.html(f"{known.means} Not {known.unlike}")}">{words.html(label(name))}</abbr>'
