"""The life of the embedded stack: started on demand, shared, mended, stopped, kept, reset."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from viraltracker import settings
from viraltracker.errors import ConfigurationError, Refused
from viraltracker.local import home as home_module
from viraltracker.local import running
from viraltracker.local.stack import Endpoints, Stack
from viraltracker.local.supervision import Supervisor

from .conftest import add_note, call, notes

PATIENCE_SECONDS = 30


def eventually(holds: Callable[[], bool]) -> None:
    """Waits until a condition holds; fails loudly when it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def serves(endpoints: Endpoints) -> bool:
    try:
        return call(endpoints, "GET", "notes?select=body").status_code == 200
    except httpx.TransportError:
        return False


def server_pid(stack: Stack) -> int:
    return int((stack.home.database / "postmaster.pid").read_text().splitlines()[0])


def rest_pid(stack: Stack) -> int:
    rest = stack.home.state().rest
    assert rest is not None
    return rest.pid


def gone(pid: int) -> bool:
    return running.Process.of(pid) is None


def database_is_down(stack: Stack) -> bool:
    return not (stack.home.database / "postmaster.pid").exists() or gone(server_pid(stack))


def test_a_second_start_finds_the_same_data_keys_and_port(fresh_stack: Stack) -> None:
    first = fresh_stack.ensure()
    add_note(first, "kept")
    fresh_stack.stop()
    assert not serves(first)
    second = fresh_stack.ensure()
    assert second == first
    assert notes(second) == ["kept"]
    assert fresh_stack.ensure() == first


def test_the_owner_is_a_user_with_an_organisation_made_once(fresh_stack: Stack) -> None:
    endpoints = fresh_stack.ensure()
    fresh_stack.ensure()
    fresh_stack.stop()
    endpoints = fresh_stack.ensure()
    assert call(endpoints, "GET", "organizations").json() == [{"owner": endpoints.owner_id, "calls": 1}]


@pytest.mark.parametrize("victims", [("postgres",), ("postgrest",), ("postgres", "postgrest")])
def test_a_killed_part_is_mended_at_the_same_address(fresh_stack: Stack, victims: tuple[str, ...]) -> None:
    with fresh_stack.hold() as endpoints:
        add_note(endpoints, "committed")
        pids = {"postgres": server_pid(fresh_stack), "postgrest": rest_pid(fresh_stack)}
        for victim in victims:
            os.kill(pids[victim], signal.SIGKILL)
        eventually(lambda: all(gone(pids[victim]) for victim in victims) and serves(endpoints))
        assert notes(endpoints) == ["committed"]


def test_a_pid_file_that_names_a_stranger_does_not_keep_the_database_down(fresh_stack: Stack) -> None:
    endpoints = fresh_stack.ensure()
    add_note(endpoints, "kept")
    pid_file = fresh_stack.home.database / "postmaster.pid"
    text = pid_file.read_text()
    os.kill(server_pid(fresh_stack), signal.SIGKILL)
    # A process of the database's own user that happens to have the pid: PostgreSQL would give up.
    with subprocess.Popen(["sleep", "600"], **fresh_stack.home.account.run_as()) as stranger:
        try:
            pid_file.write_text(text.replace(text.splitlines()[0], str(stranger.pid), 1))
            assert notes(fresh_stack.ensure()) == ["kept"]
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_two_installations_side_by_side_never_meet(fresh_stack: Stack, make_stack: Callable[[Path], Stack]) -> None:
    other = make_stack(Path(tempfile.mkdtemp(prefix="vt-test-")))
    with fresh_stack.hold() as mine, other.hold() as theirs:
        assert mine.rest_url != theirs.rest_url
        add_note(mine, "mine")
        assert notes(theirs) == []
        assert call(theirs, "GET", "notes", key=mine.service_key).status_code == 401


HOLD_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from viraltracker.local.stack import Stack
home, cache, migrations = map(Path, sys.argv[1:])
with Stack(home, cache=cache, migrations_folder=migrations).hold():
    print("holding", flush=True)
    sys.stdin.read()
