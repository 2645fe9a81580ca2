"""What ads that were made here did once they ran: by stage, angle and template, and each by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from viraltracker.creatives import taxonomy
from viraltracker.intelligence import definitions, made_results
from viraltracker.intelligence.made_results import Compared, Group, Sums
from viraltracker.store import creations
from viraltracker.web import cards, pictures, provenance, states, words
from viraltracker.web.ad_view import Place

Json = dict[str, Any]

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "better": ("Likely better", "good"),
    "worse": ("Likely worse", "bad"),
    "unclear": ("Not clear yet", "accent"),
    "too_little": ("Too little yet", "quiet"),
}
KINDS: Final[Mapping[str, str]] = {"awareness": "By stage", "angle": "By angle", "template": "By template"}
EDGE_PX: Final = 160
NONE: Final[Mapping[str, str]] = {
    "awareness": "no stage",
    "angle": "no angle",
    "template": "no template",
}
LONGEST_ANGLE: Final = 80


def read(at: Place) -> Json:
    """Sums of the ads that run, and of the account's others (see `creations.results`)."""
    return creations.results(at.db, at.brand_id)


def draw(at: Place, found: Json) -> None:
    """The groups and the ads, or how results come about."""
    if not found["ads"]:
        draw_empty(found)
        return
    delivered = [ad for ad in found["ads"] if ad["sums"]]
    compared = compare(found, delivered)
    shown = pictures.by_key_or_none(at.db, _storage_keys(found["ads"]), EDGE_PX)
    if compared is None:
        st.info(
            "Ads that were made here are at Meta, and none has been delivered yet. Their numbers come with the next "
            "sync.",
            icon=":material/hourglass_empty:",
        )
    else:
        st.html(f'<p class="vt-fresh"><span>{words.window(found["first"], found["last"])}</span></p>')
        cards.lead(_lead(compared, found["currency"]))
        for kind, title in KINDS.items():
            cards.section(title)
            st.html(group_table(kind, compared, found, shown))
        st.html(f'<p class="vt-more">{words.html(_how(compared, found))}</p>')
    cards.section("The ads")
    counted = dict(zip((ad["id"] for ad in delivered), compared.conversions, strict=True)) if compared else {}
    st.html(ad_table(found, counted, shown, at.brand_id))


def compare(found: Json, delivered: Sequence[Json]) -> Compared | None:
    """The delivered ads against the account's others, by stage, angle and template."""
    labels = {
        "awareness": [ad["awareness"] for ad in delivered],
        "angle": [ad["angle"] for ad in delivered],
        "template": [ad["template"]["id"] if ad["template"] else None for ad in delivered],
    }
    return made_results.compare([ad["sums"] for ad in delivered], found["others"], labels, found["goal"])


def draw_empty(found: Json) -> None:
    """How an ad's results find their way back."""
    approved = found["approved"]
    ready = (
        f" {words.counted(approved, 'approved ad')} {'waits' if approved == 1 else 'wait'} for that."
        if approved
        else ""
    )
    states.empty(
        "None of these ads has run yet",
        "Each ad has a short name such as “VT-ABCDEFGH”. Upload it to Meta under a name that holds it, as the zip's "
        f"manifest has it; the next sync ties the two together, and its results are shown here.{ready}",
        icon=":material/monitoring:",
    )


def _lead(compared: Compared, currency: str) -> str:
    every, others = compared.every, compared.others
    said = (
        f"{words.counted(every.sums.ads, 'ad')} made here spent {words.money(every.sums.spend, currency)} and "
        f"brought {_conversions(every.sums, compared.noun)}; "
    )
    if others.cpa is None:
        return f"{said}the account's other ads have no {compared.noun} in these days to hold them against."
    return (
        f"{said}the account's {words.counted(others.ads, 'other ad')} paid {words.money(others.cpa, currency)} for a "
        f"{compared.noun} in the same days. {_verdict(every, compared, currency)}"
    )


def _verdict(group: Group, compared: Compared, currency: str) -> str:
    if group.state == "too_little" or group.probability is None:
        least = compared.least_spend
        return (
            "Too little yet to tell."
            if least is None
            else (f"Too little yet to tell: that takes {words.money(least, currency)} of spend.")
        )
    return f"{words.sure(group.probability)} likely to be the cheaper ones: {effect(group)}."


def _conversions(sums: Sums, noun: str) -> str:
    return f"no {noun}s that are known" if sums.conversions is None else words.counted(round(sums.conversions), noun)


def effect(group: Group) -> str:
    """How many more or fewer conversions the same money buys, and the range."""
    if group.effect is None or group.low is None or group.high is None:
        return "–"
    middle, low, high = (_change(end) for end in (group.effect, group.low, group.high))
    return f"{middle} % conversions for the money, {low} to {high} %"


def _change(ratio: float) -> str:
    """In percent, with a sign unless it is none."""
    change = round((ratio - 1) * 100)
    return "0" if change == 0 else f"{change:+d}".replace("-", "−")


def _how(compared: Compared, found: Json) -> str:
    said = [
        "“Against others” is how many more conversions the same money buys than in the account's other ads on the same "
        "days, with the range that holds the truth at 90 %; it is drawn to none as far as little is known.",
        "Conversions of the last days are still coming in, for all ads alike.",
        *compared.notes,
    ]
    if found["other_currencies"]:
        left = words.counted(found["other_currencies"], "ad")
        said.append(f"{left} in another currency than {found['currency']} are left out.")
    return " ".join(said)


