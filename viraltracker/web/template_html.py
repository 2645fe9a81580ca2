"""Templates as cards and facts, as plain HTML. Every word of another brand's ad is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from viraltracker.intelligence.track_record import TrackRecord
from viraltracker.templates.longevity import Longevity
from viraltracker.templates.vocabulary import FLAGS, LAYOUTS
from viraltracker.web import provenance, track_record_html, words

Json = dict[str, Any]

STANDINGS: Final[Mapping[str, tuple[str, str]]] = {
    "new": ("New", ""),
    "tested": ("Past its first week", ""),
    "proven": ("Runs over a month", "accent"),
    "evergreen": ("Runs over three months", "good"),
}
"""What is said of an ad's days, and its tone in the style sheet."""
NOBODY_LOOKED: Final = (
    "Nobody has looked for faces and other brands' marks in this picture: look at it before you use it."
)
"""Of what was approved by itself after the rules alone had read it."""


def longevity(ad: Json) -> Longevity:
    """Of a row of `scraped_ads`, or an item that carries its columns."""
    return Longevity(
        active_days=ad["active_days"],
        variants=ad["variants"],
        times_seen=ad["times_seen"],
        is_active=ad["is_active"],
        started_on=_day(ad["started_on"]),
        ended_on=_day(ad["ended_on"]),
        last_seen_on=datetime.fromisoformat(ad["last_seen_at"]).date(),
    )


def card(item: Json, picture: str | None, record: TrackRecord | None = None) -> str:
    """HTML: a template of the library with its picture, how long its ad has run, and what was made from it."""
    lived = longevity(item)
    shown = f'<img src="{words.html(picture)}" alt="">' if picture else "<i>The picture is not stored</i>"
    name = words.html(item["name"])
    seen = f"{words.counted(lived.variants, 'variant')} · seen {words.counted(lived.times_seen, 'time')}"
    return (
        f'<article class="vt-leader template"><figure>{shown}</figure><h4 title="{name}">{name}</h4>'
        f'<p class="from">{words.html(item["page_name"] or "A picture without its ad")}</p>'
        f'<p class="days"><b>{words.counted(lived.active_days, "day")}</b> '
        f"{'still running' if lived.is_active else 'ended'}<small>{seen}</small></p>{track_record_html.short(record)}"
        f'<div class="pills">{_unlooked(item)}{_pill(layout(item["layout"]), LAYOUTS.get(item["layout"], ""))}'
        f"{_pill(provenance.label(item['awareness']), 'Awareness stage of the words')}"
        f"{_pill(provenance.label(item['hook']), 'Hook of the words')}</div></article>"
    )


def large(picture: str | None, regions: Sequence[Mapping[str, float]]) -> str:
    """HTML: a picture as large as the page allows, with a frame around each region of lettering."""
    if picture is None:
        return '<figure class="vt-large"><i>The picture cannot be read just now</i></figure>'
    frames = "".join(
        f'<b style="left:{_part(region["left"])};top:{_part(region["top"])};width:{_part(region["width"])};'
        f'height:{_part(region["height"])}"></b>'
        for region in regions
    )
    return (
        f'<figure class="vt-large"><div class="frame"><img src="{words.html(picture)}" alt="The template\'s picture">'
        f"{frames}</div></figure>"
    )


def flags(reading: Json) -> str:
    """HTML: why a person is asked, each with the words that gave reason to; a reading with flags."""
    found = reading["flagged"]
    items = "".join(
        f"<li>It {words.html(FLAGS.get(each['flag'], each['flag']))}: “{words.html(each['quote'])}”</li>"
        for each in found
    )
    return f'<ul class="vt-flags">{items}</ul>'


def reading(found: Json) -> str:
    """HTML: what was read, by whom, and what could not be seen."""
    facts = {
        "Layout": layout(found.get("layout")),
        "Stage": provenance.label(found.get("awareness")),
        "Hook": provenance.label(found.get("hook")),
        "Industry": provenance.label(found.get("industry")),
        "Audience": found.get("audience") or "–",
        "About": found.get("description") or "–",
    }
    return _facts(facts)


def caveat(found: Json, confidence: float | None) -> str:
    """Who read it, how sure they are, and what they cannot see."""
    unseen = found.get("unseen") or []
    sure = f"{words.sure(confidence)} sure" if confidence is not None else "not sure"
    reader = str(found.get("reader") or "")
    said = f"Read by {'rules' if is_rules(found) else reader.partition(':')[2] or reader or 'nobody'}, {sure}."
    if reader.startswith("sandbox:"):
        said = f"Demo reading, written by hand, {sure}."
    return f"{said} They cannot see {', '.join(unseen[:-1])} or {unseen[-1]}." if len(unseen) > 1 else said


def is_rules(found: Json) -> bool:
    """Whether a reading is the rules', which look at no face and no mark."""
    return str(found.get("reader") or "").startswith("rules")


def decided(item: Json) -> str:
    """Who approved an item of the queue, who read it, and what nobody has looked for."""
    who = "by a person" if item["decided_how"] == "person" else "by itself"
    said = f"Approved {who}. {caveat(item['reading'], item['confidence'])}"
    return f"{said} {NOBODY_LOOKED}" if _is_unlooked(item) else said


def _is_unlooked(item: Json) -> bool:
    return item["decided_how"] != "person" and is_rules(item["reading"] or {})


def _unlooked(item: Json) -> str:
    return f'<span class="vt-tag warn" title="{NOBODY_LOOKED}">Not looked at</span>' if _is_unlooked(item) else ""


def ad(item: Json, today: date) -> str:
    """HTML: the words of the ad and its life."""
    lived = longevity(item)
    began = f"began {words.day(lived.started_on)}" if lived.started_on else ""
    facts = {
        "Brand": item["page_name"] or "–",
        "Text": item["body"] or "–",
        "Headline": item["title"] or "–",
        "Button": provenance.label((item["cta"] or "").lower()) if item["cta"] else "–",
        "Ran": ", ".join(filter(None, (lived.in_words(), began))),
        "Seen": f"{words.counted(lived.times_seen, 'time')}, last {_last(lived.last_seen_on, today)}",
        "Variants": f"{lived.variants:,}",
    }
    link = item.get("snapshot_url")
    more = (
        f'<p class="vt-more"><a href="{words.html(link)}" target="_blank" rel="noopener noreferrer">'
        "See it in the Ad Library</a></p>"
        if link
        else ""
    )
    return _facts(facts) + more


def standing(item: Json) -> str:
    """HTML: what its days say, as a pill."""
    said, tone = STANDINGS[longevity(item).standing]
    return f'<span class="vt-tag {tone}">{said}</span>'


def layout(name: str | None) -> str:
    """A layout in words."""
    return (name or "unclear").replace("_", " ").capitalize()


def _facts(facts: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{name}</dt><dd>{words.html(value)}</dd>" for name, value in facts.items())
    return f'<dl class="vt-facts">{rows}</dl>'


def _pill(said: str, means: str) -> str:
    return f'<span class="vt-tag" title="{words.html(means)}">{words.html(said)}</span>'


def _part(fraction: float) -> str:
    return f"{100 * min(1.0, max(0.0, float(fraction))):.1f}%"


def _last(seen: date, today: date) -> str:
    days = (today - seen).days
    return "today" if days <= 0 else "yesterday" if days == 1 else f"{days:,} days ago"


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
