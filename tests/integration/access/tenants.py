"""Two organisations whose rows have the same ad accounts, ads and keys in every table that there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from ..conftest import User

Row = dict[str, Any]

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHA256 = "ab" * 32

# Values that a check or a meaning asks for; whatever else a table needs is made up from the column's type.
BY_COLUMN: Row = {
    "account_id": "act_1234567890",
    "currency": "USD",
    "date": "2026-10-01",
    "date_from": "2026-10-01",
    "date_to": "2026-10-31",
    "file_sha256": SHA256,
    "input_hash": SHA256,
    "reading": "copy",
    "job_type": "meta_sync",
}
# Finished or paused, so that no worker of another test takes them up.
BY_TABLE: dict[str, Row] = {
    "organizations": {"name": "Agency"},
    "memberships": {"role": "owner"},
    "invitations": {"email": "invited@example.com", "role": "viewer"},
    "brands": {"name": "Wonder Paws"},
    "ad_accounts": {"source": "meta"},
    "ads": {"video_id": "900"},
    "sync_chunks": {"status": "done"},
    "dataset_status": {"dataset": "insights"},
    "import_datasets": {"status": "ready"},
    "ad_performance_period": {"date_to": "2026-10-01"},
    "ad_assets": {"kind": "image", "status": "stored"},
    "landing_pages": {"status": "refused", "reason": "gone"},
    "llm_calls": {"purpose": "copy", "state": "answered", "finished_at": "2026-10-01T00:00:00Z"},
    "llm_spend": {"month": "2026-10-01"},
    "ad_video_analysis": {"sha256": SHA256},
    "congruence_components": {"basis": "copy"},
    "scheduled_jobs": {"schedule_type": "one_time", "status": "paused", "next_run_at": "2030-01-01T00:00:00Z"},
    "scheduled_job_runs": {"trigger": "api", "state": "failed", "finished_at": "2026-10-01T00:00:00Z"},
    "job_run_events": {"level": "info"},
    "ad_intelligence_runs": {
        "goal": "full_analysis",
        "status": "completed",
        "finished_at": "2026-10-01T00:00:00Z",
        "config_hash": "question",
        "data_version": 1,
        "scope": "same",
    },
    "recommendation_outcomes": {"days": 14, "verdict": "helped"},
    "ad_intelligence_diagnostics": {"ad_id": "same", "diagnosis": "winner_loser"},
    "chat_messages": {"role": "user"},
    "template_scrapes": {"source": "upload", "status": "completed"},
    "scraped_ads": {"source": "upload"},
    "template_queue": {"sha256": SHA256},
    "templates": {"awareness": "unclear"},
    "llm_batches": {"state": "collected", "closed_at": "2026-10-01T00:00:00Z"},
    "product_photos": {"sha256": SHA256, "mime": "image/png"},
    "creation_runs": {"sizes": ["1080x1080"], "status": "failed"},
    "creation_deliveries": {"kind": "slack", "state": "failed"},
    "generated_ads": {"token": "VT-ABCDEFGH", "status": "rejected"},
    "generated_ad_revisions": {"images": "[]"},
    "generated_ad_images": {"size": "1080x1080", "sha256": SHA256, "mime": "image/png"},
    "creation_steps": {"state": "answered"},
}
BY_TYPE: Row = {
    "text": "same",
    "integer": 1,
    "bigint": 1,
    "numeric": 1,
    "boolean": False,
    "date": "2026-10-01",
    "timestamp with time zone": "2026-10-01T00:00:00Z",
    "jsonb": "{}",
    "ARRAY": "{}",
}


WORKERS = {"ad_account_secrets", "provider_permits"}
"""Tables that no browser role may even ask for."""

INSTALLATION = {"scheduler_workers", "classifier_evaluations"}
"""Tables whose rows are no organisation's: members of every organisation read them, strangers do not."""


@dataclass(frozen=True)
class Column:
    """A column of a table: `writable` when a value may be given, `required` when one must."""

    name: str
    type: str
    writable: bool
    required: bool


