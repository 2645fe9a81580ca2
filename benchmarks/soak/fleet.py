"""Worker processes that share no folder: started, killed, frozen, let go on, and stopped."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psutil

from benchmarks.soak import ledger
from benchmarks.soak.ledger import Booted, wall
from benchmarks.soak.nursery import Child, Nursery
from viraltracker import clock
from viraltracker.settings import child_environment

BOOT_SECONDS = 60.0
STOP_SECONDS = 30.0
"""What a host gives a process after SIGTERM."""

Kind = Literal["killed", "frozen", "let go on", "stopped"]


@dataclass(frozen=True, kw_only=True)
class Tempo:
    """How fast a worker looks, beats and takes back; seconds. The defaults are the product's."""

    poll: float = 1.0
    lease: float = 90.0
    beat: float = 20.0
    reap: float = 30.0
    slots: int = 2

    @property
    def environment(self) -> dict[str, str]:
        """As settings of a worker."""
        return {
            "VIRALTRACKER_POLL_SECONDS": str(self.poll),
            "VIRALTRACKER_LEASE_SECONDS": str(self.lease),
            "VIRALTRACKER_BEAT_SECONDS": str(self.beat),
            "VIRALTRACKER_REAP_SECONDS": str(self.reap),
            "VIRALTRACKER_WORKER_SLOTS": str(self.slots),
        }


QUICK = Tempo(poll=0.2, lease=3.0, beat=0.5, reap=0.5, slots=4)
"""For tests: the same code, many times as fast."""


@dataclass(eq=False)
class Member:
    """One boot of one worker. `ledger` is this boot's own."""

    name: str
    process: Child
    ledger: Path
    frozen: bool = False

    @property
    def alive(self) -> bool:
        """Whether the process is there, frozen or not."""
        return self.process.code is None

    def booted(self) -> Booted:
        """What it has done so far, by its own account."""
        return ledger.read(self.ledger)

    def memory(self) -> int | None:
        """Resident bytes."""
        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:
            return None


@dataclass(frozen=True)
class Blow:
    """What was done to a worker, and when."""

    kind: Kind
    at: float
    member: Member


@dataclass
class Fleet:
    """`environment` says how to reach the database; each worker gets its own working folder, home and scratch."""

    nursery: Nursery
    folder: Path
    environment: Mapping[str, str]
    tempo: Tempo
    boots: list[Member] = field(default_factory=list)
    blows: list[Blow] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self.alive:
            member.process.send(signal.SIGKILL)
            member.process.wait()

    @property
    def alive(self) -> list[Member]:
        """Every process that is there."""
        return [member for member in self.boots if member.alive]

    def start(self, name: str, *options: str) -> Member:
        """Boots a worker with options of `benchmarks.soak.worker`; does not wait for it."""
        own = self.folder / name
        own.mkdir(parents=True, exist_ok=True)
        book = own / f"ledger-{len(self.boots)}.jsonl"
        environment = child_environment(
            {
                **self.environment,
                **self.tempo.environment,
                "HOME": str(own),
                "TMPDIR": str(own),
                "VIRALTRACKER_HOME": str(own / "home"),
            }
        )
        arguments = ["--ledger", str(book), *options]
        process = self.nursery.spawn(cwd=own, environment=environment, log=own / "log", arguments=arguments)
        member = Member(name, process, book)
        self.boots.append(member)
        return member

    def ready(self, *members: Member) -> None:
        """Waits until these workers are at work."""
        deadline = clock.monotonic() + BOOT_SECONDS
        for member in members:
            while member.booted().worker is None:
                assert member.alive, f"{member.name} did not start; see {member.ledger.parent / 'log'}"
                assert clock.monotonic() < deadline, f"{member.name} took too long to start"
                time.sleep(0.02)

    def kill(self, member: Member) -> None:
        """SIGKILL."""
        self._note("killed", member)
        member.process.send(signal.SIGKILL)
        member.process.wait()

    def freeze(self, member: Member) -> None:
        """SIGSTOP."""
        self._note("frozen", member)
        member.frozen = True
        member.process.send(signal.SIGSTOP)

    def let_go_on(self, member: Member) -> None:
        """SIGCONT."""
        self._note("let go on", member)
        member.frozen = False
        member.process.send(signal.SIGCONT)

    def ask_to_go(self, member: Member) -> Member:
        """SIGTERM; does not wait."""
        self._note("stopped", member)
        member.process.send(signal.SIGTERM)
        return member

    def stop(self, *members: Member) -> list[int | None]:
        """SIGTERM to all at once; their exit codes, None for one that took longer than a host allows."""
        for member in members:
            self.ask_to_go(member)
        deadline = clock.monotonic() + STOP_SECONDS
        return [member.process.wait(max(0.0, deadline - clock.monotonic())) for member in members]

    def _note(self, kind: Kind, member: Member) -> None:
        self.blows.append(Blow(kind, wall(), member))
