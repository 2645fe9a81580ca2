"""An ad's numbers and labels on the page Ads: what each is called, means and looks like, and which stand together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from viraltracker.creatives import in_words
from viraltracker.intelligence import definitions
from viraltracker.web import labels_view, words

Json = dict[str, Any]

LABELS: Final = ("awareness", "format", "hook", "angle", "video_length")
VERDICTS: Final[Mapping[str, tuple[str, str]]] = {
    "scale": ("Scale", "good"),
    "cut": ("Cut", "bad"),
    "keep_testing": ("Keep testing", "accent"),
    "learning": ("Learning", "warn"),
    "not_evaluated": ("Not evaluated", "quiet"),
}
"""What a verdict is called, and its tone in the style sheet."""
DECIDED: Final = frozenset({"scale", "cut"})
FATIGUE: Final[Mapping[str, tuple[str, str]]] = {
    "watch": ("May be tiring", "warn"),
    "fatigued": ("Fatigued", "bad"),
}
NO_VERDICT: Final = ("No verdict", "quiet")
"""An ad to keep testing for which more spend alone would not bring a verdict, as its sentence says."""
NOT_JUDGED: Final = ("Not in the analysis", "quiet")
NOT_JUDGED_WHY: Final = "It had no delivery in these days and was not active, so the analysis did not look at it."


@dataclass(frozen=True)
class Column:
    """One number or label of an ad.

    `unit` is money, rate, count, ratio, score, sure or label; `said` is what it means, where the definitions do not
    say it; `better` says which end comes first when it is sorted by, None for what cannot be. `ends`: whether it has
    a 90 % interval, under its name with `_low` and `_high`.
    """

    key: str
    label: str
    unit: str
    said: str
    better: str | None = "high"
    ends: bool = False

    @property
    def means(self) -> str:
        """What it is, in a sentence."""
        return self.said or definitions.short(self.key)


def _rate(key: str, label: str, means: str) -> Column:
    return Column(key, label, "rate", means, ends=True)


def _score(key: str, label: str, of: str) -> Column:
    means = (
        f"Where its {of} stands among the account's ads with the same kind of media, from 0 to 100: the estimate that "
        "allows for chance, not the raw rate."
    )
    return Column(key, label, "score", means)


SPEND: Final = Column("spend", "Spend", "money", "")
CONVERSIONS: Final = Column(
    "conversions", "Conv.", "count", "Conversions of the brand's goal, as Meta attributes them."
)
CPA: Final = Column(
    "cpa", "CPA", "money", "Spend ÷ conversions; the range holds the true cost with 90 % probability.", "low", ends=True
)
ROAS: Final = Column("roas", "ROAS", "ratio", "", ends=True)
CTR: Final = _rate("ctr", "CTR", "")
SURE: Final = Column(
    "probability",
    "Sure",
    "sure",
    "How likely the verdict is right, of ads to scale or to cut; of the others their sentence says what is known.",
)
SCORES: Final = (
    _score("hook_score", "Hook", "hook rate (views of 3 seconds ÷ impressions)"),
    _score("watch_score", "Watch", "hold rate (ThruPlays ÷ views of 3 seconds)"),
    _score("click_score", "Click", "CTR (link clicks ÷ impressions)"),
    _score("convert_score", "Convert", "conversion rate after the click"),
)
LABEL_COLUMNS: Final = (
    Column("awareness", "Stage", "label", "How much the ad takes for known, and who says so.", "low"),
    Column("format", "Format", "label", "What kind of creative it is.", "low"),
    Column("hook", "Hook", "label", "How it opens.", "low"),
    Column("angle", "Angle", "label", "What it argues with.", "low"),
    Column("video_length", "Length", "label", "How long the video is.", None),
)
COUNTS: Final = (
    Column("impressions", "Impr.", "count", ""),
    Column("link_clicks", "Clicks", "count", ""),
    Column("landing_page_views", "Views", "count", "Landing pages that finished loading after a click."),
    Column("video_3s", "3-s views", "count", "Views of 3 seconds or more."),
    Column("thruplays", "ThruPlays", "count", "Views to the end, or of 15 seconds or more."),
)
_COUNT: Final = {column.key: column for column in COUNTS}
PERFORMANCE: Final = (
    SPEND,
    CONVERSIONS,
    CPA,
    ROAS,
    CTR,
    Column("cpc", "CPC", "money", "", "low"),
    Column("cpm", "CPM", "money", "", "low"),
    SURE,
)
VIDEO: Final = (
    SPEND,
    _COUNT["video_3s"],
    _rate("hook_rate", "Hook rate", ""),
    _COUNT["thruplays"],
    _rate("hold_rate", "Hold rate", ""),
    *SCORES[:2],
)
FUNNEL: Final = (
    _COUNT["impressions"],
    _COUNT["link_clicks"],
    CTR,
    _COUNT["landing_page_views"],
    _rate("lpv_rate", "Page rate", "Landing-page views ÷ link clicks."),
    CONVERSIONS,
    _rate("cvr", "CVR", "Conversions ÷ landing-page views, or link clicks where these are not counted."),
    CPA,
)  # fmt: skip
PRESETS: Final[Mapping[str, tuple[Column, ...]]] = {
    "Performance": PERFORMANCE,
    "Creative labels": (SPEND, *LABEL_COLUMNS),
    "Video": VIDEO,
    "Funnel": FUNNEL,
}
NAME: Final = Column("name", "Ad", "label", "The ad's name in the account.", "low")
VERDICT: Final = Column("verdict", "Verdict", "label", "What the analysis says to do with it, the best first.")
SORTED: Final[Mapping[str, Column]] = {
    column.key: column
    for column in (NAME, VERDICT, *(one for preset in PRESETS.values() for one in preset), *SCORES)
    if column.better is not None
}
"""What ads may be sorted by."""


def verdict(ad: Json) -> tuple[str, str]:
    """An ad's verdict in words, with its tone; without its `needs_spend`, what the verdict is called in general."""
    if ad["verdict"] == "keep_testing" and "needs_spend" in ad and ad["needs_spend"] is None:
        return NO_VERDICT
    return VERDICTS.get(ad["verdict"], NOT_JUDGED)


