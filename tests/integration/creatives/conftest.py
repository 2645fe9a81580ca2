"""A brand of its own on the real database, with ads that a test makes, and a sandbox that answers as the models do."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from PIL import Image

from viraltracker import clock
from viraltracker.creatives import classification
from viraltracker.creatives.classifier import Panel
from viraltracker.creatives.model_reader import ModelReader
from viraltracker.creatives.readings import Input, Outcome
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.creatives.summary import Summary
from viraltracker.jobs.models import SharedPermits
from viraltracker.llm.pool import ModelPool, PoolConfig
from viraltracker.local.stack import Endpoints
from viraltracker.sandbox import server
from viraltracker.sandbox.model_desk import KEY
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import accounts, ad_data, brands, client, landing, storage
from viraltracker.store.client import Database
from viraltracker.store.storage import FolderStorage

from .answers import Reader

DAY = date(2026, 3, 2)
ACCOUNT = "act_1"


@dataclass
class Counting:
    """The rules behind a meter."""

    name: str = RulesClassifier().name
    asked: list[Input] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    def classify(self, inputs: Sequence[Input]) -> list[Outcome]:
        self.before()
        self.asked += inputs
        return RulesClassifier().classify(inputs)


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with client.http_client(embedded=True) as shared:
        yield shared


@pytest.fixture
def db(endpoints: Endpoints, http: httpx.Client) -> Database:
    return client.connect(endpoints.rest_url, endpoints.service_key, http)


@dataclass
class Account:
    """A brand of its own with ads that a test makes."""

    db: Database
    brand_id: str
    account: accounts.AdAccount
    storage: FolderStorage

    def ads(self, *rows: dict[str, Any]) -> None:
        """Stores ads; `sha256` is the picture's bytes, or the film's where there is a `video_id`."""
        media = []
        ads = []
        for row in rows:
            kept = {"object_type": "image", "effective_status": "ACTIVE", "creative_id": f"c-{uuid4()}"} | row
            sha256, spend, page = kept.pop("sha256", None), kept.pop("spend", None), kept.pop("page", None)
            duration = kept.pop("duration_s", None)
            ads.append(kept)
            kind, source = ("video", kept["video_id"]) if "video_id" in kept else ("image", kept.get("image_hash"))
            if sha256:
                media.append(
                    {"ad_id": kept["ad_id"], "kind": kind, "source_key": source or "", "status": "stored",
                     "sha256": sha256 if len(sha256) == 64 else sha256 * 64, "mime": f"{kind}/mp4", "bytes": 1,
                     "duration_s": duration}
                )  # fmt: skip
            if page is not None:
                self.page(kept["ad_id"], page)
            if spend is not None:
                self.db.upsert(
                    "ad_performance_daily",
                    {"brand_id": self.brand_id, "account_id": ACCOUNT, "ad_id": kept["ad_id"], "date": DAY,
                     "currency": "USD", "spend": spend},
                    on_conflict="brand_id,ad_id,date",
                )  # fmt: skip
        ad_data.apply_ads(self.db, self.account, ads=ads)
        ad_data.save_assets(self.db, self.account, media)

    def page(self, ad_id: str, words: dict[str, str]) -> None:
        """Stores a page with these words, and that the ad leads to it."""
        url = f"https://shop.example/{words['title']}"
        filled = {"heading": "", "description": "", "text": "", "above_fold": ""} | words
        page = {"canonical_url": url, "status": "ok", "content_hash": hashlib.sha256(repr(filled).encode()).hexdigest()}
        landing.save(self.db, self.brand_id, page | {"checked_at": clock.now(), "next_try_at": clock.now()} | filled)
        link = {"brand_id": self.brand_id, "ad_id": ad_id, "canonical_url": url}
        self.db.upsert("ad_landing_links", link, on_conflict="brand_id,ad_id")

    def picture(self, seed: int = 0, size: tuple[int, int] = (320, 320)) -> str:
        """Stores a picture and gives the sha256 of its bytes."""
        out = io.BytesIO()
        Image.new("RGB", size, (seed % 256, seed // 256 % 256, 90)).save(out, "PNG")
        return self.file(out.getvalue(), "image/png")

    def file(self, data: bytes, mime: str) -> str:
        """Stores any bytes."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.storage.root / f"new-{sha256}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.storage.put("assets", storage.key(self.brand_id, sha256), path, mime)
        return sha256

    def classify(self, panel: Panel | None = None, **changes: Any) -> Summary:
        limits = {"max_new": 1000, "max_video": 10} | {
            name: changes.pop(name) for name in ("max_new", "max_video", "force", "mode") if name in changes
        }
        values: dict[str, Any] = {
            "job_run_id": None, "since": DAY, "until": DAY, "guard": lambda: None, "progress": lambda *_: None,
        }  # fmt: skip
        return classification.classify_brand(
            self.db,
            self.storage,
            self.brand_id,
            panel=panel or Panel(),
            limits=classification.Limits(**limits),
            **values | changes,
        )

    def stored(self, **where: object) -> list[dict[str, Any]]:
        return self.db.rows("ad_creative_classifications", where={"brand_id": self.brand_id, **where})

    def calls(self, **where: object) -> list[dict[str, Any]]:
        return self.db.rows("llm_calls", where={"brand_id": self.brand_id, **where})

    def runs(self) -> list[dict[str, Any]]:
        return self.db.rows("ad_intelligence_runs", where={"brand_id": self.brand_id})


