"""From what an analysis asks for to the ads that are made for it, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from viraltracker.creation import briefs, origins
from viraltracker.creation.briefs import Brief
from viraltracker.creation.origins import Origin
from viraltracker.store import analyses, creations, recommendations
from viraltracker.store.client import Database
from viraltracker.web import labels_view, words

Json = dict[str, Any]

ADDRESS: Final = "for"
"""The name of what New ads makes ads for, in its address."""


@dataclass(frozen=True)
class Ways:
    """What was made for which cause, and whether the person may make more. Gives HTML."""

    brand_id: str
    may_write: bool
    runs: Mapping[str, Sequence[Json]]

    def html(self, origin: Origin | None) -> str:
        """The way to make ads for it, and to those that were made; nothing where there is neither."""
        if origin is None:
            return ""
        parts = []
        if self.may_write:
            address = words.html(_address(self.brand_id, {"view": "create", ADDRESS: origin.text}))
            parts.append(f'<a class="vt-make" href="{address}" target="_self">Create ads for this</a>')
        runs = self.runs.get(origin.cause, ())
        if runs:
            address = words.html(_address(self.brand_id, {"run": runs[0]["run"]}))
            parts.append(f'<a href="{address}" target="_self">{words.html(made(runs))}</a>')
        return f'<p class="vt-ways">{" ".join(parts)}</p>' if parts else ""

    def of(self, recommendation: Mapping[str, Any]) -> str:
        """The same for a recommendation (`id, action, category, brief`), where it asks for ads."""
        if not origins.asks_for_ads(recommendation):
            return ""
        return self.html(origins.of_cause(str(recommendation["id"])))


def addresses(brand_id: str, found: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Where ads are made for those of some recommendations that ask for them, by their id."""
    asking = (origins.of_cause(str(one["id"])) for one in found if origins.asks_for_ads(one))
    return {origin.cause: _address(brand_id, {"view": "create", ADDRESS: origin.text}) for origin in asking if origin}


def read(db: Database, brand_id: str, *, may_write: bool) -> Ways:
    """In one call, for all causes of a brand."""
    found: dict[str, list[Json]] = {}
    for run in creations.origins(db, brand_id):
        origin = origins.parse(run["origin"])
        if origin is not None:
            found.setdefault(origin.cause, []).append(run)
    return Ways(brand_id, may_write, found)


def made(runs: Sequence[Json]) -> str:
    """How many ads some runs made, and what was said of them."""
    counts = {name: sum(run[name] for run in runs) for name in ("approved", "needs_person", "rejected")}
    total = sum(counts.values())
    if not total:
        return "being made" if runs[0]["status"] == "running" else "none could be made"
    named = {"approved": "approved", "needs_person": "want a look", "rejected": "rejected"}
    said = ", ".join(f"{counts[name]} {named[name]}" for name in named if counts[name])
    return f"{words.counted(total, 'ad')} made for it: {said}"


def title(origin: Origin, found: str | None) -> str:
    """What ads were made for, in a few words; `found` is what the recommendation of the cause says."""
    if origin.place is not None:
        stage, shape = (labels_view.name(label) for label in origin.place)
        return f"the coverage gap {stage} × {shape}"
    return f"“{found}”" if found else "a recommendation"


def line(asked: Json, brand_id: str) -> str:
    """HTML: what a run was made for, with the way back, of a row of `creations.origins`."""
    origin = origins.parse(asked["origin"])
    if origin is None:
        return ""
    said = words.html(title(origin, asked["title"]))
    return f'Made for <a href="{back(origin, brand_id)}" target="_self">{said}</a>'


def back(origin: Origin, brand_id: str) -> str:
    """The address of the page that asked for it."""
    if origin.kind == "gap" and origin.place is not None:
        query = {"brand": brand_id, "cell": ".".join(origin.place)}
        return words.html(f"coverage?{urlencode(query)}")
    return words.html(f"recommendations?{urlencode({'brand': brand_id})}")


def brief(db: Database, brand_id: str, origin: Origin) -> Brief | None:
    """What it asks for, as the newest analysis says it; None where nothing says it any more."""
    if origin.kind == "gap":
        shown = analyses.coverage_map(db, brand_id)
        gaps = ((shown or {}).get("summary") or {}).get("gaps") or {}
        of_place = (gap for gap in gaps.get("gaps", ()) if (gap["awareness"], gap["format"]) == origin.place)
        gap = next(of_place, None)
        return briefs.of_gap(gap) if gap else None
    row = recommendations.of_cause(db, brand_id, origin.cause)
    return briefs.of_recommendation(row) if row else None


def _address(brand_id: str, query: Mapping[str, str]) -> str:
    return f"new_ads?{urlencode({'brand': brand_id, **query})}"
