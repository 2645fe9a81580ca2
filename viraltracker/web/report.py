"""A stored analysis as one HTML file that stands on its own: for a mail, an archive, or A4.

The blocks are those of the pages, drawn by the same code. Nothing in the file asks anything of anybody: no script, no
font, no picture that is not inside it, and a policy that would forbid them. Every text from outside is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from viraltracker.intelligence import definitions
from viraltracker.web import block_html, card_html, words

Json = dict[str, Any]

STYLES: Final = ("look.css", "blocks.css", "report.css")
LONGEST_NAME: Final = 60
_FOLDER: Final = Path(__file__).parent
_NO_NAME: Final = re.compile(r"[^a-z0-9]+")


def document(run: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    """The file of an `ad_intelligence_runs` row. `pictures` are data URIs by ad id, of `pictured` ads."""
    return _Writer(run, pictures).document()


def pictured(run: Mapping[str, Any]) -> list[str]:
    """The ads that the report shows with their picture."""
    tables = (block for block in run["blocks"] if block["kind"] == "table")
    return list(dict.fromkeys(str(row["ad_id"]) for block in tables for row in block_html.leaders(block)))


def file_name(brand: str, date_from: str, date_to: str) -> str:
    """What the file is called: the brand and the days, in letters that every file system takes."""
    name = _NO_NAME.sub("-", brand.lower()).strip("-")[:LONGEST_NAME]
    return f"{name or 'brand'}-{date_from}-to-{date_to}.html"


class _Writer:
    """One report; the definitions it needs are numbered in the order in which their names come up."""

    def __init__(self, run: Mapping[str, Any], pictures: Mapping[str, str]) -> None:
        self._run, self._summary, self._pictures = run, run["summary"], pictures
        self._notes: dict[str, int] = {}

    def document(self) -> str:
        summary, window = self._summary, words.period(self._summary["window"])
        title = f"{summary['brand']}, {window}"
        body = "".join(self._block(block) for block in self._run["blocks"])
        style = "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in STYLES)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        # Marks stand where attributes say, which is why these are allowed; the one style sheet is known by its hash.
        policy = (
            f"default-src 'none'; img-src data:; style-src-elem 'sha256-{digest}'; style-src-attr 'unsafe-inline'; "
            "base-uri 'none'; form-action 'none'"
        )
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
            f"<title>{words.html(title)}</title><style>{style}</style></head><body><main>"
            f"<h1>{words.html(summary['brand'])}</h1>{self._of()}{body}{self._footnotes()}</main></body></html>\n"
        )

    def _of(self) -> str:
        """What the numbers are of, and when they were put together."""
        summary = self._summary
        facts = [
            ("Window", words.period(summary["window"])),
            ("Before", words.period(summary.get("prior_window"))),
            ("Currency", summary["currency"]),
            ("Attribution", words.attribution(summary["attribution"] or "not stated by the source")),
            ("Made", words.when(self._run["finished_at"]) if self._run["finished_at"] else "not known"),
        ]
        lines = (f"<div><dt>{name}</dt><dd>{words.html(said)}</dd></div>" for name, said in facts if said)
        return f'<dl class="vt-of">{"".join(lines)}</dl>'

    def _block(self, block: Json) -> str:
        currency = self._summary["currency"]
        match block["kind"]:
            case "heading":
                # The first says the brand and the window, which stand over everything already.
                return "" if block is self._run["blocks"][0] else f"<h2>{words.html(block['text'])}</h2>"
            case "text":
                return f'<p class="vt-said">{words.html(block["text"])}</p>'
            case "metrics":
                return block_html.metrics(block, currency, self._metric_name)
            case "cards":
                cards = card_html.recommendations(block["items"], unfolded=True)
                return _titled(block, cards, "of less money")
            case "table":
                return _titled(block, self._table(block), "not shown")
            case "chart":
                return _titled(block, block_html.chart(block, currency), "")
            case _:
                return f'<p class="vt-said">{words.html(block.get("alt") or "")}</p>' if block.get("alt") else ""

    def _table(self, block: Json) -> str:
        note = f'<p class="vt-note">{words.html(block["note"])}</p>' if block.get("note") else ""
        if not block["rows"]:
            return note
        leaders = block_html.leaders(block)
        tone = block_html.TONES.get(block["title"], "accent")
        shown = card_html.leaderboard(leaders, self._pictures, self._summary["currency"], tone) if leaders else ""
        chart = block_html.table_chart(block, self._summary)
        return f"{note}{shown}{chart}{block_html.table(block, self._summary, self._column_name)}"

    def _column_name(self, column: Json, _at_end: bool) -> str:
        return words.html(column["label"]) + self._mark(column["key"])

    def _metric_name(self, item: Json) -> str:
        return words.html(item["label"]) + self._mark(item["name"])

    def _mark(self, column: str) -> str:
        """The number of the footnote that says what a column means, or nothing."""
        found = definitions.find(column)
        if found is None:
            return ""
        number = self._notes.setdefault(found.key, len(self._notes) + 1)
        name = words.html(f"Note {number}: what {found.name} means")
        return f'<sup class="vt-note-mark"><a href="#note-{number}" aria-label="{name}">{number}</a></sup>'

    def _footnotes(self) -> str:
        if not self._notes:
            return ""
        lines = []
        for key, number in self._notes.items():
            found = definitions.by_column()[key]
            said = [block_html.meaning(key, self._summary), found.remarks_said]
            said += [f"Formula: {found.formula_said}."] if found.formula else []
            text = " ".join(part for part in said if part)
            lines.append(f'<li id="note-{number}"><b>{words.html(found.name)}.</b> {words.html(text)}</li>')
        return f'<h2>What the numbers mean</h2><ol class="vt-notes">{"".join(lines)}</ol>'


def _titled(block: Json, inside: str, how: str) -> str:
    left = block.get("more") or 0
    more = f'<p class="vt-more">and {left:,} more {how}</p>' if left else ""
    return f"<section><h2>{words.html(block['title'])}</h2>{inside}{more}</section>"
