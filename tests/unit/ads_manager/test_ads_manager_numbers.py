"""Numbers survive every way of printing them, and a whole export survives being written and read."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viraltracker import errors
from viraltracker.meta.ads_manager import numerals
from viraltracker.meta.ads_manager.numerals import Cell
from viraltracker.meta.ads_manager.parse import parse_export

amounts = st.integers(0, 10**12).map(lambda cents: Decimal(cents).scaleb(-2))


def printed(amount: Decimal, group: str, mark: str) -> str:
    return f"{amount:,.2f}".replace(",", "G").replace(".", mark).replace("G", group)


@given(
    st.lists(amounts, min_size=1),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("\u202f", ","), ("'", "."), ("’", "."), ("", ",")]),
    st.sampled_from(["{}", "${}", "{} €", "USD {}"]),
)
def test_an_amount_is_read_back_however_it_is_printed(money: list[Decimal], marks: tuple[str, str], frame: str) -> None:
    cells: list[Cell] = [frame.format(printed(amount, *marks)) for amount in money]
    mark = numerals.decimal_mark([(cells, False)], delimiter=",")
    column = numerals.read_column(cells, mark, count=False)
    assert mark == marks[1]
    assert (column.values, column.faults) == (money, {})


@given(st.integers(0, 10**9), st.sampled_from([",", ".", " ", "\u00a0", "'", ""]))
def test_a_count_is_read_back_with_any_grouping(count: int, group: str) -> None:
    cells: list[Cell] = [f"{count:,}".replace(",", group)]
    mark = numerals.decimal_mark([(cells, True)], delimiter=",")
    assert numerals.read_column(cells, mark, count=True).values == [count]


@given(st.text(max_size=12))
def test_no_text_makes_the_reader_fail_or_invent_a_number(text: str) -> None:
    column = numerals.read_column([text], ".", count=False)
    if column.values[0] is not None:
        assert any(char.isdigit() for char in text)
        assert column.values[0] >= 0


def test_decimal_marks_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(errors.BadInput, match=r"decimal point \(1.50\) .*decimal comma \(1,50\)"):
        numerals.decimal_mark([(["1.50", "1,50"], False)], delimiter=",")


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=8),
            st.integers(0, 10**7),
            amounts,
            st.integers(0, 10**5) | st.none(),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_row_and_no_cent_is_lost_between_file_and_rows(ads: list[tuple[str, int, Decimal, int | None]]) -> None:
    text = io.StringIO()
    sheet = csv.writer(text)
    sheet.writerow(
        ["Ad name", "Age", "Impressions", "Amount spent (USD)", "Link clicks", "Reporting starts", "Reporting ends"]
    )
    for name, impressions, spend, clicks in ads:
        clicked = "" if clicks is None else clicks
        sheet.writerow([f"ad {name}", "18-24", impressions, spend, clicked, "2026-03-01", "2026-03-31"])
    parsed = parse_export("r.csv", text.getvalue().encode())
    assert parsed.bad_rows == ()
    assert parsed.sums["impressions"] == sum(ad[1] for ad in ads)
    assert parsed.sums["spend"] == sum(ad[2] for ad in ads)
    assert (parsed.sums["link_clicks"] or 0) == sum(ad[3] or 0 for ad in ads)
    assert parsed.ad_keys == len({ad[0] for ad in ads})
    assert sum(row.merged_rows for row in parsed.rows) == len(ads)
