"""The shared stack of the integration tests: this project's own migrations on the embedded database."""

from __future__ import annotations

from collections.abc import Callable

from viraltracker.local.stack import Endpoints, Stack
from viraltracker.store import migrations

from ..conftest import User
from .conftest import call


def test_every_migration_of_the_project_applies_and_postgrest_serves_it(
    stack: Stack, endpoints: Endpoints, new_user: Callable[[str], User]
) -> None:
    assert [check for check in stack.health() if not check.ok] == []
    version = call(endpoints, "POST", "rpc/schema_version")
    assert version.json() == migrations.latest_version()
    owned = call(endpoints, "GET", "memberships?select=role", key=endpoints.owner_key)
    assert owned.json() == [{"role": "owner"}]
    stranger = new_user("stranger")
    assert call(endpoints, "GET", "memberships?select=role", key=stranger.key).json() == []
