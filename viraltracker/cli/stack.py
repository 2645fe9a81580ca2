"""up, migrate, doctor, reset, sandbox: the installation itself."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import httpx
import typer

from viraltracker import settings
from viraltracker.cli import output, session
from viraltracker.cli.app import JsonOption, app
from viraltracker.errors import ConfigurationError, ViralTrackerError
from viraltracker.local import processes
from viraltracker.local.health import Check, bad, good
from viraltracker.local.processes import Processes
from viraltracker.local.running import free_port, port_is_free
from viraltracker.local.stack import Stack
from viraltracker.settings import Settings
from viraltracker.store import client, migrations

USUAL_WEB_PORT = 8501


@app.command()
def up(as_json: JsonOption = False) -> None:
    """Run the embedded database, the worker and the app until Ctrl-C."""
    configured = settings.load()
    if configured.hosted:
        raise ConfigurationError(
            "SUPABASE_URL is set, so nothing is started here: run `python -m worker.scheduler_worker` and "
            "`python -m viraltracker.web`."
        )
    # A service manager ends a program with SIGTERM, which takes the children along as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        Stack.from_settings(configured).hold() as endpoints,
        tempfile.TemporaryDirectory() as folder,
        Processes(configured.home) as children,
    ):
        session.start_worker(children, configured, endpoints, Path(folder))
        url = session.start_web(children, endpoints, _web_port(configured), configured.keys_found)
        if as_json:
            output.print_json({"url": url, "logs": str(configured.home / "logs")})
        output.say(f"ViralTracker is running: open {url}")
        output.say(f"Logs are in {configured.home / 'logs'}. Stop with Ctrl-C.")
        threading.Event().wait()


@app.command()
def migrate(as_json: JsonOption = False) -> None:
    """Bring the database's schema up to this version of the code."""
    configured = settings.load()
    if configured.hosted:
        if configured.supabase_db_url is None:
            raise ConfigurationError(
                "SUPABASE_DB_URL is needed to change the schema: copy the connection string from Supabase."
            )
        applied = migrations.apply(configured.supabase_db_url)
    else:
        with Stack.from_settings(configured).hold() as endpoints:
            applied = migrations.apply(endpoints.db_url)
    if as_json:
        output.print_json({"applied": applied, "version": migrations.latest_version()})
    else:
        output.say("\n".join(f"applied {label}" for label in applied) or "The schema is up to date.")


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Check each dependency, key and service, and say what to do about what is missing."""
    try:
        configured = settings.load()
        checks = _hosted(configured) if configured.hosted else Stack.from_settings(configured).health()
        checks += optional_keys(configured)
    except ConfigurationError as error:
        checks = [bad("settings", "wrong", error.message)]
    if as_json:
        output.print_json([asdict(check) for check in checks])
    else:
        rows = [("ok" if check.ok else "MISSING", check.name, check.detail, check.fix or "") for check in checks]
        output.table(None, ("", "What", "Found", "What to do"), rows, whole=(0,))
    if any(not check.ok for check in checks):
        raise typer.Exit(1)


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: JsonOption = False) -> None:
    """Delete the embedded database with everything in it."""
    configured = settings.load()
    if configured.hosted:
        raise ConfigurationError("A hosted database is never deleted from here; do it in Supabase.")
    if not yes:
        typer.confirm(f"Delete all data in {configured.home}?", abort=True)
    Stack.from_settings(configured).reset()
    if as_json:
        output.print_json({"reset": str(configured.home)})
    output.say("The embedded database is gone; the next command makes a new one.")


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 0, as_json: JsonOption = False
) -> None:
    """Serve the demo account's Graph API on this machine until Ctrl-C."""
    with tempfile.TemporaryDirectory() as folder, Processes(settings.load().home) as children:
        children.start(processes.sandbox(Path(folder) / "sandbox", port=port))
        url = children.wait_ready("sandbox", session.SANDBOX_SECONDS)
        if as_json:
            output.print_json({"url": url})
        else:
            sys.stdout.write(url + "\n")
        sys.stdout.flush()
        children.wait("sandbox")


def _web_port(configured: Settings) -> int:
    """The port that was set, else the usual one, else a free one."""
    if configured.web_port is not None:
        if not port_is_free(configured.web_port):
            raise ConfigurationError(
                f"Port {configured.web_port} of VIRALTRACKER_WEB_PORT is taken: stop what uses it, or set another."
            )
        return configured.web_port
    return USUAL_WEB_PORT if port_is_free(USUAL_WEB_PORT) else free_port()


def _hosted(configured: Settings) -> list[Check]:
    http = client.http_client(embedded=False, timeout_s=configured.database_timeout)

    def version(key: str | None) -> str:
        db = client.connect(configured.supabase_url or "", key or "", http)
        migrations.require_current(db)
        return "answers, schema up to date"

    return [
        _tried("Supabase, publishable key", lambda: version(configured.supabase_publishable_key)),
        _tried("Supabase, secret key", lambda: version(configured.supabase_secret_key)),
    ]


def _tried(name: str, check: Callable[[], str]) -> Check:
    try:
        return good(name, check())
    except ViralTrackerError as error:
        return bad(name, "failed", error.message)
    except httpx.HTTPError:
        return bad(name, "no answer", "Check SUPABASE_URL and the network.")


def optional_keys(configured: Settings) -> list[Check]:
    """Keys that are optional: without them a part of the product works in its simpler form."""
    return [
        good(
            "classifier",
            "rules (no model key is needed)",
        ),
        good("Meta", "access token set" if configured.meta_access_token else "no token; demo and imports work without"),
        good(
            "Apify", "token set" if configured.apify_token else "no token; other brands' ads come from files and Meta"
        ),
        _sending("Slack", settings.SLACK, configured.keys_found),
        _sending("e-mail", settings.MAIL, configured.keys_found),
    ]


def _sending(name: str, wanted: Sequence[str], found: Collection[str]) -> Check:
    """A way to send new ads, which is set up whole or not at all."""
    missing = [variable for variable in wanted if variable not in found]
    if not missing:
        return good(name, "set up to send new ads")
    if len(missing) == len(wanted):
        return good(name, "not set up; new ads are downloaded")
    return bad(name, "set up in part", f"set {' and '.join(missing)} too")
