"""What the rows of an export mean: totals, blanks, breakdowns, results, purchases, bad rows."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal

import pytest

from viraltracker import errors
from viraltracker.meta.ads_manager.model import BadRow, ParsedExport
from viraltracker.meta.ads_manager.parse import parse_export

DATES = "Reporting starts,Reporting ends"
MARCH = "2026-03-01,2026-03-31"


def read(header: str, *rows: str) -> ParsedExport:
    """A CSV of these columns and rows, all of March 2026 unless the header has its own dates."""
    dated = DATES in header
    lines = [header if dated else f"{header},{DATES}", *(row if dated else f"{row},{MARCH}" for row in rows)]
    return parse_export("report.csv", "\n".join(lines).encode())


@pytest.mark.parametrize(
    "rows",
    [
        ("0,,400,4.00,7", "Dog,18-24,100,1.00,", "Cat,25-34,300,3.00,"),
        ("Dog,18-24,100,1.00,", "Cat,25-34,300,3.00,", ",,400,4.00,7"),
        ("Results from 2 ads,,400,4.00,7", "Dog,18-24,100,1.00,", "Cat,25-34,300,3.00,"),
        ("Dog,18-24,100,1.00,", "Cat,25-34,300,3.00,", "Total,,400,4.00,7"),
    ],
)
def test_the_totals_row_is_a_checksum_and_never_an_ad(rows: tuple[str, ...]) -> None:
    parsed = read("Ad name,Age,Impressions,Amount spent (USD),ThruPlays", *rows)
    assert parsed.sums["impressions"] == 400
    assert [row.ad_name for row in parsed.rows] == ["Dog", "Cat"]
    assert parsed.totals == {"impressions": 400, "spend": Decimal("4.00"), "thruplays": 7}
    assert parsed.reconciles is True
    assert {name: metric.value for name, metric in parsed.account_level.items()} == {"thruplays": 7}
    assert parsed.sums["thruplays"] is None


def test_an_ad_without_a_name_is_no_totals_row() -> None:
    parsed = read("Ad name,Impressions,Amount spent (USD)", ",100,1.00", "Cat,300,3.00", "Totals of spring,50,2")
    assert (parsed.sums["impressions"], parsed.totals, parsed.records) == (450, None, 3)


def test_a_report_by_day_without_names_knows_its_totals_row_by_its_period() -> None:
    parsed = read(
        f"{DATES},Impressions,Amount spent (USD)",
        "2026-03-01,2026-03-02,300,3.00",
        "2026-03-01,2026-03-01,100,1.00",
        "2026-03-02,2026-03-02,200,2.00",
    )
    assert (parsed.sums["impressions"], parsed.daily, parsed.level) == (300, True, "account")


def test_zero_filled_totals_are_not_taken_for_sums() -> None:
    parsed = read(
        "Ad name,Impressions,Amount spent (USD),Link clicks", ",400,4.00,0", "Dog,100,1.00,5", "Cat,300,3.00,6"
    )
    assert parsed.totals == {"impressions": 400, "spend": Decimal("4.00")}
    assert parsed.reconciles is True


def test_rows_that_miss_the_totals_row_by_more_than_rounding_are_said_not_to_reconcile() -> None:
    header = "Ad name,Impressions,Amount spent (USD)"
    close = read(header, ",400,4.01", "Dog,100,1.00", "Cat,300,3.00")
    assert close.reconciles is True
    assert close.reconciliation["spend"].tolerance == Decimal("0.015")
    assert read(header, ",400,4.02", "Dog,100,1.00", "Cat,300,3.00").reconciles is False
    assert read(header, ",401,4.00", "Dog,100,1.00", "Cat,300,3.00").reconciles is False
    assert read(header, "Dog,100,1.00", "Cat,300,3.00").reconciles is None


def test_subtotals_of_a_pivot_report_are_left_out() -> None:
    parsed = read(
        "Ad name,Day,Impressions,Amount spent (USD)",
        "Dog,All,300,3.00",
        "Dog,2026-03-01,100,1.00",
        "Dog,2026-03-02,200,2.00",
    )
    assert (parsed.sums["impressions"], parsed.daily, len(parsed.rows)) == (300, True, 2)


def test_a_blank_action_is_zero_where_the_file_reports_it_and_unknown_where_it_never_does() -> None:
    parsed = read(
        "Ad name,Impressions,Amount spent (USD),Link clicks,Adds to cart,Clicks (all)",
        "Dog,100,1.00,5,,9",
        "Cat,300,3.00,,,",
        "Asleep,0,0.00,,,",
    )
    dog, cat, asleep = (row.metrics for row in parsed.rows)
    assert (dog["link_clicks"], cat["link_clicks"], asleep["link_clicks"]) == (5, 0, None)
    assert (dog["adds_to_cart"], cat["adds_to_cart"]) == (None, None)
    assert (dog["clicks"], cat["clicks"]) == (9, None)
    assert dog["purchases"] is None


def test_a_purchase_value_absent_beside_purchases_is_unknown_not_zero() -> None:
    parsed = read(
        "Ad name,Age,Impressions,Amount spent (USD),Purchases,Purchases conversion value",
        "Dog,18-24,100,1.00,2,50.00",
        "Dog,25-34,100,1.00,1,",
        "Cat,18-24,100,1.00,,",
        "Cow,18-24,100,1.00,1,9.00",
    )
    assert [row.metrics["purchase_value"] for row in parsed.rows] == [None, 0, Decimal("9.00")]
    assert [row.metrics["purchases"] for row in parsed.rows] == [3, 0, 1]


def test_breakdown_rows_are_added_up_to_the_ad_and_their_reach_is_not() -> None:
    parsed = read(
        "Campaign name,Ad name,Text,Age,Impressions,Reach,Amount spent (USD)",
        "C,Dog,Woof,18-24,100,90,1.00",
        "C,Dog,Woof,25-34,200,190,2.00",
        "C,Dog,Woof,25-34,10,9,0.10",
        "C,Dog,Bark,18-24,5,4,0.05",
    )
    woof, bark = parsed.rows
    assert (woof.metrics["impressions"], woof.merged_rows, woof.metrics["reach"]) == (310, 3, None)
    assert (bark.metrics["impressions"], bark.merged_rows, bark.metrics["reach"]) == (5, 1, 4)
    assert (parsed.duplicate_rows, parsed.breakdowns, parsed.ad_keys) == (1, ("Age",), 2)
    # The key is stored, so what it is made of can never change.
    canonical = b'{"account":null,"ad":"Dog","ad_set":null,"campaign":"C","text":"Woof"}'
    assert woof.ad_key == "imp:" + hashlib.sha256(canonical).hexdigest()


def test_the_ad_id_is_the_key_and_its_several_texts_are_said_to_be_added_up() -> None:
    parsed = read("Ad name,Ad ID,Text,Impressions,Amount spent (USD)", "Dog,a:23864,Woof,1,1", "Dog,a:23864,Bark,2,1")
    assert [(row.ad_key, row.primary_text) for row in parsed.rows] == [("23864", None)]
    assert "leave out the Ad ID column" in parsed.notes[0]


def test_bad_rows_are_listed_with_line_and_reason_while_good_ones_load() -> None:
    parsed = read(
        "Ad name,Impressions,Amount spent (USD),Link clicks",
        'Dog,100,1.00,"5"',
        "Minus,100,-1.00,5",
        "Text,many,1.00,5",
        "Half,1.5,1.00,5",
        "Damaged,1.2E+05,1.00,5",
        "Keen,10,1.00,50",
        "Huge,9000000000000,1.00,50",
    )
    text = "\n".join(
        [
            f"Ad name,Impressions,Amount spent (USD),{DATES}",
            '"Two\nlines",100,1.00,2026-03-01,2026-03-31',
            "Back,100,1.00,2026-03-31,2026-03-01",
            "Never,100,1.00,2026-02-30,2026-03-01",
            "Short,100",
            "Wide,100,1.00,2026-03-01,2026-03-31,9",
        ]
    )
    assert parsed.sums["impressions"] == 110
    assert [(bad.line, bad.reason) for bad in parsed.bad_rows] == [
        (3, "Amount spent (USD): -1.00 is below zero"),
        (4, "Impressions: “many” is not a number"),
        (5, "Impressions: 1.5 is not a whole number"),
        (6, "Impressions: “1.2E+05” has been shortened by a spreadsheet"),
        (8, "Impressions: 9.000E+12 is more than any ad account reports"),
    ]
    assert parse_export("r.csv", text.encode()).bad_rows == (
        BadRow(4, "its period ends (2026-03-01) before it starts (2026-03-31)"),
        BadRow(5, "“2026-02-30” is not a date"),
        BadRow(6, "is cut short: 2 cells where the header has 5"),
        BadRow(7, "has 6 cells where the header has 5"),
    )


def test_more_clicks_than_impressions_is_a_note_not_a_fault() -> None:
    parsed = read("Ad name,Impressions,Amount spent (USD),Clicks (all)", "Keen,10,1.00,50")
    assert (parsed.bad_rows, parsed.notes) == ((), ("1 rows have more clicks than impressions.",))


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("On-Facebook Leads", "lead"),
        ("actions:onsite_conversion.lead_grouped", "lead"),
        ("Website purchases", "purchase"),
        ("actions:offsite_conversion.fb_pixel_purchase", "purchase"),
        ("Link Clicks", "link_click"),
        ("actions:omni_landing_page_view", "landing_page_view"),
        ("Ajouts au panier", "add_to_cart"),
        ("Clics en el enlace", "link_click"),
        ("Start Pledge (New)", "start_pledge_new"),
    ],
)
def test_result_types_get_one_vocabulary_and_keep_their_label(label: str, kind: str) -> None:
    parsed = read("Ad name,Impressions,Amount spent (USD),Results,Result type", f"Dog,10,1.00,3,{label}", "Cat,10,1,,")
    dog, cat = parsed.rows
    assert (dog.result_type, dog.result_label, dog.metrics["results"]) == (kind, label, 3)
    assert (cat.result_type, cat.metrics["results"], parsed.result_type) == (kind, 0, kind)
    assert dog.metrics["purchases"] == (3 if kind == "purchase" else None)


def test_mixed_result_types_stay_apart() -> None:
    parsed = read(
        "Ad name,Age,Impressions,Amount spent (USD),Results,Result type",
        "Dog,18-24,10,1.00,3,Leads",
        "Cat,18-24,10,1.00,4,Link clicks",
        "Cow,18-24,10,1.00,,",
        "Pig,18-24,10,1.00,1,Leads",
        "Pig,25-34,10,1.00,1,Link clicks",
    )
    got = [(row.result_type, row.metrics["results"]) for row in parsed.rows]
    assert got == [("lead", 3), ("link_click", 4), (None, 0), ("mixed", None)]
    assert parsed.result_type == "mixed"


def test_one_purchases_column_is_read_and_the_value_comes_from_the_same_place() -> None:
    parsed = read(
        "Ad name,Impressions,Amount spent (USD),Purchases,Website purchases,"
        "Website purchases conversion value,Purchases conversion value",
        "Dog,10,1.00,,3,90.00,",
    )
    assert (parsed.sums["purchases"], parsed.sums["purchase_value"]) == (3, Decimal("90.00"))
    notes = {use.header: use.taken_for for use in parsed.columns}
    assert notes["Purchases"] is None
    assert notes["Website purchases"] == "purchases"


def test_duplicated_headers_are_one_column_or_the_first_one() -> None:
    parsed = read("Ad name,Impressions,Ad name,Amount spent (USD),Impressions,Mood", "Dog,10,Dog,1.00,99,good")
    assert parsed.sums["impressions"] == 10
    assert [(use.header, use.taken_for, use.note) for use in parsed.columns][2:6] == [
        ("Ad name", None, "the same as an earlier column"),
        ("Amount spent (USD)", "spend", None),
        ("Impressions", None, "not used: “Impressions” already gives this, with other content"),
        ("Mood", None, "not used"),
    ]


def test_days_make_daily_rows_and_ranges_make_periods() -> None:
    daily = read("Ad name,Day,Impressions,Amount spent (USD)", "Dog,2026-03-01,1,1", "Dog,2026-03-02,2,1")
    assert daily.daily
    assert [row.date_to for row in daily.rows] == [date(2026, 3, 1), date(2026, 3, 2)]
    weekly = read("Ad name,Week,Impressions,Amount spent (USD)", "Dog,2026-03-02 - 2026-03-08,1,1")
    assert not weekly.daily
    assert weekly.rows[0].date_to == date(2026, 3, 8)


def test_an_added_date_column_that_gives_each_ad_one_date_is_no_day_of_delivery() -> None:
    rows = [f"{n},{n % 9 + 1:02}.03.2026,10,1.00" for n in range(20)]
    text = "\n".join(["ad_id,Date,Impressions,Spent", *rows]).encode()
    with pytest.raises(errors.BadInput, match="--from and --to"):
        parse_export("r.csv", text, default_currency="USD")
    parsed = parse_export("r.csv", text, default_currency="USD", period=(date(2026, 3, 1), date(2026, 3, 31)))
    assert (parsed.daily, parsed.ad_keys, parsed.level) == (False, 20, "ad")


def test_a_row_speaks_the_columns_of_the_table() -> None:
    record = read("Ad name,Impressions,Amount spent (USD)", "Dog,10,1.50").rows[0].record()
    assert record["spend"] == "1.50"
    assert record["date_from"] == "2026-03-01"
    assert record["impressions"] == 10
    assert record["video_p100"] is None
    assert len(record) == 30


def test_the_account_of_an_export_is_known_where_it_names_one() -> None:
    header = "Account name,Account ID,Ad name,Impressions,Amount spent (USD)"
    parsed = read(header, ",,,400,4.00", "Paws,act_12,Dog,100,1.00", "Paws,act_12,Cat,300,3.00")
    assert (parsed.account_id, parsed.account_name) == ("12", "Paws")
    several = read(header, "Paws,12,Dog,100,1.00", "Claws,7,Cat,300,3.00")
    assert (several.account_id, several.account_name) == ("12, 7", "Claws, Paws")
    bare = read("Ad name,Impressions,Amount spent (USD)", "Dog,100,1.00")
    assert (bare.account_id, bare.account_name) == (None, None)