def sure(ad: Json) -> float | None:
    """How likely the verdict is right; None for an ad without one, whose sentence has the probability."""
    probability: float | None = ad["probability"] if ad["verdict"] in DECIDED else None
    return probability


def pill(ad: Json) -> str:
    """HTML: the verdict, its sentence under the mouse; and whether the ad tires, where that is known."""
    name, tone = verdict(ad)
    why = ad["reason"] or NOT_JUDGED_WHY
    said = f'<span class="vt-tag {tone}" title="{words.html(why)}">{name}</span>'
    if ad["fatigue"] in FATIGUE:
        name, tone = FATIGUE[ad["fatigue"]]
        said += f' <span class="vt-tag {tone}" title="{words.html(ad["fatigue_reason"] or "")}">{name}</span>'
    return said


def text(ad: Json, column: Column, currency: str) -> str:
    """An ad's number or label as text; a dash where it is not known."""
    value: Any = sure(ad) if column is SURE else ad[column.key]
    if value is None:
        return "–"
    match column.unit:
        case "label":
            return labels_view.name(value)
        case "score":
            return f"{value:.0f}"
        case "sure":
            return words.sure(value)
        case unit:
            return words.number(value, unit, currency)


def interval(ad: Json, column: Column, currency: str) -> str:
    """The 90 % interval as text, open where its upper end is; nothing where it is not known."""
    if not column.ends or ad[f"{column.key}_low"] is None:
        return ""
    low, high = (
        None if ad[f"{column.key}_{end}"] is None else words.number(ad[f"{column.key}_{end}"], column.unit, currency)
        for end in ("low", "high")
    )
    return f"{low} or more" if high is None else f"{low} to {high}"


def cell(ad: Json, column: Column, currency: str) -> str:
    """HTML: one cell of the table, with what stands under it."""
    said, under = words.html(text(ad, column, currency)), ""
    if column is CPA:
        under = interval(ad, column, currency)
    elif column.key == "awareness" and ad["reader"]:
        under = in_words.in_short(ad["reader"])
    hover = ""
    if column.unit == "label" and ad[column.key]:
        hover = labels_view.definition(column.key, ad[column.key])
    elif column.ends and interval(ad, column, currency):
        hover = f"90 % interval: {interval(ad, column, currency)}"
    kind = "" if column.unit == "label" else "num"
    small = f"<small>{words.html(under)}</small>" if under else ""
    return f'<span class="{kind}" title="{words.html(hover)}">{said}{small}</span>'
