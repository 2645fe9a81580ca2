"""Our own programs as children: ready files, restarts, a clean stop in order, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from viraltracker.errors import Unavailable
from viraltracker.local import processes, running
from viraltracker.local.processes import Processes, Program

SERVE = """
import os, signal, sys, time
from pathlib import Path
name, ready, journal = sys.argv[1:]
def leave(*_):
    with open(journal, "a") as file: file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
draft = Path(ready + ".new"); draft.write_text(str(os.getpid())); draft.rename(ready)
while True: time.sleep(60)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def server(tmp_path: Path, journal: Path) -> Callable[[str], Program]:
    """Makes a program that writes its pid into its ready file, and its name into the journal when it stops."""

    def make(name: str) -> Program:
        ready = tmp_path / f"{name}.ready"
        return Program(
            name=name,
            command=[sys.executable, "-c", SERVE, name, str(ready), str(journal)],
            ready_file=ready,
            stop_seconds=10,
        )

    return make


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def read(file: Path | None) -> str:
    """What is in a file, or nothing while it is not there."""
    assert file is not None
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""


def test_children_stop_in_the_reverse_of_their_order(
    tmp_path: Path, journal: Path, server: Callable[[str], Program]
) -> None:
    with Processes(tmp_path) as children:
        for name in ("sandbox", "worker", "web"):
            children.start(server(name))
            children.wait_ready(name, 30)
    assert journal.read_text().split() == ["web", "worker", "sandbox"]
    assert list((tmp_path / "logs").glob("children-*")) == []


def test_a_crashed_child_is_started_again(
    tmp_path: Path, server: Callable[[str], Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "FIRST_PAUSE_SECONDS", 0.05)
    with Processes(tmp_path) as children:
        program = server("worker")
        children.start(program)
        first = children.wait_ready("worker", 30)
        os.kill(int(first), signal.SIGKILL)
        eventually(lambda: read(program.ready_file) not in ("", first))


def test_a_child_that_ends_at_once_is_told_with_its_own_words(tmp_path: Path) -> None:
    program = Program(
        name="worker",
        command=[sys.executable, "-c", "import sys; sys.exit('the schema is behind the code')"],
        ready_file=tmp_path / "ready",
        restart=False,
    )
    with Processes(tmp_path) as children:
        children.start(program)
        with pytest.raises(Unavailable, match="worker ended at once: the schema is behind the code"):
            children.wait_ready("worker", 30)
        assert children.wait("worker") == 1


ANSWER = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += 1
        self.send_response(503 if Handler.asked == 1 else 200)
        self.end_headers()
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def test_a_child_that_serves_is_waited_for_until_it_answers_well(tmp_path: Path) -> None:
    """Refused connections and a first answer that says "not yet" are waited out."""
    port = running.free_port()
    url = f"http://127.0.0.1:{port}"
    with Processes(tmp_path) as children:
        children.start(Program(name="web", command=[sys.executable, "-c", ANSWER, str(port)], stop_seconds=5))
        children.wait_answer("web", url, 30)
        assert httpx.get(url, trust_env=False).status_code == 200


def test_a_child_that_ends_before_it_serves_is_told_with_its_own_words(tmp_path: Path) -> None:
    program = Program(name="web", command=[sys.executable, "-c", "import sys; sys.exit('no port')"], restart=False)
    with Processes(tmp_path) as children:
        children.start(program)
        with pytest.raises(Unavailable, match="web ended at once: no port"):
            children.wait_answer("web", f"http://127.0.0.1:{running.free_port()}", 30)


def test_a_stubborn_child_is_killed_with_what_it_started(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap '' TERM; sleep 600 & echo $! > {ready}.new; mv {ready}.new {ready}; wait; sleep 600"
    program = Program(name="web", command=["/bin/sh", "-c", script], ready_file=ready, stop_seconds=0.1)
    with Processes(tmp_path) as children:
        children.start(program)
        grandchild = int(children.wait_ready("web", 30))
    eventually(lambda: running.Process.of(grandchild) is None)


LEAVE_A_CHILD = """
import sys, time
from pathlib import Path
from viraltracker.local.processes import Processes, Program
home, ready, journal, serve = sys.argv[1:]
with Processes(Path(home)) as children:
    command = [sys.executable, "-c", serve, "worker", ready, journal]
    children.start(Program(name="worker", command=command, ready_file=Path(ready)))
    print(children.wait_ready("worker", 30), flush=True)
    time.sleep(600)
"""


def test_what_a_killed_command_left_is_ended_by_the_next(tmp_path: Path, journal: Path) -> None:
    arguments = [str(tmp_path), str(tmp_path / "ready"), str(journal), SERVE]
    command = [sys.executable, "-c", LEAVE_A_CHILD, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        orphan = int(first.stdout.readline())
        with Processes(tmp_path):
            assert running.Process.of(orphan) is not None, "ended a child of a command that still runs"
        first.kill()
    assert running.Process.of(orphan) is not None
    with Processes(tmp_path):
        assert running.Process.of(orphan) is None
    assert journal.read_text().split() == ["worker"]
