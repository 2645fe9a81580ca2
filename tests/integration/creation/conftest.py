"""A brand with one product, and its creation job run as the worker runs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from viraltracker import settings
from viraltracker.creation import uploads
from viraltracker.jobs import ad_creation
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.local.stack import Endpoints
from viraltracker.sandbox.demo import product_photos
from viraltracker.sandbox.demo import products as demo
from viraltracker.store import brands, client, creations, products
from viraltracker.store.client import Database
from viraltracker.store.queue import ClaimedRun
from viraltracker.store.storage import FolderStorage

Json = dict[str, Any]


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with client.http_client(embedded=True) as shared:
        yield shared


@pytest.fixture
def db(endpoints: Endpoints, http: httpx.Client) -> Database:
    return client.connect(endpoints.rest_url, endpoints.service_key, http)


@dataclass
class Studio:
    """One brand that sells what the demo's sells."""

    db: Database
    brand_id: str
    product: Json
    services: Services

    def context(self, run_id: str | None = None) -> JobContext:
        run = ClaimedRun(run_id or str(uuid4()), 1, "j", self.brand_id, "ad_creation", {}, 1, 3, None)
        return JobContext(self.services, RunControl(run))

    def run(self, context: JobContext | None = None, **parameters: Any) -> Json:
        return ad_creation.TYPE.execute(context or self.context(), {"product": self.product["name"]} | parameters)

    def gallery(self, run_id: str | None = None) -> Json:
        return creations.gallery(self.db, self.brand_id, run_id)

    def change(self, **columns: Any) -> None:
        """The product with other texts."""
        [row] = [row for row in products.of_brand(self.db, self.brand_id) if row["id"] == self.product["id"]]
        kept = {name: row[name] for name in row if name not in ("photos", "archived_at", "created_at", "updated_at")}
        products.save(self.db, self.brand_id, kept | columns)


@pytest.fixture
def studio(db: Database, http: httpx.Client, database: psycopg.Connection, tmp_path: Path) -> Studio:
    row = database.execute("insert into public.organizations (name) values ('Agency') returning id::text").fetchone()
    assert row is not None
    brand = brands.ensure(db, f"Wonder Paws {uuid4().hex[:6]}", organization_id=row[0])
    storage = FolderStorage(tmp_path / "files")
    services = Services(db, storage, replace(settings.load({}), home=tmp_path), http, tmp_path)
    given = demo.every("http://sandbox", date(2026, 11, 20))[0]
    names = [link.rsplit("/", 1)[1].removesuffix(".png") for link in given.pop("photos")]
    made = products.save(db, brand.id, given | {"id": str(uuid4())})
    shown = [uploads.read(data) for name in names if (data := product_photos.draw(name))]
    products.add_photos(db, storage, brand.id, made, shown)
    return Studio(db, brand.id, {"id": made, "name": given["name"]}, services)
