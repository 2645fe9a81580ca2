"""Answers of the chat on screen. Takes what was kept and draws it; every text goes out as text, never as markup."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import streamlit as st

from viraltracker import clock
from viraltracker.store import schedules
from viraltracker.store.client import Database
from viraltracker.web import blocks, overview, words, work
from viraltracker.web.pictures import Pictures

Json = dict[str, Any]

STYLE: Final = Path(__file__).with_name("answers.css")
LOOK_SECONDS: Final = 0.5
ROWS_SHOWN: Final = 50
LONGEST_CELL: Final = 160


class Message(Protocol):
    """What an answer kept of itself."""

    @property
    def key(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def envelope(self) -> Mapping[str, Any]: ...
    @property
    def tools(self) -> Sequence[Json]: ...


def line(text: str) -> None:
    """What the person typed."""
    st.html(f'<p class="vt-said">{words.html(text)}</p>')


def answer(message: Message, pictures: Pictures, *, newest: bool) -> None:
    """Text and cards, then tables and charts and the drawer with the rows, in older answers on demand."""
    text, envelope, tools = message.text, message.envelope, message.tools
    first, *rest = text.split("\n")
    said = "".join(f"<p>{words.html(part)}</p>" for part in rest)
    st.html(f'<div class="vt-answer"><p class="vt-first">{words.html(first)}</p>{said}</div>')
    parts = envelope.get("blocks") or []
    for block in parts:
        if block["kind"] == "cards":
            blocks.draw_block(block, envelope["facts"], pictures)
    tables = [block for block in parts if block["kind"] != "cards"]
    if not newest and not ((tables or tools) and st.toggle("Tables, charts and rows", key=f"details-{message.key}")):
        return
    for block in tables:
        blocks.draw_block(block, envelope["facts"], pictures)
    if tools:
        with st.expander("Rows and arithmetic", icon=":material/calculate:"):
            for result in tools:
                _tool(result)


def source(message: Message) -> Json | None:
    """The stored analysis an answer was read from, as `{analysis, from, to, …}`; None where there was none."""
    found = (result["rows"][0] for result in message.tools if result["tool"] == "stored_analysis" and result["rows"])
    return next(found, None)


@st.fragment(run_every=LOOK_SECONDS)
def progress(db: Database, run_id: str, label: str) -> None:
    """The run that the answer waits for, live; draws the whole page again when it has ended."""
    run = schedules.run(db, run_id)
    if run["state"] not in overview.ACTIVE:
        st.rerun()
    work.draw_active(run, label, clock.now())


def _tool(result: Json) -> None:
    given = ", ".join(f"{name.replace('_', ' ')}: {_cell(value)}" for name, value in result["arguments"].items())
    name = words.html(result["tool"].replace("_", " "))
    st.html(f'<p class="vt-tool"><b>{name}</b> {words.html(given)}</p>{_rows(result)}{_sums(result)}')


def _rows(result: Json) -> str:
    rows, names = result["rows"], result["columns"]
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{words.html(name.replace("_", " "))}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{words.html(_cell(row.get(name)))}</td>" for name in names) + "</tr>"
        for row in rows[:ROWS_SHOWN]
    )
    more = len(rows) - ROWS_SHOWN
    rest = f'<p class="vt-more">and {more:,} more rows</p>' if more > 0 else ""
    return f'<div class="vt-scroll"><table class="vt-table vt-rows"><tr>{head}</tr>{body}</table></div>{rest}'


def _sums(result: Json) -> str:
    return "".join(f'<p class="vt-sum">{words.html(text)}</p>' for text in result["arithmetic"])


def _cell(value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool() | str():
            text = str(value)
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}"
        case _:
            text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"
