"""A file from Ads Manager on its way into a brand: what it is taken for, then its import."""

from __future__ import annotations

import hashlib
import re
import tempfile
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import streamlit as st

from viraltracker import clock
from viraltracker.errors import BadInput, ViralTrackerError
from viraltracker.meta.ads_manager.model import ParsedExport
from viraltracker.meta.ads_manager.parse import parse_export
from viraltracker.meta.ads_manager.table import MAX_BYTES
from viraltracker.store import schedules, storage
from viraltracker.store.brands import Brand
from viraltracker.web import cards, files, words, work
from viraltracker.web.guard import Viewer

Json = dict[str, Any]

BAD_ROWS_SHOWN: Final = 20
MEGABYTE: Final = 1024 * 1024
NO_CURRENCY: Final = "This file does not name its currency: say above which one its money is in, for example USD."
_FLAGS: Final = re.compile(r"with (?:--[a-z]+(?: and )?)+(?:, for example --currency USD)?")


@dataclass(frozen=True)
class Given:
    """A file and what the person adds where it says nothing itself."""

    name: str
    data: bytes
    currency: str | None = None
    period: tuple[date, date] | None = None

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def parsed(self) -> ParsedExport:
        """What the file says; BadInput where it cannot be used."""
        return parse_export(self.name, self.data, default_currency=self.currency, period=self.period)

    def parameters(self) -> Json:
        """Of the job that imports it."""
        first, last = self.period or (None, None)
        return {
            "file_name": self.name,
            "sha256": self.sha256,
            "currency": self.currency,
            "date_from": first.isoformat() if first else None,
            "date_to": last.isoformat() if last else None,
        }


def send(viewer: Viewer, brand: Brand, kind: work.JobKind, given: Given, key: str) -> str:
    """Puts the file where the worker finds it and starts its import; the run's id, the same for the same `key`.

    Raises Refused for a brand the person may not write.
    """
    keep = files.of(viewer.db)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "export"
        file.write_bytes(given.data)
        keep.put("imports", storage.key(brand.id, given.sha256), file, "application/octet-stream")
    return work.start(viewer, brand, kind, given.parameters(), idempotency_key=key)


def draw(viewer: Viewer, brand: Brand, kind: work.JobKind) -> None:
    """The upload, its preview, its import."""
    uploaded = st.file_uploader(
        "Import a report from Ads Manager, CSV or XLSX",
        type=["csv", "xlsx", "txt", "tsv"],
        max_upload_size=MAX_BYTES // MEGABYTE,
        help="By ad and by day if you can: totals of a period carry no trends. The same file twice changes nothing.",
        key=f"upload-{brand.id}",
    )
    if uploaded is None:
        return
    given = _completed(Given(uploaded.name, uploaded.getvalue()))
    try:
        parsed = given.parsed()
        if parsed.currency is None:
            raise BadInput(NO_CURRENCY)
    except BadInput as error:
        st.error(words.literal(_for_page(error.message)), icon=":material/error:")
        return
    draw_preview(parsed)
    # What was sent of this very file from this browser: its run, and the key that makes ten clicks one run.
    sent: Json = st.session_state.setdefault(f"sent-{brand.id}-{given.parameters()}", {"key": f"import:{uuid.uuid4()}"})
    if "run_id" in sent:
        run = schedules.run(viewer.db, sent["run_id"])
        if run["finished_at"] is None:
            _draw_working(viewer, run["id"], kind.label)
            return
        if run["state"] == "succeeded":
            st.success(words.literal(imported(run["result"])), icon=":material/check_circle:")
            return
        reason = run["error_message"] or "No reason was recorded."
        said = f"The import {words.STATES.get(run['state'], run['state'])}. {reason}"
        st.error(words.literal(said), icon=":material/error:")
        sent = {"key": f"import:{run['id']}:again"}
    if st.button(f"Import into {words.literal(brand.name)}", type="primary", icon=":material/upload:"):
        try:
            sent["run_id"] = send(viewer, brand, kind, given, sent["key"])
        except ViralTrackerError as error:
            st.error(words.literal(error.message), icon=":material/error:")
            return
        st.session_state[f"sent-{brand.id}-{given.parameters()}"] = sent
        st.rerun()


