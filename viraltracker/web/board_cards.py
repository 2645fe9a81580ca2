"""Ads as cards in a row: what each looks like, costs and brings, and what to do with it."""

from __future__ import annotations

from typing import Any, Final

from viraltracker.web import board_columns, words
from viraltracker.web.board_columns import CPA, ROAS, SCORES, Column

Json = dict[str, Any]

NO_SCORE: Final = "Not known: these views or clicks are not reported for it, or the analysis is older than this score."


def goal_column(run: Json) -> Column:
    """What the brand is judged by: ROAS where that is its target, else what a conversion costs."""
    return ROAS if run["target"]["basis"] == "target_roas" else CPA


def card(ad: Json, rank: int, picture: str | None, run: Json) -> str:
    """HTML: a card with picture, rank, spend, the goal metric with its interval, four scores and the verdict."""
    currency = run["currency"]
    name = words.html(ad["name"] or ad["ad_id"])
    shown = f'<img src="{words.html(picture)}" alt="">' if picture else f"<i>{no_picture(ad)}</i>"
    spent = "no spend known" if ad["spend"] is None else f"{words.money(ad['spend'], currency)} spent"
    return (
        f'<article class="vt-leader board"><figure>{shown}</figure>'
        f'<h4 title="{name}"><span class="vt-rank">{rank:,}</span>{name}</h4>'
        f"<p>{goal(ad, run)}</p>{scores(ad)}"
        f'<footer><span>{words.html(spent)}</span></footer><div class="pills">{board_columns.pill(ad)}</div></article>'
    )


def goal(ad: Json, run: Json) -> str:
    """HTML: the goal metric and its 90 % interval, or why there is none."""
    column, currency = goal_column(run), run["currency"]
    between = words.html(board_columns.interval(ad, column, currency))
    if ad[column.key] is not None:
        said = f"<b>{words.html(board_columns.text(ad, column, currency))}</b> {column.label}"
        return f"{said}<small>{between or 'its interval is not known'}</small>"
    if ad["conversions"] == 0:
        return f"no conversion<small>{f'CPA {between}' if between and column is CPA else '&nbsp;'}</small>"
    return f"no {column.label} is known<small>&nbsp;</small>"


def scores(ad: Json) -> str:
    """HTML: the four scores, each a number beside a bar; one that is not known says so."""
    return f'<dl class="vt-scores">{"".join(_score(ad, column) for column in SCORES)}</dl>'


def _score(ad: Json, column: Column) -> str:
    value = ad[column.key]
    if value is None:
        return f'<div title="{words.html(NO_SCORE)}"><dt>{column.label}</dt><dd class="unknown">unknown</dd></div>'
    return (
        f'<div title="{words.html(column.means)}"><dt>{column.label}</dt>'
        f'<dd><i aria-hidden="true"><i style="width:{max(0.0, min(100.0, value)):.0f}%"></i></i>{value:.0f}</dd></div>'
    )


def no_picture(ad: Json) -> str:
    """What stands where a picture would."""
    return "Video" if ad["object_type"] == "video" else "No picture"
