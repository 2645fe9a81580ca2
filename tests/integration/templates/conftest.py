"""An organisation of its own with a brand, and its template jobs run as the worker runs them."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from PIL import Image, ImageDraw

from viraltracker import settings
from viraltracker.jobs import template_approval, template_scrape
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.jobs.job_type import JobType
from viraltracker.local.stack import Endpoints
from viraltracker.sandbox import server
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import brands, client, storage, templates
from viraltracker.store.client import Database
from viraltracker.store.queue import ClaimedRun
from viraltracker.store.storage import FolderStorage

Json = dict[str, Any]
SEARCH = "https://www.facebook.com/ads/library/?active_status=all&country=US&q=dog"
BODY = "Does your dog wait at the stairs? Two soft chews a day help stiff joints."


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with client.http_client(embedded=True) as shared:
        yield shared


@pytest.fixture
def db(endpoints: Endpoints, http: httpx.Client) -> Database:
    return client.connect(endpoints.rest_url, endpoints.service_key, http)


@pytest.fixture(scope="session")
def served() -> Iterator[RunningSandbox]:
    with server.running() as running:
        yield running


@pytest.fixture
def sandbox(served: RunningSandbox) -> Iterator[RunningSandbox]:
    yield served
    served.sandbox.faults.clear()


def picture(seed: int, words: str = "Ask your vet") -> bytes:
    """A picture with a line of words; another one for each seed."""
    image = Image.new("RGB", (400, 400), (240, 240, 230))
    canvas = ImageDraw.Draw(image)
    canvas.text((30, 40), words, fill=(10, 30, 60), font_size=44)
    canvas.rectangle((60, 200, 120 + seed * 7 % 200, 380), fill=(seed * 37 % 256, 90, 120))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def export(*ids: int, **changes: Any) -> dict[str, bytes]:
    """An export of ads with these numbers, each with a picture named after it."""
    rows: Sequence[Json] = [
        {"ad_archive_id": f"90{number:012d}", "page_name": "Harbor Hound", "body": BODY, "title": "The stairs test",
         "start_date": "2026-01-10", "is_active": True} | changes
        for number in ids
    ]  # fmt: skip
    pictures = {f"90{number:012d}.png": picture(number) for number in ids}
    return {"ads.json": json.dumps(rows).encode(), **pictures}


@dataclass
class Library:
    """One brand, and its jobs."""

    db: Database
    brand_id: str
    organization_id: str
    services: Services

    def context(self, run_id: str | None = None, epoch: int = 1) -> JobContext:
        run = ClaimedRun(run_id or str(uuid4()), epoch, "j", self.brand_id, "template_scrape", {}, 1, 3, None)
        return JobContext(self.services, RunControl(run))

    def run(self, kind: JobType[Any], context: JobContext | None = None, **parameters: Any) -> Json:
        return kind.execute(context or self.context(), parameters)

    def upload(self, files: Mapping[str, bytes], context: JobContext | None = None, **parameters: Any) -> Json:
        """Runs the scrape of a zip with these files."""
        data = zipped(files)
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.services.scratch / sha256
        path.write_bytes(data)
        self.services.storage.put("imports", storage.key(self.brand_id, sha256), path, "application/zip")
        given = {"source": "upload", "file_name": "ads.zip", "sha256": sha256} | parameters
        return self.run(template_scrape.TYPE, context, **given)

    def approve(self, **parameters: Any) -> Json:
        return self.run(template_approval.TYPE, **parameters)

    def ads(self) -> dict[str, Json]:
        found = self.db.rows("scraped_ads", where={"organization_id": self.organization_id}, key="ad_archive_id")
        return {row["ad_archive_id"]: row for row in found}

    def queue(self) -> list[Json]:
        return self.db.rows("template_queue", where={"organization_id": self.organization_id})

    def templates(self) -> list[Json]:
        return self.db.rows("templates", where={"organization_id": self.organization_id})

    def age(self, database: psycopg.Connection, by: timedelta) -> None:
        """As if all that is stored had been stored that much earlier."""
        for table, columns in (
            ("scraped_ads", ("first_seen_at", "last_seen_at")),
            ("template_scrapes", ("started_at",)),
        ):
            moved = ", ".join(f"{column} = {column} - %s" for column in columns)
            database.execute(
                f"update public.{table} set {moved} where organization_id = %s",  # noqa: S608 - names of our own
                [*[by] * len(columns), self.organization_id],
            )

    def page(self, **wanted: Any) -> Json:
        return templates.library(self.db, self.brand_id, templates.Filter(**wanted))


@pytest.fixture
def library(db: Database, http: httpx.Client, database: psycopg.Connection, tmp_path: Path) -> Library:
    row = database.execute("insert into public.organizations (name) values ('Agency') returning id::text").fetchone()
    assert row is not None
    brand = brands.ensure(db, f"Brand {uuid4()}", organization_id=row[0])
    configured = replace(settings.load({}), home=tmp_path)
    services = Services(db, FolderStorage(tmp_path / "files"), configured, http, tmp_path)
    return Library(db, brand.id, row[0], services)
