"""One ad: what it is, what was read of it and by whom, the words that argue for it, and a person's own word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import streamlit as st

from viraltracker.store import evaluations, readings
from viraltracker.store.client import Database
from viraltracker.web import cards, correction, judged_view, labels_view, landing_view, places, unread, words
from viraltracker.web.correction import Label
from viraltracker.web.pictures import Pictures, thumbnails_or_none

Json = dict[str, Any]

HISTORY_SHOWN: Final = 50


@dataclass(frozen=True)
class Place:
    """Where a label is looked at: with whose rights, of which brand, and whether they may correct it."""

    db: Database
    brand_id: str
    may_write: bool
    now: datetime
    zone: str


def draw(at: Place, found: Json) -> None:
    """The whole view; `found` is the answer of `readings.of_ad`."""
    st.html(heading(found))
    judged_view.draw(at.db, at.brand_id, found["ad"]["ad_id"])
    cards.section("What it says")
    people = readings.agreement(at.db, at.brand_id)
    for reading in ("creative", "copy", "landing"):
        with st.container(border=True, key=f"reading-{reading}"):
            st.html(f'<h3 class="vt-section first">{labels_view.READINGS[reading]}</h3>')
            if reading == "landing":
                landing_view.draw(found, at.zone, at.now)
                draw_labels(at, found, reading, people)
                landing_view.draw_fit(found)
                continue
            left, right = st.columns([1, 2])
            with left:
                draw_input(at, found, reading)
            with right:
                draw_labels(at, found, reading, people)
    draw_history(found["history"], at.now)


def heading(found: Json) -> str:
    """HTML: the ad's name, its state, its spend, its id."""
    ad = found["ad"]
    status = (ad.get("effective_status") or "").replace("_", " ").lower()
    tag = (
        f'<span class="vt-tag {"good" if status == "active" else "quiet"}">{words.html(status)}</span>'
        if status
        else ""
    )
    parts = [f"<span>{words.html(part)}</span>" for part in facts(found)]
    return (
        f'<div class="vt-heading"><h2 class="vt-brand vt-long">{words.html(ad["name"] or ad["ad_id"])}</h2>{tag}</div>'
        f'<p class="vt-fresh">{"".join(parts)}</p>'
    )


def facts(found: Json) -> list[str]:
    """What is said under the name."""
    ad, spent = found["ad"], found["spend"]
    said = []
    if spent is not None:
        # An ad without a row in these days has spent nothing that is known.
        amount = (
            "no spend" if spent["spend"] is None else f"{words.money(float(spent['spend']), spent['currency'])} spent"
        )
        said.append(f"{amount}, {words.window(spent['first'], spent['last'])}")
    if ad.get("object_type"):
        said.append(str(ad["object_type"]))
    if ad.get("created_time"):
        said.append(f"made {words.day(ad['created_time'][:10])}")
    if ad.get("file"):
        said.append(f"from {ad['file']}")
    return [*said, f"id {ad['ad_id']}"]


def draw_input(at: Place, found: Json, reading: str) -> None:
    """What a reading is made from: the picture or the way to the video, the words, or the page's."""
    if reading == "copy":
        st.html(ad_words(found["ad"]))
    elif reading == "landing":
        landing_view.draw(found, at.zone, at.now)
    else:
        draw_media(at, found)


def draw_media(at: Place, found: Json) -> None:
    """The stored picture, and for a video the way to where it is played."""
    ad_id = found["ad"]["ad_id"]
    uri = thumbnails_or_none(Pictures(at.db, at.brand_id), [ad_id]).get(ad_id)
    if uri is not None:
        st.html(f'<figure class="vt-shown"><img src="{words.html(uri)}" alt="The ad\'s picture"></figure>')
    video = next((asset for asset in found["assets"] if asset["kind"] == "video" and asset["status"] == "stored"), None)
    if video is not None:
        st.page_link(
            places.video(),
            label=f"Watch the video{length(video)}",
            icon=":material/movie:",
            query_params={"brand": at.brand_id, "video": video["sha256"]},
        )
    elif uri is None:
        st.html('<p class="vt-more">No picture or video is stored.</p>')


