"""Labels as a person reads them: what each means, who says so, how sure, and which words argue for it. Gives HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from viraltracker.creatives import in_words, taxonomy
from viraltracker.web import times, words

Json = dict[str, Any]

READINGS: Final[Mapping[str, str]] = {
    "creative": "Picture or video",
    "copy": "Words",
    "landing": "Landing page",
}
FIELDS: Final[Mapping[str, str]] = {
    "awareness": "Stage",
    "format": "Format",
    "video_length": "Length",
    "hook": "Hook",
    "angle": "Angle",
    "offer": "Offer",
    "proof": "Proof",
    "cta": "Call to action",
    "persona": "Persona",
    "promise": "Promise",
}
"""What a label's list is called, in the order in which they stand."""
OF_READING: Final[Mapping[str, tuple[str, ...]]] = {
    "creative": ("format", "video_length", "hook", "angle", "offer", "proof", "cta", "persona"),
    "copy": ("hook", "angle", "offer", "proof", "cta", "persona"),
    "landing": ("promise", "angle", "offer", "proof", "cta"),
}
"""What a reading says beside its stage."""
CORRECTABLE: Final = ("format", "hook", "angle", "offer", "proof", "cta")
"""The lists from which a person may choose; a length is measured and a persona free text."""

_COLUMNS: Final = frozenset({"awareness", "format", "hook", "angle", "video_length"})
_SURE: Final = ((0.85, "very sure"), (0.65, "fairly sure"), (0.5, "not very sure"))


def correctable(reading: str) -> tuple[str, ...]:
    """The lists that a person may correct in a reading, the stage apart."""
    return tuple(field for field in OF_READING[reading] if field in CORRECTABLE)


def value(row: Json, field: str) -> str | None:
    """What a row of `ad_creative_classifications` says there."""
    found = row[field] if field in _COLUMNS else row["labels"].get(field)
    return None if found in (None, "") else str(found)


def name(label: str | None) -> str:
    """A label as text; a dash where nothing is said."""
    return "–" if label is None else in_words.capital(in_words.label(label))


def definition(field: str, label: str) -> str:
    """What a label means and what it is easily taken for; nothing of free text."""
    found = taxonomy.LISTS.get(field, {}).get(label)
    if found is None:
        return ""
    other, colon, why = found.unlike.partition(":")
    unlike = f"{in_words.label(other)}{colon}{why}" if colon else found.unlike
    return f"{found.means} Not to be confused with {unlike}"


def tag(field: str, label: str | None, tone: str = "accent") -> str:
    """A label as a badge with its definition under the mouse."""
    if label is None:
        return '<span class="vt-tag quiet">Not read</span>'
    tone = "quiet" if label == taxonomy.UNCLEAR else tone
    return (
        f'<span class="vt-tag {tone}" title="{words.html(definition(field, label))}">{words.html(name(label))}</span>'
    )


def confidence(row: Json) -> str:
    """How sure the reader is of its stage, in words and number."""
    found = row["awareness_confidence"]
    if row["classifier"] == "human":
        return "checked by a person"
    if found is None:
        return "does not say how sure"
    if row["awareness"] == taxonomy.UNCLEAR:
        return "cannot tell"
    said = next((text for least, text in _SURE if found >= least), "unsure")
    return f"{said} ({found:.2f})"


def who(row: Json) -> str:
    """Who made a row, with a capital."""
    return in_words.capital(in_words.classifier(row["classifier"]))


def provenance(row: Json, now: datetime) -> str:
    """HTML: who says so and when; the version of the prompt and the exact moment under the mouse."""
    version = "" if row["classifier"] == "human" else f", prompt {row['prompt_version']}"
    exact = f"{row['classifier']}{version}, {times.utc(row['created_at'])}"
    said = f"{who(row)}, {words.ago(row['created_at'], now)}"
    return f'<span class="vt-sure" title="{words.html(exact)}">{words.html(said)}</span>'


def stage(row: Json) -> str:
    """HTML: the stage, how sure, and the second choice."""
    second = row["awareness_second"]
    other = f"; second choice: {words.html(in_words.label(second))}" if second else ""
    return (
        f'<p class="vt-stage">{tag("awareness", row["awareness"])}<span>{words.html(confidence(row))}{other}</span></p>'
    )


def facts(row: Json) -> str:
    """HTML: the labels beside the stage, each with its definition under the mouse."""
    said = []
    for field in OF_READING[row["reading"]]:
        label = value(row, field)
        if label is None:
            continue
        text = name(label) if field in taxonomy.LISTS else label
        tone = "unclear" if label == taxonomy.UNCLEAR else "said"
        meant = words.html(definition(field, label))
        said.append(f'<dt>{FIELDS[field]}</dt><dd class="{tone}" title="{meant}">{words.html(text)}</dd>')
    return f'<dl class="vt-labels">{"".join(said)}</dl>'