@pytest.fixture
def account(db: Database, endpoints: Endpoints, tmp_path: Path) -> Account:
    organization = db.rows("memberships", where={"user_id": endpoints.owner_id}, key="organization_id")
    brand = brands.ensure(db, f"Brand {uuid4()}", organization_id=organization[0]["organization_id"])
    accounts.connect(db, brand.id, ACCOUNT, source="meta", access_token="t")
    return Account(db, brand.id, accounts.of_brand(db, brand.id)[0], FolderStorage(tmp_path / "assets"))


@pytest.fixture
def job_run(account: Account, database: psycopg.Connection) -> str:
    """A run of a job, which the classification belongs to over all its attempts."""
    job = database.execute(
        "insert into public.scheduled_jobs (brand_id, job_type, name, schedule_type, status)"
        " values (%s, 'ad_classification', 'x', 'one_time', 'completed') returning id",
        [account.brand_id],
    ).fetchone()
    assert job is not None
    run = database.execute(
        "insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger)"
        " values (%s, %s, 'ad_classification', '{}', now(), 'api') returning id",
        [job[0], account.brand_id],
    ).fetchone()
    assert run is not None
    return str(run[0])


@pytest.fixture(scope="session")
def served() -> Iterator[RunningSandbox]:
    with server.running() as running:
        yield running


@pytest.fixture
def sandbox(served: RunningSandbox) -> Iterator[RunningSandbox]:
    """The sandbox's models, answering sensibly and at once, with nothing on record."""
    models = served.sandbox.models
    models.answerer = Reader()
    models.calls.clear()
    yield served
    served.sandbox.faults.clear()
    models.set_paces({"model_seconds": 0, "batch_seconds": 0, "file_seconds": 0})


@dataclass
class Models:
    """Panels over the sandbox, through the real SDKs."""

    db: Database
    base_url: str

    def panel(self, *providers: str, concurrency: int = 8, per_minute: int = 0, free: Any = None) -> Panel:
        pool = ModelPool(
            PoolConfig(
                gemini_key=KEY,
                gemini_url=f"{self.base_url}/gemini",
                gemini_per_minute=per_minute,
                claude_key=KEY,
                claude_url=f"{self.base_url}/claude",
                claude_per_minute=per_minute,
            ),
            SharedPermits(self.db),
        )
        made = {"gemini": pool.gemini, "claude": pool.claude}
        models = [made[name]() for name in providers or ("gemini",)]
        readers = tuple(ModelReader(model) for model in models if model is not None)
        return Panel(free or RulesClassifier(), readers, concurrency)


@pytest.fixture
def models(db: Database, sandbox: RunningSandbox) -> Models:
    return Models(db, sandbox.base_url)
