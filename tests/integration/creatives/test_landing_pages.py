"""Landing pages on a real database, fetched from the demo's shop over real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpx
import psycopg
import pytest

from viraltracker import clock, settings
from viraltracker.errors import ConfigurationError, Stopped
from viraltracker.jobs import landing_pages
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.local.stack import Endpoints
from viraltracker.meta import sync
from viraltracker.sandbox import server
from viraltracker.sandbox.demo import catalog, pages
from viraltracker.sandbox.demo.pages import RenderedPage
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import accounts, ad_data, brands, client, landing
from viraltracker.store.client import Database
from viraltracker.store.queue import ClaimedRun
from viraltracker.store.storage import FolderStorage

BROKEN = "trial-pack"
"""The demo's page that answers with HTTP 500 by now."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with server.running() as running:
        yield running


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with client.http_client(embedded=True) as shared:
        yield shared


@pytest.fixture
def db(endpoints: Endpoints, http: httpx.Client) -> Database:
    return client.connect(endpoints.rest_url, endpoints.service_key, http)


@dataclass
class Shop:
    """A brand with the demo's account, and a job's view of it."""

    db: Database
    brand_id: str
    context: JobContext
    sandbox: RunningSandbox

    def ads(self, links: dict[str, str | None]) -> None:
        """Stores ads with these links; each time as a new creative, without which a link would not change."""
        rows = [{"ad_id": ad_id, "link_url": link, "creative_id": f"c-{uuid4()}"} for ad_id, link in links.items()]
        ad_data.apply_ads(self.db, accounts.of_brand(self.db, self.brand_id)[0], ads=rows)

    def run(self, max_pages: int = 100) -> dict[str, Any]:
        return landing_pages.refresh(self.context, max_pages)

    def stored(self) -> dict[str, dict[str, Any]]:
        """Rows by the last part of their address."""
        rows = self.db.rows("landing_pages", where={"brand_id": self.brand_id})
        return {row["canonical_url"].rpartition("/")[2]: row for row in rows}

    def links(self) -> dict[str, str]:
        rows = self.db.rows("ad_landing_links", where={"brand_id": self.brand_id}, key="ad_id")
        return {row["ad_id"]: row["canonical_url"] for row in rows}

    def version(self) -> int:
        where = {"brand_id": self.brand_id}
        return int(self.db.rows("brand_data_versions", where=where, key="brand_id")[0]["version"])

    def fetched(self) -> list[str]:
        """Paths of the shop that were asked for since the last time."""
        calls = [call.split()[1].partition("?")[0] for call in self.sandbox.sandbox.calls]
        self.sandbox.sandbox.calls.clear()
        return [path for path in calls if path.startswith("/pages/")]

    def page(self, slug: str) -> str:
        return f"{self.sandbox.base_url}/pages/{slug}"


@pytest.fixture
def shop_of(
    db: Database, http: httpx.Client, sandbox: RunningSandbox, tmp_path: Path
) -> Callable[[Literal["meta", "demo"]], Shop]:
    def make(source: Literal["meta", "demo"], sandbox_url: str | None = sandbox.base_url) -> Shop:
        brand = brands.ensure(db, f"Brand {uuid4()}")
        accounts.connect(db, brand.id, catalog.ACCOUNT_ID, source=source, access_token=catalog.TOKEN)
        services = Services(db, FolderStorage(tmp_path), settings.load(), http, tmp_path, sandbox_url=sandbox_url)
        run = ClaimedRun(str(uuid4()), 1, "j", brand.id, "landing_pages", {}, 1, 3, None)
        sandbox.sandbox.calls.clear()
        return Shop(db, brand.id, JobContext(services, RunControl(run)), sandbox)

    return make


@pytest.fixture
def shop(shop_of: Callable[..., Shop]) -> Shop:
    return shop_of("demo")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], datetime]:
    """Moves the clock on."""

    def move(by: timedelta) -> datetime:
        moment = clock.now() + by
        monkeypatch.setattr(clock, "now", lambda: moment)
        return moment

    return move