def evidence(row: Json) -> str:
    """HTML: the words that argue for a label, with the label, the reason, and in a video the moment."""
    items = []
    for item in row["evidence"]:
        field = item["field"]
        label = value(row, field) if field in FIELDS else None
        argued = f"{FIELDS.get(field, field)}: {name(label)}" if label else FIELDS.get(field, field)
        at = "" if item.get("at_s") is None else f'<span class="at">{clock_time(item["at_s"])}</span> '
        cue = f" – {words.html(item['cue'])}" if item.get("cue") else ""
        items.append(f"<li>{at}<q>{words.html(item['quote'])}</q><small>{words.html(argued)}{cue}</small></li>")
    return f'<ul class="vt-evidence">{"".join(items)}</ul>' if items else ""


def clock_time(seconds: float) -> str:
    """A moment of a video as in 1:05."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def seen(row: Json) -> str:
    """HTML: what a picture shows and the words that stand on it."""
    labels = row["labels"]
    said = f"<dt>Shows</dt><dd>{words.html(labels['shows'])}</dd>" if labels.get("shows") else ""
    lines = labels.get("text_on_picture") or ()
    if lines:
        said += f"<dt>Text on it</dt><dd>{'<br>'.join(words.html(line) for line in lines)}</dd>"
    return f'<dl class="vt-labels wide">{said}</dl>' if said else ""


def notes(row: Json) -> str:
    """HTML: what of the answer could not be true and was left out."""
    return "".join(f'<p class="vt-more">{words.html(in_words.capital(note))}.</p>' for note in row["notes"] or ())


def others(best: Json, rest: Sequence[Json], now: datetime) -> str:
    """HTML: what the other classifiers said of the same input, and whether it is the same."""
    said = []
    for row in rest:
        same = row["awareness"] == best["awareness"]
        blind = row["reading"] == "creative" and row["classifier"].startswith("rules")
        if blind and row["awareness"] == taxonomy.UNCLEAR:
            verdict = '<span class="vt-tag quiet">does not look at it</span>'
        elif same:
            verdict = '<span class="vt-tag good">agrees</span>'
        else:
            verdict = f'<span class="vt-tag warn">disagrees</span> {tag("awareness", row["awareness"], "quiet")}'
        sure = "" if blind or same else f' <span class="vt-sure">{words.html(confidence(row))}</span>'
        said.append(f"<li>{provenance(row, now)} {verdict}{sure}</li>")
    return f'<ul class="vt-others">{"".join(said)}</ul>' if said else ""


def article(rows: Sequence[Json], now: datetime) -> str:
    """HTML: a reading; `rows` are those that stand for one input, the best first."""
    best = rows[0]
    # A person says which label is right and not why; the words of whoever said the same still argue for it.
    argued = best
    if best["classifier"] == "human" and not best["evidence"]:
        argued = next((row for row in rows if row["evidence"] and row["awareness"] == best["awareness"]), best)
    proof = evidence(argued)
    source = ""
    if proof and argued is not best:
        source = f'<p class="vt-more">The evidence is from {words.html(in_words.classifier(argued["classifier"]))}.</p>'
    return (
        f'<div class="vt-reading"><p class="by">{provenance(best, now)}</p>{stage(best)}{facts(best)}{seen(best)}'
        f"{proof}{source}{notes(best)}{others(best, rows[1:], now)}</div>"
    )


def trust(classifier: str, measured: Mapping[str, Json], people: Sequence[Json], reading: str) -> str:
    """How far a classifier's stages can be trusted, in a sentence or two.

    `measured` is the answer of `evaluations.newest`, `people` of `readings.agreement`.
    """
    if classifier.startswith("sandbox:"):
        return "Demo readings were written by hand for the demo account; nothing measures them."
    by = in_words.capital(in_words.classifier(classifier))
    found = measured.get("held_out") or next(iter(measured.values()), None)
    if found is None or found["kappa"] is None:
        said = f"{by}: agreement with labelled ads was not measured here."
    else:
        interval = "" if found["low"] is None else f", 95 % {found['low']:.2f} to {found['high']:.2f}"
        what = "" if reading == "copy" else " and words alone"
        said = (
            f"{by}: on {found['n']:,} labelled ads{what} its stages reached a weighted kappa of {found['kappa']:.2f}"
            f"{interval} (1 is full agreement, 0 is chance)."
        )
    looked = next((row for row in people if row["classifier"] == classifier and row["reading"] == reading), None)
    if looked is None:
        return f"{said} Nobody has checked its labels of this kind in this brand yet."
    return (
        f"{said} In this brand people checked {looked['n']:,} of its labels of this kind and gave the same stage to "
        f"{looked['same_stage']:,}."
    )