def _completed(given: Given) -> Given:
    """The file with what the person says where it is silent itself."""
    with st.expander("If the file does not name its currency or its days"):
        left, right = st.columns(2)
        code = left.text_input(
            "Currency", placeholder="USD", max_chars=3, help="Three letters.", key=f"currency-{given.sha256}"
        )
        days = right.date_input("First and last day", [], format="YYYY-MM-DD", key=f"days-{given.sha256}")
    currency = code.strip().upper()
    period = (days[0], days[1]) if isinstance(days, tuple) and len(days) == 2 else None
    known = len(currency) == 3 and currency.isascii() and currency.isalpha()
    return Given(given.name, given.data, currency if known else None, period)


def _for_page(message: str) -> str:
    """The parser tells what the command line would take; here the same is asked above the preview."""
    return message if "--" not in message else _FLAGS.sub("above", message)


def draw_preview(parsed: ParsedExport) -> None:
    """What would be loaded, and what not."""
    cards.section(f"{parsed.file_name}")
    days = "by day" if parsed.daily else "as totals of the period"
    checked = {True: "adds up to its own totals row", False: "does not add up to its own totals row", None: ""}
    said = [
        words.window(parsed.date_from.isoformat(), parsed.date_to.isoformat()),
        days,
        f"{parsed.records:,} rows by {parsed.level.replace('_', ' ')}",
        f"{parsed.ad_keys:,} ads told apart",
        checked[parsed.reconciles],
    ]
    cards.freshness([(part, "") for part in said if part])
    if parsed.reconciles is False:
        wrong = [words.literal(name.replace("_", " ")) for name, check in parsed.reconciliation.items() if not check.ok]
        st.warning(f"Its rows do not add up to its totals row in: {', '.join(wrong)}.", icon=":material/calculate:")
    cards.metrics(_totals(parsed), parsed.currency or "", None)
    for note in parsed.notes:
        st.info(words.literal(note), icon=":material/info:")
    if parsed.bad_rows:
        st.warning(f"{_rows(len(parsed.bad_rows))} would be left out; the others load.", icon=":material/report:")
        lines = "".join(
            f"<tr><td>{bad.line:,}</td><td class='wrap'>{words.html(bad.reason)}</td></tr>"
            for bad in parsed.bad_rows[:BAD_ROWS_SHOWN]
        )
        st.html(f'<table class="vt-table"><tr><th scope="col">Line</th><th scope="col">Why</th></tr>{lines}</table>')
        if len(parsed.bad_rows) > BAD_ROWS_SHOWN:
            st.html(f'<p class="vt-more">and {len(parsed.bad_rows) - BAD_ROWS_SHOWN:,} more</p>')
    taken = sum(column.taken_for is not None for column in parsed.columns)
    with st.expander(f"What each column was taken for: {taken} of {len(parsed.columns)} are loaded"):
        rows = "".join(
            f"<tr><td class='wrap'>{words.html(column.header or '(no name)')}</td>"
            f"<td>{words.html((column.taken_for or 'not loaded').replace('_', ' '))}</td>"
            f"<td class='wrap'>{words.html(column.note or '')}</td></tr>"
            for column in parsed.columns
        )
        st.html(
            '<div class="vt-scroll"><table class="vt-table" aria-label="Columns"><tr><th scope="col">Column</th>'
            f'<th scope="col">Taken for</th><th scope="col">Note</th></tr>{rows}</table></div>'
        )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _totals(parsed: ParsedExport) -> list[Json]:
    units = {"spend": "money", "impressions": "count", "link_clicks": "count", "purchases": "count", "results": "count"}
    found: list[Json] = []
    for name, unit in units.items():
        value = parsed.sums[name]
        if value is not None and len(found) < cards.PER_ROW:
            label = name.replace("_", " ").capitalize()
            found.append({"name": name, "label": label, "value": value, "unit": unit, "change": None, "note": None})
    return found


@st.fragment(run_every=work.LOOK_SECONDS)
def _draw_working(viewer: Viewer, run_id: str, label: str) -> None:
    run = schedules.run(viewer.db, run_id)
    if run["finished_at"]:
        st.rerun()
    work.draw_active(run, label, clock.now())


def imported(result: Json) -> str:
    """What an import did, in a sentence or two."""
    if result["already_imported"]:
        return f"{result['file']} was imported before; nothing changed."
    said = f"{result['file']} is in: {result['records']:,} rows, {result['ad_keys']:,} ads."
    if result["bad_rows"]:
        said += f" Left out: {_rows(result['bad_rows'])}."
    return said
