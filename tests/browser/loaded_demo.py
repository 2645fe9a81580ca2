"""The demo brand with all that its load leaves: loaded once in a run of the suite, put back for each file that asks."""

from __future__ import annotations

import fcntl
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql

from viraltracker import clock
from viraltracker.store import analyses, brands, schedules
from viraltracker.store.brands import Brand

if TYPE_CHECKING:
    from tests.browser.conftest import App

NAME = "Wonder Paws"
LOAD_SECONDS = 300.0
COLUMNS: LiteralString = """
select relname, array_agg(attname::text order by attnum)
from pg_class join pg_attribute on attrelid = pg_class.oid
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
    and attnum > 0 and not attisdropped and attgenerated = ''
    and relname <> 'scheduler_workers'
group by relname
"""
"""What can hold rows, and the columns that are given; every installation has workers of its own."""
IDENTITIES: LiteralString = """
select setval(pg_get_serial_sequence(attrelid::regclass::text, attname),
    greatest(nextval(pg_get_serial_sequence(attrelid::regclass::text, attname)), 1000000000))
from pg_attribute join pg_class on attrelid = pg_class.oid
where relnamespace = 'public'::regnamespace and attidentity <> ''
"""
"""Numbers given from here on are above all that were put back."""


def fill(app: App, shared: Path) -> Brand:
    """Gives an empty installation the demo brand. The first process of the run to ask loads it, while others wait."""
    made = shared / "demo"
    with (shared / "demo.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.is_dir():
            _put_back(app, made)
        else:
            _load(app)
            draft = made.with_suffix(".new")
            draft.mkdir(exist_ok=True)
            _keep(app, draft)
            draft.rename(made)
    with app.owner() as db:
        return brands.find(db, NAME)


def _wait_for_work(app: App) -> None:
    """Until all runs, and those that they start, have succeeded."""
    deadline = time.monotonic() + LOAD_SECONDS
    with app.owner() as db:
        runs = schedules.runs(db, limit=100)
        while not all(run["finished_at"] for run in runs):
            assert time.monotonic() < deadline, runs
            time.sleep(0.2)
            runs = schedules.runs(db, limit=100)
    assert {run["state"] for run in runs} == {"succeeded"}


def _load(app: App) -> None:
    with app.owner() as db:
        assert brands.all_visible(db) == [], "only the demo is kept"
        brand = brands.ensure(db, NAME, aliases=["WonderPaws"])
        job = {"brand_id": brand.id, "job_type": "load_demo", "name": "Load the demo", "schedule_type": "one_time"}
        schedules.save(db, job, now=clock.now())
    _wait_for_work(app)
    with app.owner() as db:
        assert analyses.shown(db, brand.id) is not None


def _keep(app: App, folder: Path) -> None:
    found = app.stack().endpoints()
    assert found is not None
    shutil.copytree(found.asset_dir, folder / "assets")
    with psycopg.connect(app.stack().superuser_url()) as database:
        database.execute("set transaction isolation level repeatable read")
        for table, columns in database.execute(COLUMNS).fetchall():
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            taken = sql.SQL("copy (select {} from public.{}) to stdout").format(names, sql.Identifier(table))
            with (folder / table).open("wb") as file, database.cursor().copy(taken) as rows:
                file.writelines(rows)


def _put_back(app: App, folder: Path) -> None:
    found = app.stack().endpoints()
    assert found is not None
    shutil.copytree(folder / "assets", found.asset_dir, dirs_exist_ok=True)
    with psycopg.connect(app.stack().superuser_url()) as database:
        # Neither triggers nor references: the rows are whole, and some of a table name those of a later one.
        database.execute("set local session_replication_role = replica")
        for table, columns in database.execute(COLUMNS).fetchall():
            # What holds rows without a brand is the same in every installation of the run: its owner, say.
            if database.execute(sql.SQL("select from public.{} limit 1").format(sql.Identifier(table))).fetchall():
                continue
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            given = sql.SQL("copy public.{} ({}) from stdin").format(sql.Identifier(table), names)
            with database.cursor().copy(given) as rows:
                rows.write((folder / table).read_bytes())
        database.execute(IDENTITIES)
