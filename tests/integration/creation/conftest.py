"""A brand with one product, and its creation job run as the worker runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from viraltracker import clock, settings
from viraltracker.creation import uploads
from viraltracker.jobs import ad_creation
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.local.stack import Endpoints
from viraltracker.sandbox import server
from viraltracker.sandbox.app import Sandbox
from viraltracker.sandbox.demo import product_photos
from viraltracker.sandbox.demo import products as demo
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.model_desk import KEY
from viraltracker.sandbox.server import RunningSandbox
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


ONE: Json = {"num_variations": 1, "portrait": False, "story": False, "wide": False, "template_mode": "none"}
DRAW = "flash-image"


@dataclass
class ModelStudio(Studio):
    """A studio with keys for the sandbox's Gemini and Claude."""

    database: psycopg.Connection
    sandbox: RunningSandbox

    def begin(self, retry_of: str | None = None) -> JobContext:
        """A run that the queue knows, as the worker's own; that of somebody who tries another again."""
        row = self.database.execute(
            """
            with j as (
                insert into public.scheduled_jobs (brand_id, job_type, name, schedule_type, status)
                values (%s, 'ad_creation', 'Ads', 'one_time', 'completed') returning *
            )
            insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger,
                retry_of)
            select id, brand_id, job_type, '{}', now(), 'api', %s from j returning id::text
            """,
            [self.brand_id, retry_of],
        ).fetchone()
        assert row is not None
        return self.context(row[0])

    def fault(self, kind: str, path: str = "", times: int | None = 1, skip: int = 0, **options: object) -> None:
        self.sandbox.sandbox.faults.add(Matcher(path=path, times=times, skip=skip), Fault(kind, options))  # type: ignore[arg-type]

    def asked(self) -> Counter[str]:
        """Calls by what they were for, as the sandbox counted them."""
        return Counter(
            "scene" if DRAW in call.model else f"{call.provider}" for call in self.sandbox.sandbox.model_calls
        )

    def ledger(self) -> Counter[tuple[str, str]]:
        rows = self.db.rows("llm_calls", columns="id,purpose,state", where={"brand_id": self.brand_id})
        return Counter((row["purpose"], row["state"]) for row in rows)

    def failed_checks(self) -> set[str]:
        return {finding["check"] for ad in self.gallery()["ads"] for finding in ad["findings"] if not finding["passed"]}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with server.running(sandbox=Sandbox(clock)) as running:
        yield running


@pytest.fixture
def modelled(studio: Studio, sandbox: RunningSandbox, database: psycopg.Connection) -> Iterator[ModelStudio]:
    settings = replace(
        studio.services.settings,
        gemini_api_key=KEY,
        gemini_url=f"{sandbox.base_url}/gemini",
        gemini_per_minute=0,
        gemini_image_per_minute=0,
        anthropic_api_key=KEY,
        anthropic_url=f"{sandbox.base_url}/claude",
        anthropic_per_minute=0,
        model_concurrency=4,
    )
    services = Services(studio.db, studio.services.storage, settings, studio.services.http, studio.services.scratch)
    sandbox.sandbox.faults.clear()
    sandbox.sandbox.models.calls.clear()
    yield ModelStudio(studio.db, studio.brand_id, studio.product, services, database, sandbox)
    services.models.close()
    sandbox.sandbox.faults.clear()
