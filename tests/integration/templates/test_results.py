"""What the ads made from templates did, and how that orders the choice of templates for the next ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import httpx
import psycopg
import pytest

from tests.integration.conftest import User
from viraltracker.intelligence.track_record import Factor, TrackRecord
from viraltracker.local.stack import Endpoints
from viraltracker.store import brands, client, creations, templates

from .conftest import Library

LAST = date(2026, 11, 20)
LETTERS = "ABCDEFGHJKMNPQRS"


@dataclass
class Made:
    """Templates of a library, and ads that were made from them and ran."""

    library: Library
    database: psycopg.Connection
    product: str = ""

    def templates(self, count: int) -> list[str]:
        """So many templates, the first of the ad that ran longest."""
        given = {"brand": self.library.brand_id, "org": self.library.organization_id, "count": count}
        rows = self.database.execute(
            "with ads as (insert into public.scraped_ads (organization_id, ad_archive_id, brand_id, source, started_on,"
            "  ended_on, first_seen_at, last_seen_at) select %(org)s, 't' || i, %(brand)s, 'upload', date '2026-01-01',"
            "  date '2026-01-01' + 2030 - i, now(), now() from generate_series(1, %(count)s::integer) i"
            "  returning ad_archive_id),"
            " queue as (insert into public.template_queue (organization_id, brand_id, ad_archive_id, sha256,"
            "  storage_key, width, height, status, reading) select %(org)s, %(brand)s, ad_archive_id,"
            "  encode(sha256(convert_to(ad_archive_id, 'utf8')), 'hex'), 'k', 9, 9, 'approved', '{}' from ads"
            "  returning *)"
            " insert into public.templates (organization_id, brand_id, queue_id, ad_archive_id, name, layout,"
            "  awareness, hook, storage_key, sha256, width, height) select organization_id, brand_id, id,"
            "  ad_archive_id, ad_archive_id, 'framed', 'unaware', 'story', 'k', sha256, 9, 9 from queue"
            "  returning ad_archive_id, id::text",
            given,
        ).fetchall()
        ids = {str(name): str(template) for name, template in rows}
        return [ids[f"t{number}"] for number in range(1, count + 1)]

    def start(self) -> None:
        """A product, and an account whose other ads bought a result for 10 and were clicked once in a hundred."""
        brand = self.library.brand_id
        row = self.database.execute(
            "insert into public.products (brand_id, name) values (%s, 'Chews') returning id::text", [brand]
        ).fetchone()
        assert row is not None
        self.product = str(row[0])
        self.database.execute(
            "insert into public.ad_accounts (brand_id, account_id, currency, source)"
            " values (%s, 'act_1', 'USD', 'meta')",
            [brand],
        )
        self.day("usual", spend=50_000, results=5_000, impressions=1_000_000, clicks=10_000)

    def day(self, ad_id: str, *, spend: float, results: float, impressions: int = 10_000, clicks: int = 100,
            kind: str | None = "purchase", brand: str | None = None, currency: str = "USD") -> None:  # fmt: skip
        """An ad's numbers of one day."""
        self.database.execute(
            "insert into public.ad_performance_daily (brand_id, account_id, ad_id, date, currency, impressions, spend,"
            " link_clicks, results, result_type) values (%s, 'act_1', %s, %s, %s, %s, %s, %s, %s, %s)",
            [brand or self.library.brand_id, ad_id, LAST, currency, impressions, spend, clicks, results, kind],
        )

    def look(self, brand: str | None = None) -> None:
        """The account's days are looked at, as after every sync."""
        self.database.execute(
            "select public.snapshot_days(%s, 'act_1', %s, %s)", [brand or self.library.brand_id, LAST, LAST]
        )

    def ran(self, template: str, number: int, *, spend: float, results: float, kind: str | None = "purchase") -> None:
        """An ad was made from the template and ran as `ran<number>`."""
        brand = self.library.brand_id
        token = "VT-" + "".join(LETTERS[number >> shift & 15] for shift in range(28, -4, -4))
        self.database.execute(
            "with run as (insert into public.creation_runs (brand_id, id, product_id, parameters, wanted, sizes)"
            "  values (%(brand)s, gen_random_uuid(), %(product)s, '{}', 1, '{1x1}') returning id),"
            " made as (insert into public.generated_ads (brand_id, run_id, variation, token, product_id, template_id,"
            "  status, copy, writer) select %(brand)s, id, 1, %(token)s, %(product)s, %(template)s, 'approved', '{}',"
            "  'rules' from run returning id),"
            " used as (insert into public.template_usage as u (brand_id, product_id, template_id, uses, last_used_at)"
            "  values (%(brand)s, %(product)s, %(template)s, 1, now())"
            "  on conflict (brand_id, product_id, template_id) do update set uses = u.uses + 1)"
            " insert into public.generated_ad_matches (brand_id, ad_id, generated_ad_id)"
            " select %(brand)s, %(ad)s, id from made",
            {"brand": brand, "product": self.product, "template": template, "token": token, "ad": f"ran{number}"},
        )
        self.day(f"ran{number}", spend=spend, results=results, kind=kind)

    def choose(self, limit: int = 10) -> list[str]:
        found = creations.template_choices(self.library.db, self.library.brand_id, self.product, None, limit)
        return [row["id"] for row in found]


