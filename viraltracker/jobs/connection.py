"""Builds what a worker process shares among its handlers, and refuses to start on a wrong environment."""

from __future__ import annotations

from pathlib import Path

import httpx

from viraltracker.errors import ConfigurationError
from viraltracker.jobs.context import Services
from viraltracker.settings import Settings
from viraltracker.store import client, migrations
from viraltracker.store.storage import FolderStorage, Storage, SupabaseStorage


def worker_services(
    configured: Settings, *, asset_dir: Path | None, sandbox_url: str | None, scratch: Path
) -> Services:
    """Services over the configured Supabase.

    `asset_dir` is given by the embedded stack, whose PostgREST stands behind no gateway. Raises ConfigurationError when
    nothing is configured, the key is refused, or the schema is behind the code; Unavailable when nothing answers.
    """
    if configured.supabase_url is None or configured.supabase_secret_key is None:
        raise ConfigurationError(
            "No database is configured. Run `viraltracker up` for the embedded one, or set SUPABASE_URL, "
            "SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY."
        )
    http = client.http_client(embedded=asset_dir is not None, timeout_s=configured.database_timeout)
    db = client.connect(configured.supabase_url, configured.supabase_secret_key, http)
    migrations.require_current(db)
    storage: Storage = FolderStorage(asset_dir) if asset_dir is not None else SupabaseStorage(db.client)
    outside = httpx.Client(timeout=httpx.Timeout(configured.meta_read_timeout, connect=configured.meta_connect_timeout))
    services = Services(db, storage, configured, outside, scratch, sandbox_url)
    services.models.prepare()
    return services