"""


def hold_elsewhere(home: Path, migrations: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_IN_ANOTHER_PROCESS, home, settings.load().cache, migrations],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    return process


def test_the_last_process_to_leave_stops_it_and_a_killed_one_holds_nothing(
    fresh_stack: Stack, small_migrations: Path
) -> None:
    with fresh_stack.hold() as endpoints:
        first = hold_elsewhere(fresh_stack.home.folder, small_migrations)
        second = hold_elsewhere(fresh_stack.home.folder, small_migrations)
        with pytest.raises(Refused, match="Another ViralTracker process"):
            fresh_stack.reset()
    assert serves(endpoints)
    first.communicate("")
    assert first.returncode == 0
    assert serves(endpoints)

    second.kill()
    second.communicate()
    assert serves(endpoints)  # nobody was left to stop it; the next one takes it over
    database = server_pid(fresh_stack)
    with fresh_stack.hold() as taken_over:
        assert taken_over == endpoints
        assert server_pid(fresh_stack) == database
    assert not serves(endpoints)
    assert gone(database)
    assert fresh_stack.endpoints() is None


def test_kept_running_until_it_is_stopped_on_purpose(fresh_stack: Stack) -> None:
    with fresh_stack.hold(keep=True) as endpoints:
        pass
    with fresh_stack.hold():
        pass
    assert serves(endpoints)
    with fresh_stack.hold():
        fresh_stack.stop()
        fresh_stack.mend()
        assert not serves(endpoints)


def test_reset_deletes_the_data_and_the_next_start_is_a_new_installation(fresh_stack: Stack) -> None:
    first = fresh_stack.ensure()
    add_note(first, "gone")
    fresh_stack.reset()
    second = fresh_stack.ensure()
    assert notes(second) == []
    assert second.owner_id != first.owner_id
    assert call(second, "GET", "notes", key=first.service_key).status_code == 401


def test_a_folder_with_other_peoples_files_is_neither_used_nor_deleted(
    home: Path, make_stack: Callable[[Path], Stack]
) -> None:
    (home / "thesis.txt").write_text("years of work")
    stack = make_stack(home)
    for action in (stack.ensure, stack.reset):
        with pytest.raises(ConfigurationError):
            action()
    assert (home / "thesis.txt").read_text() == "years of work"
    (home / "thesis.txt").unlink()


def test_a_long_path_gets_a_short_private_socket_folder(make_stack: Callable[[Path], Stack]) -> None:
    deep = Path(tempfile.mkdtemp(prefix="vt-test-", suffix="-long-folder-name" * 6))
    stack = make_stack(deep)
    endpoints = stack.ensure()
    folder = Path(stack.home.state().socket_folder or "")
    assert not folder.is_relative_to(deep)
    assert folder.stat().st_mode & 0o077 == 0
    stack.stop()
    assert serves(stack.ensure())
    assert Path(stack.home.state().socket_folder or "") == folder
    assert endpoints == stack.endpoints()
    stack.reset()
    assert not folder.exists()


def test_a_port_that_was_set_and_is_taken_is_said_and_an_unset_one_moves(
    home: Path, fresh_stack: Stack, small_migrations: Path
) -> None:
    first = fresh_stack.ensure()
    port = fresh_stack.home.state().rest_port
    fresh_stack.stop()
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as stranger:
        try:
            eventually(lambda: not running.port_is_free(port or 0))
            fixed = Stack(home, cache=settings.load().cache, migrations_folder=small_migrations, rest_port=port)
            with pytest.raises(ConfigurationError, match=f"Port {port} is taken.*VIRALTRACKER_REST_PORT"):
                fixed.ensure()
            assert database_is_down(fresh_stack), "a start that failed left the database running"
            moved = fresh_stack.ensure()
            assert moved.rest_url != first.rest_url
            assert serves(moved)
        finally:
            stranger.kill()


def test_private_files_are_private(fresh_stack: Stack) -> None:
    fresh_stack.ensure()
    home = fresh_stack.home
    private = [home.keys, home.assets, home.database, home.run, home.folder / "state.json"]
    private += list(home.logs.iterdir())
    assert [str(path) for path in private if path.stat().st_mode & 0o077] == []
    socket = home.run / home_module.SOCKET_NAME
    assert socket.is_socket()
    listening = {c.laddr.port for c in psutil.Process(server_pid(fresh_stack)).net_connections("tcp")}
    assert listening == set()


def test_health_names_what_is_down(fresh_stack: Stack) -> None:
    assert [check for check in fresh_stack.health() if not check.ok] == []
    fresh_stack.ensure()
    checks = fresh_stack.health()
    assert [check for check in checks if not check.ok] == []
    assert [check.name for check in checks][-3:] == ["embedded database", "PostgREST", "schema"]
    os.kill(server_pid(fresh_stack), signal.SIGKILL)
    eventually(lambda: not all(check.ok for check in fresh_stack.health()))
    down = [check for check in fresh_stack.health() if not check.ok]
    assert "embedded database" in {check.name for check in down}
    assert all(check.fix for check in down)


def test_the_supervisor_goes_on_after_a_failed_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viraltracker.local.supervision.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("viraltracker.local.supervision.RETRY_SECONDS", 0.01)
    calls: list[int] = []

    def mend() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ConfigurationError("The disk is full.")

    supervisor = Supervisor(mend)
    supervisor.start()
    eventually(lambda: len(calls) > 2)
    supervisor.stop()


def test_an_oversized_log_keeps_its_end_and_its_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "LOG_LIMIT_BYTES", 1000)
    log = tmp_path / "server.log"
    with running.open_log(log) as writer:
        writer.write(b"x" * 2000 + b"last words\n")
        writer.flush()
        running.trim_log(log)
        writer.write(b"new line\n")
    assert log.read_text() == "new line\n"
    assert (tmp_path / "server.old.log").read_text().endswith("last words\n")
