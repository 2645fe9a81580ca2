"""The embedded Supabase as a whole: started on demand, shared by processes, mended, stopped by the last one."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path

from viraltracker import clock
from viraltracker.errors import ConfigurationError, Refused
from viraltracker.local import account, binaries, health, keys
from viraltracker.local.health import Check
from viraltracker.local.home import Home, State
from viraltracker.local.postgres import START_SECONDS, SUPERUSER, Postgres
from viraltracker.local.postgrest import HOST, Postgrest, Server
from viraltracker.local.running import free_port, port_is_free, trim_log
from viraltracker.local.supervision import Supervisor
from viraltracker.settings import Settings
from viraltracker.store import migrations

log = logging.getLogger(__name__)

LOCAL_OWNER_SQL = """
select format('select public.create_local_organization(%L::uuid)', :'owner_id')
where to_regprocedure('public.create_local_organization(uuid)') is not null
\\gexec
"""


@dataclass(frozen=True)
class Endpoints:
    """How to reach a running stack.

    rest_url: PostgREST's root (`http://127.0.0.1:PORT`), without `/rest/v1`; see `store.transport`.
    db_url: the role `postgres`, over the socket. The keys are JWTs for anon, service_role and the owner.
    """

    rest_url: str
    anon_key: str = field(repr=False)
    service_key: str = field(repr=False)
    owner_key: str = field(repr=False)
    owner_id: str
    db_url: str
    asset_dir: Path


class Stack:
    """One installation's database and REST server. Any number of processes may have one on the same folder."""

    def __init__(
        self,
        home: Path,
        *,
        cache: Path,
        postgrest_bin: Path | None = None,
        rest_port: int | None = None,
        migrations_folder: Path | None = None,
    ) -> None:
        self._account = account.current()
        self.home = Home(home, self._account)
        self._cache = cache
        self._postgrest_bin = postgrest_bin
        self._rest_port = rest_port
        self._migrations = migrations_folder

    @staticmethod
    def from_settings(settings: Settings) -> Stack:
        return Stack(
            settings.home,
            cache=settings.cache,
            postgrest_bin=settings.postgrest_bin,
            rest_port=settings.rest_port,
        )

    def ensure(self) -> Endpoints:
        """Starts what is not running, brings the schema up to date, and says how to reach it.

        It runs until `stop`, or until the last `hold` ends. Raises `ConfigurationError` when something is
        missing or set wrongly, `Refused` when a migration fails, `Unavailable` when a server does not start.
        """
        self.home.prepare()
        with self.home.exclusive(), ExitStack() as failing:
            if not self.home.state().wanted:
                failing.callback(self._stop)
            endpoints = self._start()
            failing.pop_all()
            return endpoints

    @contextmanager
    def hold(self, *, keep: bool = False) -> Iterator[Endpoints]:
        """A running stack for as long as the context lasts, mended when a part of it dies.

        The last process to leave stops it, unless one of them asked to `keep` it running.
        """
        self.home.prepare()
        with ExitStack() as leaving:
            with self.home.exclusive():
                holding = leaving.enter_context(ExitStack())
                holding.enter_context(self.home.shared())
                leaving.callback(self._leave, holding)
                endpoints = self._start()
                if keep:
                    self.home.update_state(keep=True)
            supervisor = Supervisor(self.mend)
            leaving.callback(supervisor.stop)
            supervisor.start()
            yield endpoints

    def endpoints(self) -> Endpoints | None:
        """How to reach the stack as it was last started, or None when nobody wants it running."""
        state = self.home.state()
        if not state.wanted or state.rest_port is None or not self.home.keys.is_file():
            return None
        return self._endpoints(state, self._keys())

    def mend(self) -> None:
        """Starts again what has died since, unless the stack was stopped on purpose."""
        if self._is_whole(self.home.state()):
            self._trim_logs()
            return
        with self.home.exclusive():
            state = self.home.state()
            if state.wanted and not self._is_whole(state):
                log.warning("A part of the embedded database has died; starting it again.")
                self._start()

    def stop(self) -> None:
        """Stops everything, whoever uses it; the data stays."""
        if not self.home.is_ours():
            return
        with self.home.exclusive():
            self._stop()

    def reset(self) -> None:
        """Stops and deletes the database, its keys, logs and assets.

        Raises `Refused` while another process uses the stack, `ConfigurationError` when the folder is not ours.
        """
        if not self.home.is_ours():
            self.home.refuse_to_delete()
            return
        with self.home.exclusive():
            if self.home.in_use():
                raise Refused("Another ViralTracker process uses this database: stop it first, then reset again.")
            self._stop()
            self.home.clear()

    def health(self) -> list[Check]:
        """What runs and what does not, with what to do; starts, makes and fetches nothing."""
        checks = [
            health.check_folder(self.home),
            health.check_postgresql(self._account),
            health.check_postgrest(given=self._postgrest_bin, cache=self._cache),
        ]
        if not all(check.ok for check in checks):
            return checks
        state = self.home.state()
        if not state.wanted:
            return [*checks, health.good("embedded database", "not running; starts when a command needs it")]
        folder = self._socket_folder(state)
        checks += [
            health.check_database(self._postgres, folder),
            health.check_rest(self._rest(), _server(state)),
        ]
        if checks[-2].ok:
            checks.append(health.check_schema(self._postgres.url(folder, "postgres"), self._migrations))
        return checks

    def user_key(self, user_id: str, email: str) -> str:
        """A JWT for a signed-in user of this installation, as Supabase Auth would give out."""
        return self._keys().user_key(user_id, email, now=clock.now())

    def sandbox_port(self) -> int:
        """The port of the sandbox: the same at each start while it is free, so that links to its pages last."""
        with self.home.exclusive():
            kept = self.home.state().sandbox_port
            if kept is not None and port_is_free(kept):
                return kept
            chosen = free_port()
            if kept is None:
                self.home.update_state(sandbox_port=chosen)
            return chosen

    def superuser_url(self) -> str:
        """The address of the database for its superuser, who may write `auth.users`."""
        return self._postgres.url(self._socket_folder(self.home.state()), SUPERUSER)

    def _start(self) -> Endpoints:
        """Only under `exclusive`, on a prepared folder. Any part of it may find its work done already."""
        own_keys, postgres, rest = self._keys(), self._postgres, self._rest()
        if postgres.make():
            self.home.update_state(prepared=None)
        folder = self.home.socket_folder()
        state = self.home.update_state(socket_folder=str(folder))
        if postgres.server() is not None and not postgres.ready(folder, patience=START_SECONDS):
            postgres.stop()  # its socket is gone, for example by a clean-up of the temporary folder
        restart_rest = postgres.server() is None
        if restart_rest:
            # PostgREST has lost its connections, and would wait ever longer before it tries again.
            if state.rest is not None:
                state.rest.end()
            postgres.start(folder)
        bootstrap = resources.files(__package__).joinpath("bootstrap.sql").read_text(encoding="utf-8")
        owner = {"owner_id": own_keys.owner_id, "owner_email": keys.OWNER_EMAIL}
        prepared = self._digest(bootstrap)
        if state.prepared != prepared:
            postgres.run_sql(folder, bootstrap, owner)
        restart_rest |= bool(migrations.apply(postgres.url(folder, "postgres"), self._migrations))
        if state.prepared != prepared:
            postgres.run_sql(folder, LOCAL_OWNER_SQL, owner)
            self.home.update_state(prepared=prepared)
        self._start_rest(rest, postgres.url(folder, "authenticator"), restart=restart_rest)
        return self._endpoints(self.home.update_state(wanted=True), own_keys)

    def _start_rest(self, rest: Postgrest, url: str, *, restart: bool) -> None:
        state = self.home.state()
        server = _server(state)
        if server is not None and server.process.alive and not restart and rest.serves(server):
            return
        if server is not None:
            server.process.end()
        fixed = self._rest_port is not None
        server = rest.start(url, port=self._rest_port or state.rest_port, fixed=fixed)
        self.home.update_state(rest=server.process, rest_port=server.port, admin_port=server.admin_port)

    def _stop(self) -> None:
        state = self.home.state()
        if state.rest is not None:
            state.rest.end()
        if self.home.database.is_dir():
            self._postgres.stop()
        self.home.update_state(wanted=False, keep=False, rest=None)

    def _leave(self, holding: ExitStack) -> None:
        with self.home.exclusive():
            holding.close()
            if not self.home.in_use() and not self.home.state().keep:
                self._stop()

    def _is_whole(self, state: State) -> bool:
        return not state.wanted or (state.rest is not None and state.rest.alive and self._postgres.server() is not None)

    def _trim_logs(self) -> None:
        for file in self.home.logs.glob("*.log"):
            trim_log(file)

    def _digest(self, bootstrap: str) -> str:
        versions = ",".join(migration.version for migration in migrations.on_disk(self._migrations))
        return hashlib.sha256(f"{bootstrap}\0{versions}".encode()).hexdigest()

    def _endpoints(self, state: State, own_keys: keys.Keys) -> Endpoints:
        return Endpoints(
            rest_url=f"http://{HOST}:{state.rest_port}",
            anon_key=own_keys.anon,
            service_key=own_keys.service,
            owner_key=own_keys.owner,
            owner_id=own_keys.owner_id,
            db_url=self._postgres.url(self._socket_folder(state), "postgres"),
            asset_dir=self.home.assets,
        )

    def _socket_folder(self, state: State) -> Path:
        return Path(state.socket_folder or self.home.run)

    @cached_property
    def _postgres(self) -> Postgres:
        return Postgres(self.home, binaries.postgresql(self._account), self._account)

    def _rest(self) -> Postgrest:
        program = binaries.postgrest(self._account, given=self._postgrest_bin, cache=self._cache)
        return Postgrest(self.home, program, self._account, self._keys())

    def _keys(self) -> keys.Keys:
        try:
            return keys.Keys.from_json(self.home.keys.read_text(encoding="utf-8"))
        except FileNotFoundError:
            made = keys.make(clock.now())
            self.home.write_private(self.home.keys, made.to_json())
            return made
        except (ValueError, TypeError, AttributeError):
            raise ConfigurationError(
                f"{self.home.keys} is damaged: put it back from a backup, or run `viraltracker reset`, which "
                "deletes the embedded database."
            ) from None


def _server(state: State) -> Server | None:
    if state.rest is None or state.rest_port is None or state.admin_port is None:
        return None
    return Server(state.rest, state.rest_port, state.admin_port)