def test_the_demos_pages_are_read_once_for_all_of_its_ads(shop: Shop) -> None:
    """Links as Meta sends them, tags and all; the page that is down is a failure with its status, not a text."""
    from viraltracker.jobs import graph

    (account,) = accounts.of_brand(shop.db, shop.brand_id)
    with graph.client(shop.context, account) as opened:
        sync.sync_account(shop.db, account, opened, days_back=7, now=clock.now(), progress=lambda *_: None)
    shop.fetched()
    result = shop.run()
    # Of 242 ads 14 show a post of the page, of which Meta gives no link.
    assert (result["ads"], result["pages"], result["fetched"], result["remaining"]) == (228, 4, 4, 0)
    assert result["outcomes"] == {"new": 3, "failed": 1}
    assert result["reasons"] == {"unavailable": 1}
    assert sorted(shop.fetched()) == sorted(f"/pages/{slug}" for slug in pages.AWARENESS)
    stored = shop.stored()
    assert set(stored) == set(pages.AWARENESS)
    good = stored["hip-and-joint-chews"]
    assert (good["status"], good["http_status"], good["heading"]) == ("ok", 200, "Wonder Paws Hip + Joint Chews")
    assert good["above_fold"].startswith("Wonder Paws Hip + Joint Chews\nThe daily chew")
    assert "600 mg glucosamine" in good["text"]
    assert (stored[BROKEN]["status"], stored[BROKEN]["http_status"], stored[BROKEN]["text"]) == ("failed", 500, None)
    texts = landing.texts(shop.db, shop.brand_id, [good["content_hash"], "0" * 64])
    assert texts == {
        good["content_hash"]: {k: good[k] for k in ("title", "heading", "description", "text", "above_fold")}
    }
    _, events = shop.context.control.take()
    assert any("1 page did not come from their server" in event["message"] for event in events)

    again = shop.run()
    assert (again["fetched"], again["links_changed"], shop.fetched()) == (0, 0, [])


