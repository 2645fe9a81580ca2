"""One video: the player, the curve over it, what it says, how its ads fit their pages, and which ads they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from viraltracker.creatives import in_words, taxonomy
from viraltracker.errors import NotFound, Unavailable
from viraltracker.intelligence import retention
from viraltracker.store.client import Database
from viraltracker.web import cards, congruence_view, files, provenance, states, video_list, video_timeline, words

Json = dict[str, Any]

PLAYED_BYTES: Final = 50_000_000
"""More than this a page does not load."""
PLAYED_KINDS: Final = frozenset({"video/mp4", "video/quicktime", "video/webm"})
COMPARISONS: Final = 3
ADS: Final = 50
PRODUCTION: Final[Mapping[str, str]] = {
    "phone": "Filmed with a phone",
    "simple": "Simple",
    "professional": "Professional",
    "unclear": "Unclear",
}
NOT_STORED: Final[Mapping[str, str]] = {
    "waiting": "it has not been fetched yet. A sync fetches videos by spend, up to the number that its schedule allows",
    "no_source": "Meta gives no file for it",
    "forbidden": "Meta does not let this token read it: the page that owns it has to be assigned to the token's person",
    "gone": "Meta no longer has it",
    "too_large": "it is larger than the sync stores",
    "failed": "fetching it failed. The next sync tries again",
}
FAILURES: Final[Mapping[str, str]] = {
    "blocked": "its filter stopped the answer",
    "refused": "it declined",
    "truncated": "its answer did not fit",
    "invalid_reply": "its answers were not of the form that was asked for",
    "too_large": "the file is larger than it takes",
    "unsupported": "it does not take this kind of file",
    "expired": "the batch was not reached in time",
}


@st.cache_resource(max_entries=2, show_spinner="Loading the video …")
def _bytes(storage_key: str, _db: Database) -> bytes:
    """The key holds the hash of the bytes; two are kept, so that a choice on the page does not load them again."""
    return files.of(_db).get("assets", storage_key)


def draw_player(video: Json, db: Database) -> None:
    """The video itself, or why it cannot be played here."""
    if video["status"] != "stored":
        st.html(f'<p class="vt-note">This video is not stored here: {words.html(not_stored(video))}.</p>')
        return
    if (said := unplayable(video)) is not None:
        st.html(f'<p class="vt-note">{words.html(said)}</p>')
        return
    try:
        st.video(_bytes(video["storage_key"], db), format=video["mime"])
    except (NotFound, Unavailable) as error:
        st.html(f'<p class="vt-note">{words.html(error.message)}</p>')


def unplayable(video: Json) -> str | None:
    """Why a page does not play a stored video, None where it does."""
    if video["mime"] not in PLAYED_KINDS:
        return f"This file is of a kind that browsers do not play ({video['mime'] or 'unknown'})."
    if (video["bytes"] or 0) > PLAYED_BYTES:
        size, most = video["bytes"] / 1e6, PLAYED_BYTES / 1e6
        return f"This video has {size:,.0f} MB. Here up to {most:,.0f} MB are played; open the ad in Meta to watch it."
    return None


def not_stored(video: Json) -> str:
    """Why it is not stored, without its full stop."""
    said = NOT_STORED.get(video["status"], video["status"])
    return f"{said} ({video['reason'].rstrip('.')})" if video["reason"] else said


def draw_curve(video: Json, analysis: Json | None) -> None:
    """The sentences, then the curve over the tracks."""
    length = video_timeline.length_of(video, analysis)
    points = retention.curve(retention.rates(video), length)
    lines = video_timeline.told(points, analysis)
    st.html("".join(f'<p class="vt-told">{words.html(line)}</p>' for line in lines))
    found = video_timeline.tracks(analysis, length) if analysis and length else []
    st.html(video_timeline.figure(points, length, found))


def draw_numbers(video: Json) -> None:
    """Spend and rates, each with its definition."""
    found = retention.rates(video)
    spent = video["spend"] if video["one_currency"] else None
    items = [
        _item("spend", "Spend", spent, "money"),
        _item("impressions", "Impressions", video["impressions"], "count"),
        _item("hook_rate", "Hook rate", found.hook, "share"),
        _item("hold_rate", "Hold rate", found.hold, "share"),
        _item("reached_p50", "Reached 50 %", found.p50, "share"),
        _item("reached_p100", "Reached 100 %", found.p100, "share"),
    ]
    if video["spend"] is not None and not video["one_currency"]:
        items[0]["note"] = "the ads spend in several currencies, which are not added up"
    cards.metrics(items, video["currency"] or "", None, per_row=len(items))


def _item(name: str, label: str, value: float | None, unit: str) -> Json:
    return {"name": name, "label": label, "value": value, "unit": unit, "change": None, "note": None}


def why_unanalysed(found: Json) -> tuple[str, str]:
    """Why nobody has watched a video, and what to do; `found` as `readings.of_video` gives it."""
    video, failure = found["video"], found["failure"]
    if video["status"] != "stored":
        return "Not stored, so not watched", f"Nobody watches a video that is not here: {not_stored(video)}."
    if failure is not None:
        who = in_words.classifier(failure["classifier"])
        why = FAILURES.get(failure["reason"] or "", "no answer came")
        return (
            "Not read",
            f"{who[0].upper()}{who[1:]} was asked about this video, and {why}. The next classification asks again.",
        )
    if not found["read_by"]:
        return "Not classified yet", "Start a classification in the Ad Scheduler; it reads the highest spend first."
    if all(in_words.classifier(name) == "rules" for name in found["read_by"]):
        return (
            "Nobody has watched it",
            "Rules read this ad, and rules do not watch videos. With a Gemini key for the worker (GEMINI_API_KEY) the "
            "next classification watches it.",
        )
    names = ", ".join(sorted({in_words.classifier(name) for name in found["read_by"]}))
    return (
        "Nobody has watched it",
        f"Its ads were read ({names}), but not the video itself: a classification watches a bounded number of videos, "
        "the highest spend first. The next one goes on.",
    )


def draw_analysis(analysis: Json, zone: str, now: datetime) -> None:
    """All that the analysis says, and what of it was left out."""
    st.html(
        f'<p class="vt-more">{provenance.line(analysis["classifier"], analysis["created_at"], zone, now)}</p>'
        + analysis_html(analysis)
    )


def analysis_html(analysis: Json) -> str:
    """HTML: the hook, what it is for and about, the claims, and its words and scenes with their times."""
    hook = analysis["hook"]
    length = analysis["duration_s"]
    facts = [
        ("Hook type", _label("hook", hook["type"])),
        ("Said at first", _text(hook["spoken"])),
        ("On screen at first", _text(hook["overlay"])),
        ("Seen at first", _text(hook["visual"])),
        ("Awareness at the opening", _label("awareness", analysis["awareness_opening"])),
        ("Awareness at the end", _label("awareness", analysis["awareness_end"])),
        ("Persona", _text(analysis["persona"])),
        ("Angles", ", ".join(provenance.defined("angle", angle) for angle in analysis["angles"]) or "–"),
        ("Emotions", words.html(", ".join(map(provenance.label, analysis["emotions"]))) or "–"),
        ("Production", words.html(PRODUCTION.get(analysis["production"], analysis["production"]))),
        ("Duration", words.html(video_timeline.seconds(float(length))) if length is not None else "not known"),
        ("Benefits", _lines(analysis["benefits"], "none named")),
        ("Pains", _lines(analysis["pains"], "none named")),
    ]
    listed = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    columns = "".join(
        (
            _timed("Transcript", analysis["transcript"], "text", "Nothing is said."),
            _timed("On screen", analysis["overlays"], "text", "Nothing stands on the screen."),
            _timed("Storyboard", analysis["storyboard"], "shows", "No scene is described."),
        )
    )
    notes = "".join(f"<li>{words.html(note)}</li>" for note in analysis["notes"])
    left_out = f'<p class="vt-more">Of the answer was left out:</p><ul class="vt-notes">{notes}</ul>' if notes else ""
    timed = f'<div class="vt-timed">{columns}</div>'
    return f'<dl class="vt-said-of">{listed}</dl>{_claims(analysis["claims"])}{timed}{left_out}'


def _label(of_list: str, name: str) -> str:
    means = taxonomy.LISTS[of_list].get(name)
    said = f"<small>{words.html(means.means)}</small>" if means else ""
    return f"{words.html(provenance.label(name))}{said}"


def _text(text: str | None) -> str:
    return words.html(text) if text else "nothing"


def _lines(lines: Sequence[str], nothing: str) -> str:
    return "".join(f"<span>{words.html(line)}</span>" for line in lines) or nothing


def _claims(claims: Sequence[Json]) -> str:
    if not claims:
        return '<p class="vt-more">The video claims nothing.</p>'
    rows = "".join(
        f'<tr><td class="num">{video_timeline.seconds(float(claim["at_s"]))}</td>'
        f'<td class="text">{words.html(claim["text"])}</td><td>{_proof(claim["proof"])}</td>'
        f'<td class="text">{words.html(claim["proof_shown"]) if claim["proof_shown"] else "no proof shown"}</td></tr>'
        for claim in claims
    )
    return (
        '<div class="vt-scroll"><table class="vt-table" aria-label="Claims"><tr><th scope="col" class="num">At</th>'
        '<th scope="col">Claim</th><th scope="col">Kind of proof</th><th scope="col">What is shown for it</th></tr>'
        f"{rows}</table></div>"
    )


def _proof(name: str) -> str:
    return "no proof" if name == "none" else provenance.defined("proof", name)


def _timed(title: str, parts: Sequence[Json], field: str, nothing: str) -> str:
    rows = "".join(
        f"<p><span>{video_timeline.span(part['start_s'], part['end_s'])}</span>{words.html(part[field])}</p>"
        for part in parts
    )
    return f'<section aria-label="{title}"><h4>{title}</h4>{rows or f"<p>{nothing}</p>"}</section>'


def comparisons(ads: Iterable[Json]) -> list[tuple[list[Json], Json]]:
    """Ads that fit the same page in the same way, and the first of them for all; in the order of the ads."""
    groups: dict[str, list[Json]] = {}
    for ad in ads:
        if ad["congruence"]:
            groups.setdefault(json.dumps([ad["page"], ad["congruence"]], sort_keys=True), []).append(ad)
    return [(group, group[0]) for group in groups.values()]


def draw_congruence(ads: Sequence[Json], brand_id: str) -> None:
    """Each different pair of ad and page once, those behind the highest spend first."""
    found = comparisons(ads)
    if not found:
        states.empty("Not compared yet", why_not_compared(ads), icon=":material/compare_arrows:")
        return
    drawn = [congruence_view.html(ad["congruence"], ad["page"], _named(group, brand_id)) for group, ad in found]
    st.html("".join(drawn[:COMPARISONS]))
    if len(drawn) > COMPARISONS:
        with st.expander(f"{len(drawn) - COMPARISONS:,} more with less spend"):
            st.html("".join(drawn[COMPARISONS:]))


def why_not_compared(ads: Sequence[Json]) -> str:
    """Why no ad of a video has been held against its page, and what to do."""
    if not any(ad["page"] for ad in ads):
        return (
            "None of its ads leads to a page that is known. Reading landing pages, after a sync, finds where they lead."
        )
    if not any(ad["page_status"] == "ok" for ad in ads):
        return "The pages that its ads lead to have not been read. The Ad Scheduler has a job that reads landing pages."
    return "The pages are read. The next classification holds the ads against them."


def _named(group: Sequence[Json], brand_id: str) -> str:
    first = ad_link(group[0], brand_id)
    return f"<span>{first}{f' and {len(group) - 1:,} more' if len(group) > 1 else ''}</span>"


def ad_link(ad: Json, brand_id: str) -> str:
    """HTML: an ad's name, which leads to its own page."""
    address = words.html("ads?" + urlencode({"brand": brand_id, "ad": ad["ad_id"]}))
    name = words.html(ad["name"] or ad["ad_id"])
    return f'<a href="{address}" target="_self" title="{name}">{name}</a>'


