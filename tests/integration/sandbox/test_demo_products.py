"""The demo brand's products, loaded as `load_demo` loads them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from viraltracker import clock, settings
from viraltracker.creation import claims, products
from viraltracker.errors import Unavailable
from viraltracker.jobs import load_demo
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.jobs.load_demo import LoadDemo
from viraltracker.local.stack import Endpoints
from viraltracker.sandbox import server
from viraltracker.sandbox.demo import product_photos
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import brands, client
from viraltracker.store import products as store
from viraltracker.store.queue import ClaimedRun
from viraltracker.store.storage import FolderStorage


@pytest.fixture(scope="module")
def shop() -> Iterator[RunningSandbox]:
    with server.running() as running:
        yield running


@dataclass(frozen=True)
class Loading:
    """The job, for a brand of its own."""

    services: Services
    brand_id: str

    def run(self) -> object:
        run = ClaimedRun(str(uuid4()), 1, str(uuid4()), self.brand_id, "load_demo", {}, 1, 3, None)
        return load_demo.run(JobContext(self.services, RunControl(run)), LoadDemo())

    def products(self) -> list[products.Product]:
        return products.of_brand(self.services.db, self.brand_id)


@pytest.fixture
def loading(endpoints: Endpoints, shop: RunningSandbox, tmp_path: Path) -> Iterator[Loading]:
    with client.http_client(embedded=True) as http:
        db = client.connect(endpoints.rest_url, endpoints.service_key, http)
        services = Services(db, FolderStorage(tmp_path), settings.load({}), http, tmp_path, shop.base_url)
        brand = brands.ensure(db, f"Brand {uuid4()}", organization_id=_organization(db))
        yield Loading(services, brand.id)


def _organization(db: client.Database) -> str:
    return str(db.newest("organizations", columns="id,created_at", order="created_at", limit=1)[0]["id"])


def test_the_demo_sells_two_products_that_ads_can_be_made_of(loading: Loading) -> None:
    """With photos; and no line that somebody would approve says more than the product states."""
    loading.run()
    found = loading.products()
    today = clock.now().date()
    assert [len(each.photos) for each in found] == [2, 3]
    for each in found:
        assert products.problems(each, today) == ()
        assert claims.in_product(each, today) == ()
        for photo in each.photos:
            data = store.photo_bytes(loading.services.storage, photo.storage_key)
            with Image.open(io.BytesIO(data)) as opened:
                assert opened.size == (photo.width, photo.height) == (product_photos.SIDE, product_photos.SIDE)


def test_loading_again_adds_nothing_and_leaves_what_somebody_changed(loading: Loading) -> None:
    loading.run()
    trial, chews = loading.products()
    db = loading.services.db
    store.save(db, loading.brand_id, trial.model_copy(update={"facts": ("Mine",)}).columns())
    for photo in chews.photos[1:]:
        store.remove_photo(db, loading.brand_id, chews.id, photo.sha256)
    before = loading.products()
    loading.run()
    assert loading.products() == before


def test_a_load_that_ended_before_the_photos_adds_them_the_next_time(
    loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> int:
        raise Unavailable("Storage is away.")

    with monkeypatch.context() as broken:
        broken.setattr(store, "add_photos", away)
        with pytest.raises(Unavailable):
            loading.run()
    assert [len(each.photos) for each in loading.products()] == [0]
    loading.run()
    assert [len(each.photos) for each in loading.products()] == [2, 3]


def test_a_photo_is_the_same_bytes_whenever_it_is_drawn() -> None:
    first = product_photos.draw("chews-bag")
    product_photos.draw.cache_clear()
    assert product_photos.draw("chews-bag") == first
    assert product_photos.draw("no-such-photo") is None


def test_the_demos_offers_hold_when_they_are_loaded(loading: Loading) -> None:
    loading.run()
    today: date = clock.now().date()
    assert all(each.live_offers(today) == each.offers for each in loading.products())