def test_a_page_that_changes_gets_a_version_and_the_analysis_hears_of_it(
    shop: Shop, later: Callable[[timedelta], datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other markup around the same words is no change; the same page a week later is only checked."""
    slug = "bundle-offer"
    original = pages.render(slug, clock.now().date(), clock.now().date())
    shop.ads({"a1": shop.page(slug) + "?utm_source=facebook"})
    assert shop.run()["outcomes"] == {"new": 1}
    first = shop.stored()[slug]
    assert (first["changed_at"], first["fetched_at"]) == (None, first["checked_at"])

    def serve(html: str) -> None:
        monkeypatch.setattr(pages, "render", lambda *_: RenderedPage(200, html))

    version = shop.version()
    moment = later(timedelta(days=8))
    serve(original.html.replace("<article>", '<article data-token="f00"><!-- built today --><script>let a</script>'))
    assert shop.run()["outcomes"] == {"unchanged": 1}
    checked = shop.stored()[slug]
    assert datetime.fromisoformat(checked["checked_at"]) == moment
    assert (checked["fetched_at"], checked["changed_at"]) == (first["fetched_at"], None)
    assert shop.version() == version

    moment = later(timedelta(days=8))
    serve(original.html.replace("30% off", "50% off"))
    assert shop.run()["outcomes"] == {"changed": 1}
    changed = shop.stored()[slug]
    assert changed["heading"].startswith("50% off")
    assert datetime.fromisoformat(changed["changed_at"]) == datetime.fromisoformat(changed["fetched_at"]) == moment
    assert shop.version() == version + 1
    versions = shop.db.rows("landing_page_versions", where={"brand_id": shop.brand_id}, key="content_hash")
    assert {row["content_hash"] for row in versions} == {first["content_hash"], changed["content_hash"]}
    kept = next(row for row in versions if row["content_hash"] == first["content_hash"])
    assert kept["last_seen_at"] == checked["checked_at"]

    later(timedelta(days=8))
    monkeypatch.setattr(pages, "render", lambda *_: RenderedPage(404, "gone"))
    assert shop.run()["outcomes"] == {"refused": 1}
    gone = shop.stored()[slug]
    assert (gone["status"], gone["reason"], gone["http_status"]) == ("refused", "gone", 404)
    assert gone["content_hash"] == changed["content_hash"]


def test_a_failed_page_is_tried_again_after_longer_and_longer(
    shop: Shop, later: Callable[[timedelta], datetime]
) -> None:
    shop.ads({"a1": shop.page(BROKEN)})
    tried = [shop.run()["fetched"]]
    for hours in (0.5, 0.6, 3, 1.1, 24 * 7):
        later(timedelta(hours=hours))
        tried.append(shop.run()["fetched"])
    assert tried == [1, 0, 1, 0, 1, 1]
    assert shop.stored()[BROKEN]["tries"] == 4


def test_a_changed_link_moves_and_a_removed_one_goes(shop: Shop) -> None:
    shop.ads({"a1": shop.page("bundle-offer"), "a2": shop.page("bundle-offer") + "?fbclid=1", "a3": "mailto:me"})
    first = shop.run(max_pages=1)
    assert (first["links_changed"], first["links_without_page"], first["pages"]) == (2, 1, 1)
    version = shop.version()
    shop.ads({"a1": shop.page("hip-and-joint-chews"), "a2": None})
    assert shop.run()["links_changed"] == 2
    assert shop.links() == {"a1": shop.page("hip-and-joint-chews")}
    assert shop.version() > version


def test_the_highest_spend_comes_first_and_the_cap_says_what_remains(shop: Shop, database: psycopg.Connection) -> None:
    slugs = ["bundle-offer", "hip-and-joint-chews", "why-dogs-slow-down"]
    shop.ads({slug: shop.page(slug) for slug in slugs})
    for slug, spend, days_ago in (
        ("hip-and-joint-chews", 5, 2),
        ("bundle-offer", 500, 40),
        ("why-dogs-slow-down", 1, 1),
    ):
        day = clock.now().date() - timedelta(days=days_ago)
        database.execute(
            "insert into public.ad_performance_daily (brand_id, ad_id, date, account_id, currency, spend)"
            " values (%s, %s, %s, 'act_1', 'USD', %s)",
            [shop.brand_id, slug, day, spend],
        )
    first = shop.run(max_pages=1)
    assert (first["fetched"], first["remaining"]) == (1, 2)
    assert shop.fetched() == ["/pages/hip-and-joint-chews"]
    shop.run(max_pages=1)
    assert shop.fetched() == ["/pages/why-dogs-slow-down"]


def test_only_the_demo_may_read_the_sandbox_and_nothing_beside_it(
    shop_of: Callable[..., Shop], endpoints: Endpoints
) -> None:
    """Links of ads are somebody else's words: they must not lead to the database, nor another brand to the sandbox."""
    inside = {"a1": endpoints.rest_url, "a2": "http://169.254.169.254/latest", "a3": "http://localhost/"}
    demo = shop_of("demo")
    demo.ads({**inside, "a4": demo.page("bundle-offer")})
    result = demo.run()
    assert (result["outcomes"], result["reasons"]) == ({"refused": 3, "new": 1}, {"private_address": 3})
    real = shop_of("meta")
    real.ads({**inside, "a4": demo.page("bundle-offer")})
    assert real.run()["reasons"] == {"private_address": 4}
    with pytest.raises(ConfigurationError, match="sandbox"):
        shop_of("demo", None).run()


def test_a_stopped_run_keeps_what_it_has_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.ads({slug: shop.page(slug) for slug in ("bundle-offer", "hip-and-joint-chews")})
    save = landing.save

    def stop_afterwards(*given: Any) -> object:
        news = save(*given)
        shop.context.control.stop("cancelled")
        return news

    monkeypatch.setattr(landing, "save", stop_afterwards)
    with pytest.raises(Stopped):
        shop.run()
    assert len(shop.stored()) == 1


def test_members_read_pages_and_strangers_do_not(
    shop: Shop, endpoints: Endpoints, http: httpx.Client, new_user: Callable[[str], Any]
) -> None:
    shop.ads({"a1": shop.page("bundle-offer")})
    shop.run()
    stranger = client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=new_user("stranger").key)
    for table, key in (
        ("landing_pages", "id"),
        ("landing_page_versions", "content_hash"),
        ("ad_landing_links", "ad_id"),
    ):
        where = {"brand_id": shop.brand_id}
        assert len(shop.db.rows(table, where=where, key=key)) == 1
        assert stranger.rows(table, where=where, key=key) == []