@dataclass(frozen=True)
class Table:
    """A table of schema public as the catalogue describes it."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    references: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """(the other table, ((column here, column there), …)) of each foreign key."""

    def has(self, column: str) -> bool:
        return any(found.name == column for found in self.columns)


@dataclass
class Tenant:
    """An organisation with its people and one row in every table that is not shared by all."""

    owner: User
    editor: User
    viewer: User
    rows: dict[str, Row] = field(default_factory=dict)

    @property
    def organization_id(self) -> str:
        return str(self.rows["organizations"]["id"])

    @property
    def brand_id(self) -> str:
        return str(self.rows["brands"]["id"])

    @property
    def marks(self) -> set[str]:
        """Every id that is this tenant's alone: none may appear in another's answer."""
        found = {
            mark for name, row in self.rows.items() if name not in INSTALLATION for mark in UUID.findall(repr(row))
        }
        return found | {self.owner.id, self.editor.id, self.viewer.id}


@dataclass(frozen=True)
class World:
    """Both tenants, somebody who belongs to neither, and what the tables look like."""

    a: Tenant
    b: Tenant
    stranger: User
    tables: dict[str, Table]


def tables(database: psycopg.Connection) -> dict[str, Table]:
    """All tables of schema public, by name, a table after those it refers to."""
    found: dict[str, Table] = {}
    for name, oid in database.execute(
        "select relname, oid from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    ).fetchall():
        columns = database.execute(
            "select column_name, data_type, is_generated = 'NEVER' and is_identity = 'NO',"
            " is_nullable = 'NO' and column_default is null from information_schema.columns"
            " where table_schema = 'public' and table_name = %s order by ordinal_position",
            [name],
        ).fetchall()
        keys = database.execute(
            "select contype::text, n.nspname || '.' || r.relname,"
            " array(select attname::text from unnest(conkey) with ordinality k (n, i)"
            "  join pg_attribute on attrelid = conrelid and attnum = n order by i),"
            " array(select attname::text from unnest(confkey) with ordinality k (n, i)"
            "  join pg_attribute on attrelid = confrelid and attnum = n order by i)"
            " from pg_constraint left join pg_class r on r.oid = confrelid"
            " left join pg_namespace n on n.oid = r.relnamespace where conrelid = %s and contype in ('p', 'f')",
            [oid],
        ).fetchall()
        found[name] = Table(
            name=name,
            columns=tuple(Column(*column) for column in columns),
            key=next((tuple(here) for kind, _, here, _ in keys if kind == "p"), ()),
            references=tuple(
                (other.removeprefix("public."), tuple(zip(here, there, strict=True)))
                for kind, other, here, there in keys
                if kind == "f"
            ),
        )
    before = {
        name: {other for other, _ in table.references if other in found and other != name}
        for name, table in found.items()
    }
    for name in ("concurrency_limits", "provider_permits"):
        before[name] = {"brands"}  # names a brand in its key, without a foreign key
    order = TopologicalSorter(before)
    return {name: found[name] for name in order.static_order()}


def insert(database: psycopg.Connection, table: Table, values: Row) -> Row:
    """Writes one row past every policy and gives it as JSON. Fails with the table's name when it cannot be made up."""
    statement = sql.SQL("insert into public.{} as t ({}) values ({}) returning to_jsonb(t)").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    try:
        found = database.execute(statement, list(values.values())).fetchone()
    except psycopg.Error as error:
        pytest.fail(f"No row for public.{table.name} ({error}): say in {__name__} what a row of it needs.")
    assert found is not None
    row: Row = found[0]
    return row


def _made_up(table: Table, tenant: Tenant) -> Row:
    values: Row = {}
    for column in table.columns:
        if not column.writable:
            continue
        given = BY_TABLE.get(table.name, {})
        if column.name in given:
            values[column.name] = given[column.name]
        elif column.required and column.name in BY_COLUMN:
            values[column.name] = BY_COLUMN[column.name]
        elif column.required:
            values[column.name] = str(uuid4()) if column.type == "uuid" else BY_TYPE.get(column.type)
    for other, pairs in table.references:
        for here, there in pairs:
            if other in tenant.rows:
                values[here] = tenant.rows[other][there]
            elif other == "auth.users":
                values[here] = tenant.owner.id
    if table.name == "concurrency_limits":
        values |= {"scope": "brand", "key": tenant.brand_id, "limit": 1000}
    if table.name == "provider_permits":
        values["provider"] = tenant.brand_id  # one of each tenant's own, since it is the key
    return values


def _fill(database: psycopg.Connection, shapes: dict[str, Table], tenant: Tenant) -> Iterator[tuple[Table, Row]]:
    for name, table in shapes.items():
        tenant.rows[name] = insert(database, table, _made_up(table, tenant))
        yield table, tenant.rows[name]
    for user, role in ((tenant.editor, "editor"), (tenant.viewer, "viewer")):
        member = {"organization_id": tenant.organization_id, "user_id": user.id, "role": role}
        yield shapes["memberships"], insert(database, shapes["memberships"], member)
    for scope, key in (("organization", tenant.organization_id), ("brand_job_type", f"{tenant.brand_id}:meta_sync")):
        limit = {"scope": scope, "key": key, "limit": 1000}
        yield shapes["concurrency_limits"], insert(database, shapes["concurrency_limits"], limit)


def _delete(database: psycopg.Connection, table: Table, row: Row) -> None:
    conditions = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder()) for name in table.key]
    database.execute(
        sql.SQL("delete from public.{} where {}").format(sql.Identifier(table.name), sql.SQL(" and ").join(conditions)),
        [row[name] for name in table.key],
    )


@contextmanager
def two_tenants(database: psycopg.Connection, new_user: Callable[[str], User]) -> Iterator[World]:
    """Fills every table twice and empties it of these rows again."""
    shapes = tables(database)
    a, b = (Tenant(new_user("owner"), new_user("editor"), new_user("viewer")) for _ in range(2))
    made: list[tuple[Table, Row]] = []
    try:
        for tenant in (a, b):
            for found in _fill(database, shapes, tenant):
                made.append(found)  # noqa: PERF402 - what was made before a failure must go too
        limits = shapes["concurrency_limits"]
        made.append((limits, insert(database, limits, {"scope": "global", "key": "access", "limit": 1000})))
        yield World(a, b, new_user("stranger"), shapes)
    finally:
        for table, row in reversed(made):
            _delete(database, table, row)
