"""What a command works with: the hosted Supabase, or the embedded one started for as long as it takes."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from viraltracker import settings
from viraltracker.errors import ConfigurationError
from viraltracker.local import processes
from viraltracker.local.processes import Processes, Program
from viraltracker.local.stack import Endpoints, Stack
from viraltracker.settings import Settings
from viraltracker.store import client, migrations
from viraltracker.store.client import Database
from viraltracker.store.storage import FolderStorage, Storage, SupabaseStorage

SANDBOX_SECONDS = 30.0
WEB_SECONDS = 60.0


@dataclass(frozen=True)
class Session:
    """`db` is the person at the keyboard: the local owner embedded, the secret key hosted. `service` is the worker."""

    settings: Settings
    db: Database
    service: Database
    storage: Storage
    own_worker: bool


@contextmanager
def opened(*, worker: bool = False, demo: bool = False) -> Iterator[Session]:
    """A checked connection. With `worker`, the embedded stack also gets a worker for this command.

    Beside it runs the sandbox, where the demo is asked for or its account is there: without either, nobody asks it.

    Raises ConfigurationError in one sentence when the environment is wrong.
    """
    configured = settings.load()
    if configured.hosted:
        yield _hosted(configured)
        return
    with Stack.from_settings(configured).hold() as endpoints:
        http = client.http_client(embedded=True, timeout_s=configured.database_timeout)
        owner = client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=endpoints.owner_key)
        service = client.connect(endpoints.rest_url, endpoints.service_key, http)
        session = Session(configured, owner, service, FolderStorage(endpoints.asset_dir), own_worker=worker)
        if not worker:
            yield session
            return
        with tempfile.TemporaryDirectory() as folder, Processes(configured.home) as children:
            if demo or _knows_the_demo(service):
                start_worker(children, configured, endpoints, Path(folder))
            else:
                children.start(worker_program(configured, endpoints))
            yield session


def _knows_the_demo(service: Database) -> bool:
    """Whether a job that this worker may find due has to do with the demo's account."""
    accounts = service.newest(
        "ad_accounts", where={"source": "demo"}, columns="account_id", order="account_id", limit=1
    )
    if accounts:
        return True
    return bool(service.newest("scheduled_jobs", where={"job_type": "load_demo"}, columns="id", order="id", limit=1))


def start_worker(children: Processes, configured: Settings, endpoints: Endpoints, folder: Path) -> None:
    """Starts the sandbox and a worker that knows its address, both at once: each takes seconds to come."""
    port = Stack.from_settings(configured).sandbox_port()
    children.start(processes.sandbox(folder / "sandbox", port=port))
    children.start(worker_program(configured, endpoints, f"http://127.0.0.1:{port}"))
    children.wait_ready("sandbox", SANDBOX_SECONDS)


def worker_program(configured: Settings, endpoints: Endpoints, sandbox_url: str | None = None) -> Program:
    """The worker as it runs anywhere, pointed at the embedded stack."""
    return Program(
        name="worker",
        command=[
            sys.executable,
            "-m",
            "worker.scheduler_worker",
            "--asset-dir",
            str(endpoints.asset_dir),
            *(["--sandbox", sandbox_url] if sandbox_url is not None else []),
        ],
        environment={
            "SUPABASE_URL": endpoints.rest_url,
            "SUPABASE_PUBLISHABLE_KEY": endpoints.anon_key,
            "SUPABASE_SECRET_KEY": endpoints.service_key,
            "META_ACCESS_TOKEN": configured.meta_access_token,
            "META_APP_SECRET": configured.meta_app_secret,
            "GEMINI_API_KEY": configured.gemini_api_key,
            "ANTHROPIC_API_KEY": configured.anthropic_api_key,
            "APIFY_TOKEN": configured.apify_token,
            "SLACK_BOT_TOKEN": configured.slack_bot_token,
            "SMTP_URL": configured.smtp_url,
        },
        stop_seconds=28.0,
    )


def start_web(children: Processes, endpoints: Endpoints, port: int, keys_found: Iterable[str] = ()) -> str:
    """Starts the app with the owner's rights and no more, and gives its address once it answers.

    `keys_found` are names of the keys that its worker has; the app itself gets none.
    """
    children.start(
        Program(
            name="web",
            command=[sys.executable, "-m", "viraltracker.web", "--address", "127.0.0.1", "--port", str(port)],
            environment={
                "SUPABASE_URL": endpoints.rest_url,
                "SUPABASE_PUBLISHABLE_KEY": endpoints.anon_key,
                "SUPABASE_SECRET_KEY": None,
                "SUPABASE_DB_URL": None,
                "VIRALTRACKER_LOCAL_OWNER_JWT": endpoints.owner_key,
                "VIRALTRACKER_ASSET_DIR": str(endpoints.asset_dir),
                settings.KEYS_FOUND: ",".join(sorted(keys_found)),
            },
            stop_seconds=5.0,
        )
    )
    url = f"http://127.0.0.1:{port}"
    children.wait_answer("web", f"{url}/healthz", WEB_SECONDS)
    return url


def _hosted(configured: Settings) -> Session:
    if configured.supabase_url is None or configured.supabase_secret_key is None:
        raise ConfigurationError("SUPABASE_URL and SUPABASE_SECRET_KEY are needed.")
    http = client.http_client(embedded=False, timeout_s=configured.database_timeout)
    db = client.connect(configured.supabase_url, configured.supabase_secret_key, http)
    migrations.require_current(db)
    return Session(configured, db, db, SupabaseStorage(db.client), own_worker=False)
