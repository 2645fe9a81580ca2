"""What kinds of file are read, in which dialects, and what is refused with which words."""

from __future__ import annotations

import contextlib
import io
import warnings
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viraltracker import errors
from viraltracker.meta.ads_manager.model import ParsedExport
from viraltracker.meta.ads_manager.parse import parse_export

ROWS = """Campaign name,Ad name,Impressions,Amount spent (USD),Link clicks,Reporting starts,Reporting ends
Spring,Dog,1000,12.50,10,2026-03-01,2026-03-31
Spring,Cat,3000,7.50,20,2026-03-01,2026-03-31
"""


def read(text: str, **given: object) -> ParsedExport:
    return parse_export("report.csv", text.encode(), **given)  # type: ignore[arg-type]


def totals_of(parsed: ParsedExport) -> tuple[object, ...]:
    return parsed.sums["impressions"], parsed.sums["spend"], parsed.sums["link_clicks"], parsed.currency


@pytest.mark.parametrize(
    ("data", "encoding", "delimiter"),
    [
        (ROWS.encode(), "utf-8", ","),
        (ROWS.encode("utf-8-sig"), "utf-8-sig", ","),
        (ROWS.encode("utf-16"), "utf-16", ","),
        (ROWS.encode("utf-16-le"), "utf-16-le", ","),
        (ROWS.replace("Dog", "Große Hündin").encode("cp1252"), "cp1252", ","),
        (ROWS.replace(",", ";").encode(), "utf-8", ";"),
        (ROWS.replace(",", "\t").encode("utf-16"), "utf-16", "\t"),
        (ROWS.replace("\n", "\r\n").upper().encode(), "utf-8", ","),
        (("sep=;\n" + ROWS.replace(",", ";")).encode(), "utf-8", ";"),
        (("My report\n\n" + ROWS).encode(), "utf-8", ","),
    ],
)
def test_every_encoding_and_delimiter_gives_the_same_numbers(data: bytes, encoding: str, delimiter: str) -> None:
    parsed = parse_export("report.csv", data)
    assert totals_of(parsed) == (4000, Decimal("20.00"), 30, "USD")
    assert (parsed.encoding, parsed.delimiter) == (encoding, delimiter)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "fr",
            "Début des rapports;Fin des rapports;Nom de la campagne;Nom de l’ensemble de publicités;"
            "Nom de la publicité;Impressions;Montant dépensé (EUR);Clics sur un lien;Couverture;Âge;Résultats\n"
            "01/03/2026;02/03/2026;P;E;Chien;45\u202f000;1\u00a0850,50;1 200;40 000;18-24;12\n",
        ),
        (
            "es",
            "Inicio del informe;Fin del informe;Nombre de la campaña;Nombre del conjunto de anuncios;"
            "Nombre del anuncio;Impresiones;Importe gastado (EUR);Clics en el enlace;Alcance;Edad;Resultados\n"
            "01/03/2026;02/03/2026;P;E;Chien;45.000;1.850,50;1.200;40.000;18-24;12\n",
        ),
        (
            "de",
            "Berichtsstart;Berichtsende;Kampagnenname;Anzeigengruppenname;Name der Anzeige;Impressionen;"
            "Ausgegebener Betrag (EUR);Link-Klicks;Reichweite;Alter;Ergebnisse\n"
            "01.03.2026;02.03.2026;P;E;Chien;45'000;1'850,50;1'200;40'000;18-24;12\n",
        ),
    ],
)
def test_other_interface_languages_are_read(language: str, text: str) -> None:
    parsed = read(text)
    assert totals_of(parsed) == (45_000, Decimal("1850.50"), 1_200, "EUR")
    assert (parsed.language, parsed.decimal_mark, parsed.level) == (language, ",", "ad")
    assert (parsed.date_from, parsed.date_to) == (date(2026, 3, 1), date(2026, 3, 2))
    assert parsed.rows[0].metrics["reach"] == 40_000
    assert parsed.rows[0].metrics["results"] == 12


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.create_sheet("Notes").append(["Impressions", "Amount spent (EUR)"])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


HEADER: list[object] = ["Ad name", "Ad ID", "Impressions", "Amount spent (USD)", "Link clicks"]
PERIOD: list[object] = ["Reporting starts", "Reporting ends"]


def test_a_spreadsheet_is_read_from_its_first_sheet_with_numbers_as_text_or_not() -> None:
    day = datetime(2026, 3, 1)  # noqa: DTZ001 - spreadsheets know no zones
    data = workbook(
        HEADER + PERIOD,
        ["Dog", "238640000000000421", 1000, 12.5, "10", day, "2026-03-31"],
        ["Cat", "238640000000000422", "3000", "7.50", 20.0, day, "2026-03-31"],
        [None] * 7,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parsed = parse_export("report.xlsx", data)
    assert totals_of(parsed) == (4000, Decimal("20.00"), 30, "USD")
    assert parsed.container == "xlsx"
    assert [row.ad_key for row in parsed.rows] == ["238640000000000421", "238640000000000422"]


@pytest.mark.parametrize("ad_id", ["2.3864E+17", "2,3864e17", 238640000000000421, 2.3864e17])
def test_ids_that_a_spreadsheet_has_rounded_are_refused(ad_id: object) -> None:
    data = workbook(HEADER + PERIOD, ["Dog", ad_id, 1000, 12.5, 10, "2026-03-01", "2026-03-31"])
    with pytest.raises(errors.BadInput, match=r"rounded the ids .*line 2.* without opening"):
        parse_export("report.xlsx", data)


def test_ids_cut_to_fifteen_digits_are_refused_though_they_look_whole() -> None:
    lines = [f"238640000000{n:03}000,10,1.00,2026-03-01,2026-03-31" for n in range(3)]
    text = "Ad ID,Impressions,Amount spent (USD),Reporting starts,Reporting ends\n"
    with pytest.raises(errors.BadInput, match="rounded the ids"):
        read(text + "\n".join(lines))


def zipped(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "Impressions")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"\x89PNG\r\n\x1a\n", "is a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", r"old \.xls workbook"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "is a web page"),
        (zipped("photo.jpg"), "compressed file, not an XLSX"),
        (zipped("xl/workbook.xml"), "cannot be read as a spreadsheet"),
        (b"PK\x03\x04broken", "is damaged"),
        (b"name,colour\ndog,brown\n", r"no column that Ads Manager exports .*name, colour"),
        (b"\x00\x81\x00\x00\x00\x02" * 90, "not text"),
        (b"Campaign name,Ad name,Reach\na,b,3\n", "neither impressions nor an amount spent"),
        (ROWS.splitlines()[0].encode(), "holds no rows of ads"),
        ((ROWS.splitlines()[0] + "\nx,y,many,?,?,?,?\n").encode(), r"No row .* line 2"),
    ],
)
def test_what_is_not_an_export_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(errors.BadInput, match=words):
        parse_export("upload", data)