def ads_html(ads: Sequence[Json], brand_id: str) -> str:
    """HTML: the ads that show a video, with what each of them made of it."""
    rows = "".join(_ad(ad, brand_id) for ad in ads[:ADS])
    heads = "".join(
        f'<th scope="col" class="num"><abbr title="{words.html(means)}">{name}</abbr></th>'
        for name, means, _ in video_list.HEADS[1:5]
    )
    more = f'<p class="vt-more">and {len(ads) - ADS:,} more with less spend</p>' if len(ads) > ADS else ""
    return (
        '<div class="vt-scroll"><table class="vt-table" aria-label="Ads"><tr><th scope="col">Ad</th>'
        f'<th scope="col">State</th>{heads}<th scope="col">Landing page</th></tr>{rows}</table></div>{more}'
    )


def _ad(ad: Json, brand_id: str) -> str:
    found = retention.rates(ad)
    spent = words.money(None if ad["spend"] is None else float(ad["spend"]), ad["currency"] or "")
    impressions = "–" if ad["impressions"] is None else f"{ad['impressions']:,.0f}"
    numbers = (spent, impressions, video_list.share(found.hook), video_list.share(found.hold))
    cells = "".join(f'<td class="num">{words.html(number)}</td>' for number in numbers)
    state = words.html(provenance.label((ad["effective_status"] or "").lower()))
    return (
        f'<tr><td class="text ad">{ad_link(ad, brand_id)}</td><td>{state}</td>{cells}'
        f'<td class="text">{congruence_view.page_link(ad["page"])}</td></tr>'
    )
