"""How an ad and its landing page fit: each component with words from both sides, and who judged it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from viraltracker.creatives import congruence
from viraltracker.web import provenance, words

Json = dict[str, Any]

BEST: Final = 5
COMPONENTS: Final[Mapping[str, tuple[str, str]]] = {
    "promise": ("Promise", "Whether the page's headline keeps what the ad's opening promises."),
    "offer": ("Offer", "Whether the ad's offer stands on the page, the same and at its top."),
    "awareness": (
        "Awareness step",
        "Whether the page meets its visitor where the ad left them: none or one stage on 5, two on or one back 3.",
    ),
    "proof": ("Proof and product", "Whether the ad's proof and the product are to be seen without scrolling."),
    "tone": ("Tone", "Whether both sides speak alike."),
}
BASES: Final[Mapping[str, str]] = {
    "copy": "Compared by words alone: nobody has looked at the picture or video.",
    "copy_and_creative": "Compared by the ad's words and what its picture or video contains.",
}


def total(rows: Sequence[Json]) -> float | None:
    """The weighted score of the known components, 0 to 5; None without any."""
    return congruence.total({row["component"]: row["score"] for row in rows})


def html(rows: Sequence[Json], page: str | None, ad: str = "") -> str:
    """One comparison. `rows` are those of `readings.of_ad(...)["congruence"]`, `page` is the page's URL.

    `ad` is HTML that names the ads, empty where the page around it does.
    """
    found = {row["component"]: row for row in rows}
    whole = total(rows)
    known = sum(weight for name, weight in congruence.WEIGHTS.items() if name in found)
    part = "" if known > 0.999 else f" of the components that are known ({words.percent(known)} of the weight)"
    said = "–" if whole is None else f"{whole:.1f}"
    basis = next((BASES[row["basis"]] for row in rows if row["basis"] in BASES), "")
    body = "".join(_row(name, found.get(name)) for name in COMPONENTS)
    sides = f"{ad}<span>→</span>{page_link(page)}" if ad else page_link(page)
    return (
        f'<section class="vt-fit" aria-label="Congruence"><header><b>{said}</b> '
        f'<span>of {BEST}{words.html(part)}</span></header><p class="sides">{sides}</p>'
        f'<div class="vt-scroll"><table class="vt-table" aria-label="Congruence by component"><tr>'
        '<th scope="col">Component</th><th scope="col">Score</th><th scope="col">The ad says</th>'
        f'<th scope="col">The page says</th><th scope="col">Why</th></tr>{body}</table></div>'
        f'<p class="vt-more">{words.html(basis)}</p></section>'
    )


def page_link(url: str | None) -> str:
    """HTML: where an ad leads to, as a link that only the person follows."""
    if not url:
        return '<span class="none">no landing page is known</span>'
    try:
        leads = urlsplit(url).scheme in ("http", "https")
    except ValueError:
        leads = False
    shown = words.html(url)
    if not leads:
        return f"<span>{shown}</span>"
    return f'<a href="{shown}" target="_blank" rel="noreferrer noopener">{shown}</a>'


def _row(name: str, row: Json | None) -> str:
    title, means = COMPONENTS[name]
    weight = congruence.WEIGHTS[name]  # type: ignore[index] # both have the same names, as a test makes sure
    head = (
        f'<td class="text"><abbr title="{words.html(means)}">{title}</abbr>'
        f"<small>{words.percent(weight)} of the total</small></td>"
    )
    if row is None:
        missing = "The stage of one side is not known." if name == "awareness" else "Not compared."
        return f'<tr>{head}<td>–</td><td>–</td><td>–</td><td class="text">{missing}</td></tr>'
    score = max(0, min(BEST, int(row["score"])))
    pips = "".join(f'<i class="{"on" if place < score else ""}"></i>' for place in range(BEST))
    who = provenance.by(row["classifier"])
    return (
        f'<tr>{head}<td><b>{score}</b> <span class="vt-pips" aria-hidden="true">{pips}</span></td>'
        f"<td class='text'>{_quote(row['quote_ad'])}</td><td class='text'>{_quote(row['quote_page'])}</td>"
        f'<td class="text">{words.html(row["why"] or "–")}<small title="{words.html(row["classifier"])}">'
        f"judged {words.html(who)}</small></td></tr>"
    )


def _quote(text: str | None) -> str:
    return f"<q>{words.html(text)}</q>" if text else '<span class="none">nothing</span>'
