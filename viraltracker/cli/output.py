"""How results look: tables and bars on a terminal, plain lines elsewhere, one JSON value under --json."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from viraltracker.cli import charts
from viraltracker.intelligence.plain import amount, percent

PLAIN_WIDTH = 140
_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

Json = Any


def console() -> Console:
    """Standard output, wide enough for tables when it is not a terminal."""
    terminal = sys.stdout.isatty()
    return Console(width=None if terminal else PLAIN_WIDTH, highlight=False, soft_wrap=False)


def plain(text: str) -> str:
    """Text from outside without what could drive the reader's terminal: control characters and text direction."""
    return "".join(
        character
        for character in text.replace("\t", " ")
        if character == "\n" or not (unicodedata.category(character) == "Cc" or character in _DIRECTION)
    )


def print_json(value: Json) -> None:
    """One JSON value on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def tell(text: str) -> None:
    """One line of a result on standard output."""
    sys.stdout.write(plain(text) + "\n")


def say(text: str) -> None:
    """One line on standard error: what is going on, never a result."""
    sys.stderr.write(plain(text) + "\n")
    sys.stderr.flush()


def number(value: Json, unit: str, currency: str = "") -> str:
    """A value as people read it; an unknown one is a dash."""
    if value is None:
        return "–"
    match unit:
        case "money":
            return f"{currency} {amount(value, currency)}".strip()
        case "money_change":
            return f"{'−' if value < 0 else '+'}{currency} {amount(abs(value), currency)}"
        case "rate":
            return f"{value * 100:.2f} %"
        case "share":
            return f"{value * 100:.1f} %".replace("-", "−")
        case "ratio":
            return f"{value:.2f}"
        case "count":
            return f"{value:,.0f}"
        case _:
            return str(value)


def table(
    title: str | None,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[int] = (),
    whole: Sequence[int] = (),
) -> None:
    """A table; `right` are the columns with numbers, `whole` others that are never broken over lines."""
    if title:
        console().print(Text(plain(title), style="bold"))
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(header):
        number_column = place in right
        made.add_column(name, justify="right" if number_column else "left", no_wrap=number_column or place in whole)
    for row in rows:
        made.add_row(*(escape(plain(cell)) for cell in row))
    console().print(made)


def draw(blocks: Sequence[dict[str, Json]], currency: str) -> None:
    """Draws the blocks of an analysis."""
    out = console()
    for block in blocks:
        match block["kind"]:
            case "heading":
                out.print(Text(plain(block["text"]), style="bold underline"))
            case "text":
                out.print(Text(plain(block["text"])))
            case "metrics":
                _metrics(block, currency)
            case "table":
                _table(block, currency)
            case "cards":
                _cards(block, currency)
            case _ if block.get("alt"):
                _chart(block, currency)
        out.print()


def _chart(block: dict[str, Json], currency: str) -> None:
    """A chart, or a kind that is not known here: what it says in words, and its numbers where they make a table."""
    out = console()
    out.print(Text(plain(block.get("title") or ""), style="bold"))
    out.print(Text(plain(block["alt"])))
    unit_of = str((block.get("data") or {}).get("currency") or currency)
    found = charts.rows(block, lambda value, unit: number(value, unit, unit_of))
    if found is not None:
        table(None, found.header, found.rows, right=found.right)


def _metrics(block: dict[str, Json], currency: str) -> None:
    rows = []
    for item in block["items"]:
        change = item["change"]
        against = "" if change is None else f"{change:+.0%}"
        rows.append((item["label"], number(item["value"], item["unit"], currency), against, item["note"] or ""))
    table(None, ("Metric", "Value", "Change", ""), rows, right=(1, 2))


def _table(block: dict[str, Json], currency: str) -> None:
    columns = block["columns"]
    rows = [[_cell(row, column, currency) for column in columns] for row in block["rows"]]
    right = [place for place, column in enumerate(columns) if column["unit"] != "text"]
    if block.get("note"):
        console().print(Text(plain(block["title"]), style="bold"))
        console().print(Text(plain(block["note"])))
    if rows:
        title = None if block.get("note") else block["title"]
        table(title, [column["label"] for column in columns], rows, right=right)
    if block["more"]:
        console().print(Text(f"… and {block['more']:,} more", style="dim"))


def _cell(row: dict[str, Json], column: dict[str, Json], currency: str) -> str:
    value = row[column["key"]]
    if column["key"] == "probability" and value is not None:
        return percent(value)
    said = number(value, column["unit"], currency)
    if "from" not in column:
        return said
    return f"{number(row[column['from']], column['unit'])} → {said}"


def _cards(block: dict[str, Json], currency: str) -> None:
    out = console()
    out.print(Text(block["title"], style="bold"))
    for place, card in enumerate(block["items"], start=1):
        money = card["money_per_week"]
        stake = f" [{currency} {money['value']:,.0f} a week]" if money else ""
        out.print(Text(plain(f"{place}. {card['title']}{stake}")))
        out.print(Padding(Text(plain(card["why"])), (0, 0, 0, 3)))
        out.print(Padding(Text(plain(f"Would change our mind: {card['change_our_mind']}"), style="dim"), (0, 0, 0, 3)))
    if block["more"]:
        out.print(Text(f"… and {block['more']:,} more", style="dim"))
