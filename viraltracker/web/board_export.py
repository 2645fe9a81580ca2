"""All ads that fit the filters as a CSV file, made when somebody asks for it."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final

import streamlit as st

from viraltracker.creatives import in_words
from viraltracker.store import boards
from viraltracker.store.boards import Wanted
from viraltracker.store.client import Database
from viraltracker.web import board_columns, csv_file, labels_view
from viraltracker.web.csv_file import Cell

Json = dict[str, Any]

NUMBERS: Final = (
    "spend",
    "conversions",
    "cpa",
    "cpa_low",
    "cpa_high",
    "roas",
    "roas_low",
    "roas_high",
    "needs_spend",
    "cpc",
    "cpm",
    "impressions",
    "link_clicks",
    "landing_page_views",
    "video_3s",
    "thruplays",
    *(f"{rate}{end}" for rate in ("ctr", "hook_rate", "hold_rate", "lpv_rate", "cvr") for end in ("", "_low", "_high")),
    *(column.key for column in board_columns.SCORES),
)
"""Fields of an ad that go into the file as numbers; rates as fractions."""
HEADS: Final = (
    "ad_id",
    "ad_name",
    "status",
    "verdict",
    "verdict_probability",
    "reason",
    "fatigue",
    "fatigue_from",
    "currency",
    *NUMBERS,
    "stage",
    "stage_from",
    *board_columns.LABELS[1:],
    "window_from",
    "window_to",
)


def draw(db: Database, brand_id: str, name: str, wanted: Wanted, found: Json) -> None:
    """The button; the file has every ad that fits, whichever page is shown."""
    run = found["run"]
    st.download_button(
        "Download CSV",
        data=partial(made, db, brand_id, wanted),
        file_name=f"{slug(name)}-ads-{run['date_from']}-{run['date_to']}.csv",
        mime="text/csv",
        icon=":material/download:",
        key="board-csv",
        help=f"All {found['found']:,} ads that fit, with every number and label.",
        on_click="ignore",
        disabled=not found["found"],
    )


def made(db: Database, brand_id: str, wanted: Wanted) -> bytes:
    """The file of all ads that fit."""
    return of(boards.of_brand(db, brand_id, wanted, limit=None))


def of(found: Json) -> bytes:
    """The file of these ads; see `boards.of_brand`."""
    return csv_file.made(HEADS, (_row(ad, found["run"]) for ad in found["ads"]))


def _row(ad: Json, run: Json) -> list[Cell]:
    fatigue = board_columns.FATIGUE.get(ad["fatigue"], (None, ""))[0]
    return [
        ad["ad_id"],
        ad["name"],
        ad["effective_status"],
        board_columns.verdict(ad)[0],
        board_columns.sure(ad),
        ad["reason"],
        fatigue,
        ad["break_on"],
        run["currency"],
        *(ad[name] for name in NUMBERS),
        _label(ad["awareness"]),
        None if ad["reader"] is None else in_words.classifier(ad["reader"]),
        *(_label(ad[name]) for name in board_columns.LABELS[1:]),
        run["date_from"],
        run["date_to"],
    ]


def _label(label: str | None) -> str | None:
    return None if label is None else labels_view.name(label)


def slug(name: str) -> str:
    """A brand's name as the beginning of a file's."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "brand"
