"""The button that hands out an analysis as one HTML file."""

from __future__ import annotations

from datetime import date
from functools import partial

import streamlit as st

from viraltracker import clock
from viraltracker.analysis import to_do
from viraltracker.store import analyses
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.web import report, times
from viraltracker.web.pictures import Pictures, thumbnails_or_none


def draw(db: Database, brand: Brand, run_id: str, days: tuple[str, str]) -> None:
    """The file is only made when somebody asks for it. `days` are the first and last of the analysis' window."""
    st.download_button(
        "Download as a report",
        partial(_made, db, brand.id, run_id, times.viewer_day(clock.now())),
        file_name=report.file_name(brand.name, *days),
        mime="text/html",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
        key=f"report-{run_id}",
        help="One file with everything in it, for a mail or to print.",
    )


def _made(db: Database, brand_id: str, run_id: str, today: date) -> str:
    run = to_do.without_answered(db, analyses.run(db, run_id), today=today)
    return report.document(run, thumbnails_or_none(Pictures(db, brand_id), report.pictured(run)))