def length(video: Json) -> str:
    """How long a stored video is, as the end of a sentence."""
    return "" if video["duration_s"] is None else f", {labels_view.clock_time(float(video['duration_s']))} long"


def ad_words(ad: Json) -> str:
    """HTML: the words of an ad and its button."""
    parts = [
        f"<dt>{title}</dt><dd>{words.html(ad[field])}</dd>"
        for field, title in (("primary_text", "Text"), ("headline", "Headline"), ("description", "Description"))
        if ad.get(field)
    ]
    if ad.get("cta"):
        parts.append(f"<dt>Button</dt><dd>{words.html(ad['cta'].replace('_', ' ').capitalize())}</dd>")
    if not parts:
        return '<p class="vt-more">No words.</p>'
    return f'<dl class="vt-words">{"".join(parts)}</dl>'


def draw_labels(at: Place, found: Json, reading: str, people: Sequence[Json]) -> None:
    """A reading, or why there is none, and the buttons of whoever may correct it."""
    rows = [row for row in found["readings"] if row["reading"] == reading]
    why = unread.why(found, reading)
    if why is not None:
        st.info(words.literal(why), icon=":material/visibility_off:")
    if not rows:
        return
    st.html(labels_view.article(rows, at.now))
    ads = found["shared"].get(reading, 1)
    if at.may_write:
        with st.container(key=f"correct-{reading}"):
            st.html(f'<p class="vt-more">{words.html(invitation(rows[0], ads))}</p>')
            label = Label(at.db, at.brand_id, rows[0], ads)
            correction.draw_stages(label)
            correction.draw_said(at.db, rows[0]["input_hash"])
            with st.expander("Correct its other labels", icon=":material/edit:"):
                correction.draw_lists(label)
    said = trust(at, rows, people)
    if said:
        st.html(f'<p class="vt-more vt-trust">{words.html(said)}</p>')


def invitation(row: Json, ads: int) -> str:
    """What a click does, before it."""
    asked = "A person's word stands here." if row["classifier"] == "human" else "Is the stage right?"
    return f"{asked} One click corrects it. {correction.held(row['reading'], ads)}"


def trust(at: Place, rows: Sequence[Json], people: Sequence[Json]) -> str:
    """How far the classifier whose label counts can be trusted; of a person's label, the best classifier behind it."""
    row = next((row for row in rows if row["classifier"] != "human"), None)
    if row is None or (row["reading"] == "creative" and row["classifier"].startswith("rules")):
        return ""
    measured = evaluations.newest(at.db, row["classifier"])
    return labels_view.trust(row["classifier"], measured, people, row["reading"])


def draw_history(rows: Sequence[Json], now: datetime) -> None:
    """Labels that were replaced or taken back, folded away."""
    if not rows:
        return
    with st.expander(f"{len(rows):,} earlier {'label' if len(rows) == 1 else 'labels'}", icon=":material/history:"):
        lines = "".join(
            f"<tr><td>{labels_view.READINGS[row['reading']]}</td>"
            f"<td>{labels_view.tag('awareness', row['awareness'], 'quiet')}</td>"
            f"<td>{labels_view.provenance(row, now)}</td>"
            f'<td title="{words.when(row["superseded_at"])}">replaced {words.ago(row["superseded_at"], now)}</td></tr>'
            for row in rows[:HISTORY_SHOWN]
        )
        st.html(f'<div class="vt-scroll"><table class="vt-table" aria-label="Earlier labels">{lines}</table></div>')
        if len(rows) > HISTORY_SHOWN:
            st.html(f'<p class="vt-more">and {len(rows) - HISTORY_SHOWN:,} more</p>')
