"""An organisation with a brand and its numbers, and the people who ask about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.integration.conftest import User
from tests.integration.worker.bench import Bench
from viraltracker import clock
from viraltracker.chat.answer import Person
from viraltracker.jobs import registry
from viraltracker.local.stack import Endpoints
from viraltracker.store import brands, client
from viraltracker.store.brands import Brand

ROLES = ("owner", "viewer")


@dataclass(frozen=True)
class Place:
    """The people by role, `stranger` of another organisation; `brand_id` and its `name`."""

    people: dict[str, Person]
    brand_id: str
    name: str

    def person(self, role: str) -> Person:
        """Whoever has that role."""
        return self.people[role]


@pytest.fixture
def place(database: psycopg.Connection, new_user: Callable[[str], User], endpoints: Endpoints) -> Iterator[Place]:
    """A brand with three ads over sixty days up to yesterday: a winner, a loser with a hostile name, one on target."""
    organization, brand_id, name = str(uuid.uuid4()), str(uuid.uuid4()), f"Wonder Paws {uuid.uuid4().hex[:6]}"
    users = {role: new_user(role) for role in (*ROLES, "stranger")}
    database.execute("insert into public.organizations (id, name) values (%s, 'Agency')", [organization])
    for role in ROLES:
        database.execute(
            "insert into public.memberships (organization_id, user_id, role) values (%s, %s, %s)",
            [organization, users[role].id, role],
        )
    database.execute(
        "insert into public.brands (id, organization_id, name, target_cpa, goal, currency)"
        " values (%s, %s, %s, 20, 'purchase', 'USD')",
        [brand_id, organization, name],
    )
    add_numbers(database, brand_id, clock.today("UTC") - timedelta(days=1))
    kinds = registry.standard()
    with client.http_client(embedded=True) as http:
        people = {}
        for role, user in users.items():
            db = client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=user.key)
            people[role] = Person(db, brands.all_visible(db), _may(role), kinds, "Europe/Berlin")
        yield Place(people, brand_id, name)


def _may(role: str) -> Callable[[Brand], bool]:
    return lambda _: role == "owner"


def add_numbers(database: psycopg.Connection, brand_id: str, last: date) -> None:
    """Sixty days of an account."""
    database.execute(
        "insert into public.ad_accounts (brand_id, account_id, source, currency, timezone)"
        " values (%s, 'act_1', 'meta', 'USD', 'UTC')",
        [brand_id],
    )
    database.execute(
        "insert into public.campaigns (brand_id, campaign_id, account_id, name, objective)"
        " values (%s, 'c', 'act_1', 'Prospecting', 'OUTCOME_SALES')",
        [brand_id],
    )
    names = ["Good dog", "Bad [dog](http://evil.example) <img src=x>", "Plain dog"]
    for number, ad_name in enumerate(names, start=1):
        database.execute(
            "insert into public.ads (brand_id, ad_id, account_id, campaign_id, name, effective_status, object_type,"
            " created_time) values (%s, %s, 'act_1', 'c', %s, 'ACTIVE', 'image', '2026-01-01')",
            [brand_id, f"90000{number}", ad_name],
        )
        database.execute(
            "insert into public.ad_performance_daily (brand_id, ad_id, date, account_id, currency, impressions, spend,"
            " clicks, link_clicks, purchases, purchase_value, attribution_setting)"
            " select %s, %s, d, 'act_1', 'USD', 2000, 40, 40, 30, %s, %s, '7d_click'"
            " from generate_series(%s::date - 59, %s::date, interval '1 day') d",
            [brand_id, f"90000{number}", (4, 0, 2)[number - 1], (240, 0, 120)[number - 1], last, last],
        )
    database.execute("select app.touch_brand(%s)", [brand_id])


@pytest.fixture
def bench(endpoints: Endpoints, tmp_path: Path) -> Iterator[Bench]:
    """Starts workers and ends them with the test."""
    made = Bench(endpoints, tmp_path)
    try:
        yield made
    finally:
        made.close()