@pytest.fixture
def made(library: Library, database: psycopg.Connection) -> Made:
    world = Made(library, database)
    world.start()
    return world


def test_unused_templates_come_first_then_better_ones_and_worse_ones_last(made: Made) -> None:
    """Longevity decides among those that nothing is known of; two lucky results decide nothing."""
    longest, unused, good, bad, lucky = made.templates(5)
    made.ran(longest, 1, spend=500, results=50)
    for number in range(3):
        made.ran(good, 10 + number, spend=200, results=36)
    made.ran(bad, 3, spend=500, results=12)
    made.ran(lucky, 4, spend=5, results=2)
    made.look()
    assert made.choose() == [unused, good, longest, lucky, bad]
    found = creations.template_choices(made.library.db, made.library.brand_id, made.product, [bad, unused], 5)
    assert [row["id"] for row in found] == [bad, unused], "who names templates gets them in that order"


def test_sums_are_held_against_the_brands_own_average(made: Made) -> None:
    (template,) = made.templates(1)
    made.ran(template, 1, spend=500, results=90)
    made.ran(template, 2, spend=300, results=70)
    made.look()
    row = templates.results(made.library.db, made.library.brand_id, [template])[template]
    record = TrackRecord.of(row)
    assert (record.made, record.ads, record.running) == (2, 2, 0)
    assert record.results.counted == 160
    rate = (5_000 + 160) / (50_000 + 800)
    assert record.results.expected == pytest.approx(800 * rate)
    assert record.results.squares == pytest.approx((500 * rate) ** 2 + (300 * rate) ** 2)
    assert record.results.standing == "better"
    (money,) = record.money
    assert (money.currency, money.spend, money.cost_per_result) == ("USD", 800, 5)


def test_results_of_another_kind_are_held_against_their_own(made: Made) -> None:
    """Leads at 2 are nothing remarkable in an account that buys its leads at 2."""
    template, silent = made.templates(2)
    made.day("leads", spend=10_000, results=5_000, kind="lead")
    made.ran(template, 1, spend=200, results=100, kind="lead")
    made.ran(silent, 2, spend=200, results=0, kind=None)
    made.look()
    found = templates.results(made.library.db, made.library.brand_id, [template, silent])
    assert TrackRecord.of(found[template]).results.standing == "open"
    assert found[template]["expected_results"] == pytest.approx(100)
    assert found[silent]["expected_results"] == pytest.approx(20, rel=0.01), "as the kind most money is spent on"


