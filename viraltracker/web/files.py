"""Where a page finds and puts files, with the person's own rights."""

from __future__ import annotations

from functools import cache

from viraltracker import settings
from viraltracker.errors import ConfigurationError
from viraltracker.settings import Settings
from viraltracker.store.client import Database
from viraltracker.store.storage import FolderStorage, Storage, SupabaseStorage


def of(db: Database) -> Storage:
    """Where files go with this person's rights: the embedded stack's folder, or the project's own Storage."""
    configured = _configured()
    if configured.hosted:
        return SupabaseStorage(db.client)
    if configured.asset_dir is None:
        raise ConfigurationError("The app does not know where files are kept: start it with `viraltracker up`.")
    return FolderStorage(configured.asset_dir)


@cache
def _configured() -> Settings:
    return settings.load_for_web()
