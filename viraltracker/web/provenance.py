"""Who read something, and which of a closed list's labels they chose, in words."""

from __future__ import annotations

from datetime import datetime

from viraltracker.creatives import in_words, taxonomy
from viraltracker.web import times, words


def by(classifier: str) -> str:
    """As the end of a sentence: by rules, from a demo reading."""
    named = in_words.classifier(classifier)
    return f"from a {named}" if named == in_words.DEMO else f"by {named}"


def line(classifier: str, moment: str, zone: str, now: datetime) -> str:
    """HTML: who and when, with the exact classifier and UTC on hover."""
    said = by(classifier)
    return (
        f'<span title="{words.html(classifier)}">{words.html(in_words.capital(said))}</span>, '
        f"{times.span(moment, zone, now)}"
    )


def label(name: str | None) -> str:
    """A label of a closed list in words, as in Problem aware; a dash where there is none."""
    return in_words.capital(in_words.label(name)) if name else "–"


def defined(of_list: str, name: str | None) -> str:
    """HTML: a label with its definition on hover."""
    known = taxonomy.LISTS[of_list].get(name or "")
    if known is None:
        return words.html(label(name))
    return f'<abbr title="{words.html(f"{known.means} Not {known.unlike}")}">{words.html(label(name))}</abbr>'
