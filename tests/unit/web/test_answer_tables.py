"""A table of the chat needs no more of an analysis than its currency."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _page() -> None:
    from viraltracker.web import blocks
    from viraltracker.web.pictures import Pictures

    columns = [{"key": "ad_name", "label": "Ad", "unit": "text"}, {"key": "spend", "label": "Spend", "unit": "money"}]
    rows = [{"ad_id": "1", "ad_name": "<b>Ad</b>", "spend": 12.5}]
    table = {"kind": "table", "title": "Where most is lost", "columns": columns, "rows": rows, "more": 0}
    blocks.draw_block(table, {"currency": "USD"}, Pictures(None, "brand"))  # type: ignore[arg-type]


def test_a_table_without_a_chart_is_drawn_from_its_rows() -> None:
    app = AppTest.from_function(_page).run()
    assert not app.exception
    drawn = " ".join(str(element.proto) for element in app.main if hasattr(element, "proto"))
    assert "Where most is lost" in drawn
    assert "&lt;b&gt;Ad&lt;/b&gt;" in drawn
    assert "$12.50" in drawn