def test_files_over_the_cap_are_refused_before_they_are_read() -> None:
    with pytest.raises(errors.BadInput, match="at most 0 MB are read: export a shorter period"):
        parse_export("report.csv", ROWS.encode(), max_bytes=100)


def test_a_spreadsheet_that_unpacks_to_far_more_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "x" * 5_000_000)
    with pytest.raises(errors.BadInput, match="unpacks to far more"):
        parse_export("report.xlsx", packed.getvalue())


def test_a_cell_that_looks_like_a_formula_is_only_text() -> None:
    formula = "=cmd|' /C calc'!A0"
    assert read(ROWS.replace("Dog", formula)).rows[0].ad_name == formula


def test_cells_with_line_breaks_and_a_stray_quotation_mark_are_read() -> None:
    parsed = read(ROWS.replace("Dog", '"Dog\n\nline ""two"""').replace("Cat", '"Cat" tail'))
    assert [row.ad_name for row in parsed.rows] == ['Dog\n\nline "two"', "Cat tail"]


def test_a_quotation_mark_that_is_never_closed_says_that_rows_are_lost() -> None:
    parsed = read(ROWS.replace("Spring,Cat", 'Spring,"Cat'))
    assert totals_of(parsed)[0] == 1000
    assert [(bad.line, bad.reason[:30]) for bad in parsed.bad_rows] == [(3, "a quotation mark opens here an")]


def test_the_dates_of_a_column_are_read_in_one_order() -> None:
    us = ROWS.replace("2026-03-01", "03/01/2026").replace("2026-03-31", "03/31/2026")
    parsed = read(us)
    assert (parsed.date_from, parsed.date_to) == (date(2026, 3, 1), date(2026, 3, 31))
    day_first = ROWS.replace("2026-03-01", "01/03/2026").replace("2026-03-31", "31/03/2026")
    assert read(day_first).date_from == date(2026, 3, 1)


def test_dates_that_nothing_decides_are_refused_unless_the_period_is_given() -> None:
    unclear = ROWS.replace("2026-03-01", "03/04/2026").replace("2026-03-31", "05/04/2026")
    with pytest.raises(errors.BadInput, match="day/month or month/day"):
        read(unclear)
    parsed = read(unclear, period=(date(2026, 3, 4), date(2026, 5, 4)))
    assert parsed.date_to == date(2026, 5, 4)
    with pytest.raises(errors.BadInput, match="Some dates put the day first"):
        read(ROWS.replace("2026-03-01", "03/25/2026").replace("2026-03-31", "25/03/2026"))


def test_a_file_without_currency_or_period_says_which_options_give_them() -> None:
    bare = "Ad name,Impressions,Amount spent\nDog,10,1.50\n"
    with pytest.raises(errors.BadInput, match="--from and --to, and its currency with --currency"):
        read(bare)
    with pytest.raises(errors.BadInput, match="--currency"):
        read(bare, period=(date(2026, 3, 1), date(2026, 3, 2)))
    parsed = read(bare, period=(date(2026, 3, 1), date(2026, 3, 2)), default_currency="eur")
    assert (parsed.currency, parsed.date_to, len(parsed.notes)) == ("EUR", date(2026, 3, 2), 2)


def test_the_currency_column_is_used_and_two_currencies_are_refused() -> None:
    text = "Ad name,Currency,Impressions,Amount spent,Reporting starts,Reporting ends\n"
    row = "{},{},10,1.50,2026-03-01,2026-03-01\n"
    assert read(text + row.format("Dog", "gbp"), default_currency="USD").currency == "GBP"
    with pytest.raises(errors.BadInput, match="EUR, GBP"):
        read(text + row.format("Dog", "GBP") + row.format("Cat", "EUR"))


damage = st.sampled_from(
    [",", ";", '"', "\n", "\t", "\0", "-", "All", "Total", "1.234,5", "1e9", "nan", "9" * 30, "2026-13-45", "²", "٣"]
)


@given(st.lists(st.tuples(st.integers(0, len(ROWS)), st.integers(0, 20), damage), max_size=6))
def test_a_damaged_file_is_read_or_refused_and_never_crashes(cuts: list[tuple[int, int, str]]) -> None:
    text = ROWS
    for start, length, instead in cuts:
        text = text[:start] + instead + text[start + length :]
    with contextlib.suppress(errors.BadInput):
        parsed = read(text)
        assert parsed.records == len(parsed.bad_rows) + sum(row.merged_rows for row in parsed.rows)
