"""Applies `supabase/migrations/*.sql` and says which version the code and the database have.

The records are those of the Supabase CLI (`supabase_migrations.schema_migrations`), so `supabase db push` and
`viraltracker migrate` may take turns on one database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import errors as pg
from psycopg.pq import TransactionStatus

from viraltracker.errors import ConfigurationError, Refused, Unavailable
from viraltracker.store.client import Database

FILE_NAME = re.compile(r"(?P<version>\d{14})_(?P<name>.+)\.sql")
#: Any number, the same in every process: whoever applies migrations holds this advisory lock.
LOCK = 7_302_114_551
#: A migration that waits longer than this for a table would make every reader of the table wait behind it.
LOCK_TIMEOUT = "10s"


@dataclass(frozen=True)
class Migration:
    """One file: `version` is its 14 digits, `name` what follows them."""

    version: str
    name: str
    sql: str

    @property
    def label(self) -> str:
        return f"{self.version}_{self.name}"


def default_folder() -> Path:
    """The folder of the migrations that belong to this code."""
    return Path(__file__).resolve().parents[2] / "supabase" / "migrations"


def on_disk(folder: Path | None = None) -> list[Migration]:
    """The migrations of this code, oldest first. Raises `ConfigurationError` when a file cannot be used."""
    folder = folder or default_folder()
    if not folder.is_dir():
        raise ConfigurationError(f"There are no migrations at {folder}; run from a full copy of the project.")
    found: dict[str, Migration] = {}
    for file in sorted(folder.glob("*.sql")):
        match = FILE_NAME.fullmatch(file.name)
        if match is None:
            raise ConfigurationError(f"Rename {file}: a migration is called <14 digits>_<name>.sql.")
        version = match["version"]
        if version in found:
            raise ConfigurationError(f"Two migrations have the version {version}; rename one of them.")
        found[version] = Migration(version, match["name"], file.read_text(encoding="utf-8"))
    return list(found.values())


def latest_version(folder: Path | None = None) -> str:
    """The 14-digit version that this code needs."""
    migrations = on_disk(folder)
    if not migrations:
        raise ConfigurationError("There are no migrations; run from a full copy of the project.")
    return migrations[-1].version


def pending(db_url: str, folder: Path | None = None) -> list[str]:
    """Labels (`<version>_<name>`) of the migrations that the database lacks, oldest first.

    Raises `ConfigurationError` when applied migrations differ from the files, `Unavailable` when the database
    does not answer.
    """
    migrations = on_disk(folder)
    with _connection(db_url) as connection:
        return [migration.label for migration in _missing(connection, migrations)]


def apply(db_url: str, folder: Path | None = None) -> list[str]:
    """Applies what is missing and gives its labels, oldest first; an empty list when there was nothing to do.

    Each migration runs in one transaction together with its record. Two processes may call this at once: one
    waits for the other and finds nothing left. PostgREST is told to reload.

    Raises `ConfigurationError` on drift, `Refused` when a migration fails (nothing of it stays), and
    `Unavailable` when the database does not answer or a table stays busy.
    """
    migrations = on_disk(folder)
    with _connection(db_url) as connection:
        missing = _missing(connection, migrations)
        if not missing:
            return []
        _create_history(connection)
        done = [migration.label for migration in missing if _apply_one(connection, migration)]
        _missing(connection, migrations)  # holds what another process recorded meanwhile against its files
        connection.execute("notify pgrst, 'reload schema'")
    return done


def require_current(db: Database, folder: Path | None = None) -> None:
    """Raises `ConfigurationError`, naming the command to run, when the database is behind this code.

    Asks the database function `schema_version()` through PostgREST; any key may. Raises ConfigurationError too for a
    key that is refused, Unavailable when nothing answers.
    """
    needed, has = latest_version(folder), db.call("schema_version")
    if has is None or str(has) < needed:
        raise ConfigurationError(
            f"The database schema ({has or 'empty'}) is behind the code ({needed}): run `viraltracker migrate`."
        )


@contextmanager
def _connection(db_url: str) -> Iterator[psycopg.Connection]:
    try:
        # Supabase's transaction pooler has no prepared statements; autocommit, so that each block is its own.
        with psycopg.connect(db_url, autocommit=True, connect_timeout=15, prepare_threshold=None) as connection:
            yield connection
    except (pg.InvalidPassword, pg.InvalidAuthorizationSpecification):
        raise ConfigurationError("The database refused the password: correct SUPABASE_DB_URL.") from None
    except (pg.LockNotAvailable, pg.QueryCanceled):
        raise Unavailable(
            "A table stayed busy while the schema was being changed; run `viraltracker migrate` again."
        ) from None
    except psycopg.OperationalError:
        raise Unavailable("The database did not answer; check that it runs and try again.") from None
    except psycopg.ProgrammingError as error:
        if error.diag.sqlstate is None:  # libpq could not read the address, and its text may repeat it
            raise ConfigurationError("The database address cannot be read: correct SUPABASE_DB_URL.") from None
        raise


def _create_history(connection: psycopg.Connection) -> None:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        connection.execute("create schema if not exists supabase_migrations")
        connection.execute(
            "create table if not exists supabase_migrations.schema_migrations"
            " (version text primary key, statements text[], name text)"
        )
        # The first versions of the CLI made the table with the version alone.
        connection.execute(
            "alter table supabase_migrations.schema_migrations"
            " add column if not exists statements text[], add column if not exists name text"
        )


def _apply_one(connection: psycopg.Connection, migration: Migration) -> bool:
    try:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
            if connection.execute(
                "select 1 from supabase_migrations.schema_migrations where version = %s", [migration.version]
            ).fetchone():
                return False
            connection.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            connection.execute("set local statement_timeout = 0")
            connection.execute(migration.sql.encode())
            if connection.info.transaction_status != TransactionStatus.INTRANS:
                raise ConfigurationError(
                    f"Migration {migration.label} ends its own transaction; take COMMIT out of it."
                )
            connection.execute(
                "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)",
                [migration.version, migration.name, [migration.sql]],
            )
    except (pg.LockNotAvailable, pg.QueryCanceled, psycopg.OperationalError):
        raise
    except psycopg.Error as error:
        raise Refused(
            f"Migration {migration.label} failed{_line(migration.sql, error)} and was undone: "
            f"{error.diag.message_primary or error}."
        ) from error
    # A migration may have set a search path or a role for the session.
    connection.execute("reset all")
    return True


def _line(sql: str, error: psycopg.Error) -> str:
    position = error.diag.statement_position
    return f" at line {sql.count(chr(10), 0, int(position) - 1) + 1}" if position else ""


def _missing(connection: psycopg.Connection, migrations: Sequence[Migration]) -> list[Migration]:
    recorded = _recorded(connection)
    known = {migration.version: migration for migration in migrations}
    strange = sorted(set(recorded) - set(known))
    if strange:
        raise ConfigurationError(
            f"The database has migrations that this code lacks ({', '.join(strange)}): update the code, "
            "or take their records out of supabase_migrations.schema_migrations."
        )
    for version, statements in sorted(recorded.items()):
        # The CLI may record a version alone (`migration repair`); there is nothing to compare then.
        if statements and _essence("".join(statements)) != _essence(known[version].sql):
            raise ConfigurationError(
                f"Migration {known[version].label} was changed after it was applied: put the file back as it "
                "was and write the change as a new migration."
            )
    return [migration for migration in migrations if migration.version not in recorded]


def _recorded(connection: psycopg.Connection) -> dict[str, list[str] | None]:
    table = connection.execute("select to_regclass('supabase_migrations.schema_migrations')").fetchone()
    if table is None or table[0] is None:
        return {}
    rows = connection.execute("select version, statements from supabase_migrations.schema_migrations")
    return {str(version): statements for version, statements in rows.fetchall()}


def _essence(sql: str) -> str:
    """The text without blanks and semicolons: the CLI splits a file into statements and drops these."""
    return re.sub(r"[\s;\ufeff]+", "", sql)