def test_two_currencies_are_never_one_sum(made: Made) -> None:
    """An organisation's other brand sells in euros; each brand's ads are held against its own."""
    library = made.library
    (template,) = made.templates(1)
    other = brands.ensure(library.db, "Brand in euros", organization_id=library.organization_id).id
    made.database.execute(
        "insert into public.ad_accounts (brand_id, account_id, currency, source) values (%s, 'act_1', 'EUR', 'meta')",
        [other],
    )
    made.day("usual", spend=1_000, results=1_000, brand=other, currency="EUR")
    made.ran(template, 1, spend=500, results=50)
    here = made.library.brand_id
    made.library.brand_id = other
    product = made.product
    row = made.database.execute(
        "insert into public.products (brand_id, name) values (%s, 'Chews') returning id::text", [other]
    ).fetchone()
    assert row is not None
    made.product = str(row[0])
    made.ran(template, 2, spend=100, results=100)
    made.library.brand_id, made.product = here, product
    made.database.execute("update public.ad_performance_daily set currency = 'EUR' where brand_id = %s", [other])
    made.look()
    made.look(other)
    found = templates.results(library.db, here, [template])[template]
    sums = {(part["currency"], part["spend"], part["results"]) for part in found["money"]}
    assert sums == {
        ("USD", 500, 50),
        ("EUR", 100, 100),
    }
    assert found["expected_results"] == pytest.approx(150, rel=0.01)


def test_nothing_is_cut_at_a_thousand_rows(made: Made) -> None:
    every = made.templates(1_200)
    made.database.execute(
        "with run as (insert into public.creation_runs (brand_id, id, product_id, parameters, wanted, sizes)"
        "  select %(brand)s, gen_random_uuid(), %(product)s, '{}', 1, '{1x1}' from generate_series(1, 1200)"
        "  returning id), numbered as (select id, row_number() over () as n from run),"
        " named as (select id, row_number() over () as n from unnest(%(templates)s::uuid[]) id)"
        " insert into public.generated_ads (brand_id, run_id, variation, token, product_id, template_id, status, copy,"
        "  writer) select %(brand)s, r.id, 1,"
        "  'VT-' || translate(lpad(to_hex(r.n), 8, '0'), '0123456789abcdef', %(letters)s), %(product)s, t.id,"
        "  'approved', '{}', 'rules' from numbered r join named t using (n)",
        {"brand": made.library.brand_id, "product": made.product, "templates": every, "letters": LETTERS},
    )
    assert made.choose(1_200) == every
    assert len(templates.results(made.library.db, made.library.brand_id, every)) == 1_200


def test_a_stranger_sees_no_results(
    made: Made, endpoints: Endpoints, http: httpx.Client, new_user: Callable[[str], User]
) -> None:
    (template,) = made.templates(1)
    made.ran(template, 1, spend=500, results=90)
    made.look()
    stranger = client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=new_user("stranger").key)
    assert templates.results(stranger, made.library.brand_id, [template]) == {}
    assert templates.counts(stranger, made.library.brand_id)["templates"] == 0


@pytest.mark.parametrize("ads", [1, 4, 20])
def test_the_database_and_the_page_tell_the_same_of_the_same(made: Made, ads: int) -> None:
    """The database reckons the tail by a cube root; near the bound the two may differ by a percent."""
    for expected in (0.5, 3.0, 12.0, 50.0, 400.0):
        for ratio in (0.0, 0.3, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 4.0):
            factor = Factor(expected * ratio, expected, expected**2 / ads)
            if min(abs(factor.above - 0.9), abs(factor.above - 0.1)) < 0.01:
                continue
            row = made.database.execute(
                "select app.made_standing(%s, %s, %s)", [factor.counted, factor.expected, factor.squares]
            ).fetchone()
            assert row is not None
            assert {1: "better", 0: "open", -1: "worse"}[row[0]] == factor.standing, factor