def group_table(kind: str, compared: Compared, found: Json, shown: Mapping[str, str]) -> str:
    """HTML: a row for each group, most spend first, then the account's other ads."""
    currency = found["currency"]
    rows = "".join(
        f"<tr>{_group_name(kind, group, found, shown)}{_sums(group.sums, currency)}"
        f'<td class="num">{words.html(_short_effect(group))}</td><td>{_tag(group, compared, currency)}</td></tr>'
        for group in compared.by[kind]
    )
    others = _sums(compared.others, currency)
    rest = f'<tr class="rest"><td class="text">The account\'s other ads</td>{others}<td></td><td></td></tr>'
    heads = (
        ("Ads", "Ads that were made here and delivered."),
        ("Spend", definitions.short("spend")),
        ("CTR", definitions.short("ctr")),
        ("Conv.", f"Conversions of the brand's goal: {compared.noun}s."),
        ("CPA", definitions.short("cpa")),
        ("ROAS", definitions.short("roas")),
        ("Against others", definitions.short("made_against_others")),
    )
    head = "".join(f'<th scope="col" class="num" title="{words.html(means)}">{name}</th>' for name, means in heads)
    return (
        f'<div class="vt-scroll"><table class="vt-table" aria-label="{KINDS[kind]}"><tr><th scope="col">'
        f'{KINDS[kind].removeprefix("By ").capitalize()}</th>{head}<th scope="col">So far</th></tr>{rows}{rest}'
        "</table></div>"
    )


def _group_name(kind: str, group: Group, found: Json, shown: Mapping[str, str]) -> str:
    if group.name is None:
        return f'<td class="text">{NONE[kind]}</td>'
    if kind == "template":
        template = next(ad["template"] for ad in found["ads"] if ad["template"] and ad["template"]["id"] == group.name)
        picture = shown.get(template["storage_key"])
        image = f'<img src="{words.html(picture)}" alt="">' if picture else ""
        return f'<td class="text vt-small">{image}{words.html(template["name"])}</td>'
    return f'<td class="text">{words.html(label(group.name))}</td>'


def label(name: str) -> str:
    """A stage or an angle; an angle may be a sentence of the product."""
    known = name in taxonomy.AWARENESS or name in taxonomy.ANGLE
    shown = provenance.label(name) if known else f"“{name}”"
    return shown if len(shown) <= LONGEST_ANGLE else f"{shown[: LONGEST_ANGLE - 1]}…"


def _sums(sums: Sums, currency: str) -> str:
    cells = (
        f"{sums.ads:,}",
        words.money(sums.spend, currency),
        "–" if sums.ctr is None else words.percent(sums.ctr, digits=2),
        "–" if sums.conversions is None else f"{sums.conversions:,.0f}",
        words.money(sums.cpa, currency),
        "–" if sums.roas is None else f"{sums.roas:.2f}",
    )
    return "".join(f'<td class="num">{words.html(cell)}</td>' for cell in cells)


def _short_effect(group: Group) -> str:
    if group.effect is None or group.low is None or group.high is None:
        return "–"
    middle, low, high = (_change(end) for end in (group.effect, group.low, group.high))
    return f"{middle} % ({low} to {high})"


def _tag(group: Group, compared: Compared, currency: str) -> str:
    name, tone = STATES[group.state]
    return f'<span class="vt-tag {tone}" title="{words.html(_verdict(group, compared, currency))}">{name}</span>'


def ad_table(found: Json, counted: Mapping[str, float | None], shown: Mapping[str, str], brand_id: str) -> str:
    """HTML: each made ad with the ads it runs as, which lead to their own pages; `counted` is its conversions by id."""
    rows = "".join(_ad(ad, counted.get(ad["id"]), shown, brand_id, found["currency"] or "") for ad in found["ads"])
    heads = "".join(
        f'<th scope="col" class="num">{name}</th>' for name in ("Spend", "Impr.", "Clicks", "Conv.", "Value")
    )
    return (
        '<div class="vt-scroll"><table class="vt-table" aria-label="Ads that run"><tr><th scope="col">Ad</th>'
        f'<th scope="col">Runs as</th>{heads}<th scope="col">Days</th></tr>{rows}</table></div>'
    )


def _ad(ad: Json, conversions: float | None, shown: Mapping[str, str], brand_id: str, currency: str) -> str:
    picture = shown.get(ad["picture"] or "")
    image = f'<img src="{words.html(picture)}" alt="">' if picture else ""
    made = words.html(f"new_ads?{urlencode({'brand': brand_id, 'run': ad['run']})}")
    links = ", ".join(
        f'<a href="{words.html("ads?" + urlencode({"brand": brand_id, "ad": ad_id}))}" target="_self">'
        f"{words.html(ad_id)}</a>"
        for ad_id in ad["ad_ids"]
    )
    name = f'<a href="{made}" target="_self">{words.html(ad["headline"] or ad["token"])}</a>'
    first = f'<td class="text vt-small">{image}<span>{name}<small>{words.html(ad["token"])}</small></span></td>'
    sums = ad["sums"]
    if sums is None:
        return f'<tr>{first}<td class="text">{links}</td><td colspan="6">not delivered yet</td></tr>'
    cells = (
        words.money(sums["spend"], currency),
        *("–" if each is None else f"{each:,.0f}" for each in (sums["impressions"], sums["link_clicks"], conversions)),
        words.money(sums["purchase_value"], currency),
    )
    numbers = "".join(f'<td class="num">{words.html(cell)}</td>' for cell in cells)
    return f'<tr>{first}<td class="text">{links}</td>{numbers}<td>{words.window(sums["first"], sums["last"])}</td></tr>'


def _storage_keys(ads: Sequence[Json]) -> list[str]:
    keys = {ad["picture"] for ad in ads} | {ad["template"]["storage_key"] for ad in ads if ad["template"]}
    return sorted(key for key in keys if key)
