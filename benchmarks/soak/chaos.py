"""Who is hit when: a thread that kills and freezes workers, lets them go on, and kills the database."""

from __future__ import annotations

import random
import signal
import threading
import time
from dataclasses import dataclass, field

from benchmarks.soak.fleet import STOP_SECONDS, Member
from benchmarks.soak.stage import Stage
from viraltracker import clock

LOOK_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Means and spans in seconds; None leaves a fault out. Workers from `spared` on are killed, the others only frozen.

    `restarts`: from when, until when and how often the database is killed.
    """

    kill_every: float | None = None
    freeze_every: float | None = None
    freeze_for: tuple[float, float] = (100.0, 130.0)
    deploy_every: float | None = None
    restarts: tuple[float, float, float] | None = None
    spared: int = 1


@dataclass(frozen=True)
class Goodbye:
    """How a worker went that was asked to."""

    code: int | None
    seconds: float


@dataclass
class Chaos:
    """Runs on the stage from `start` to `stop`; `stop` leaves no worker frozen or dead.

    memory: resident bytes of each worker, every few seconds. gave_up: workers that ended by themselves, which none
    should. turned_away: starts that met no database, after which a host starts the worker again.
    """

    stage: Stage
    plan: Plan
    names: list[str]
    seed: int
    memory: dict[str, list[int]] = field(default_factory=dict)
    gave_up: list[Member] = field(default_factory=list)
    turned_away: int = 0
    goodbyes: list[Goodbye] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - a repeatable choice, not a secret
        self._end = threading.Event()
        self._members = {name: self.stage.fleet.start(name) for name in self.names}
        self._thaw_at: dict[str, float] = {}
        self._leaving: dict[Member, float] = {}
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._hit_workers, self._hit_database)]
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Waits until the workers are there, then begins."""
        self.stage.fleet.ready(*self._members.values())
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No more faults from here on. Raises what ended the mischief early."""
        self._end.set()
        for thread in self._threads:
            thread.join()
        for name in list(self._thaw_at):
            self._thaw(name)
        self._replace_dead()
        while self._leaving:
            self._see_off()
            time.sleep(LOOK_SECONDS)
        self.stage.fleet.ready(*self._members.values())
        if self._failure is not None:
            raise self._failure

    @property
    def members(self) -> list[Member]:
        """The workers as they are now."""
        return list(self._members.values())

    def _hit_workers(self) -> None:
        next_kill = self._after(self.plan.kill_every)
        next_freeze = self._after(self.plan.freeze_every)
        next_deploy = self._after(self.plan.deploy_every)
        next_look = 0.0
        while not self._end.wait(LOOK_SECONDS):
            now = clock.monotonic()
            for name, at in list(self._thaw_at.items()):
                if now >= at:
                    self._thaw(name)
            if now >= next_kill:
                next_kill = self._after(self.plan.kill_every)
                self._kill(self.names[self.plan.spared :])
            if now >= next_freeze:
                next_freeze = self._after(self.plan.freeze_every)
                self._freeze()
            if now >= next_deploy:
                next_deploy = self._after(self.plan.deploy_every)
                self._deploy(self.names[self.plan.spared :])
            self._replace_dead()
            self._see_off()
            if now >= next_look:
                next_look = now + 5.0
                self._weigh()

    def _hit_database(self) -> None:
        if self.plan.restarts is None:
            return
        begin, end, every = self.plan.restarts
        began = clock.monotonic()
        at = begin
        while at < end and not self._end.wait(max(0.0, began + at - clock.monotonic())):
            try:
                # By turns as a crash and as an operator in a hurry would.
                self.stage.kill_database(self.random.choice([signal.SIGKILL, signal.SIGQUIT]))
            except OSError as error:
                self._failure = error
                return
            at += every

    def _after(self, mean: float | None) -> float:
        return float("inf") if mean is None else clock.monotonic() + mean * self.random.uniform(0.5, 1.5)

    def _kill(self, names: list[str]) -> None:
        if able := self._able(names):
            name = self.random.choice(able)
            self.stage.fleet.kill(self._members[name])
            self._members[name] = self.stage.fleet.start(name)

    def _deploy(self, names: list[str]) -> None:
        """The next one comes at once, as on a host."""
        if able := self._able(names):
            name = self.random.choice(able)
            self._leaving[self.stage.fleet.ask_to_go(self._members[name])] = clock.monotonic()
            self._members[name] = self.stage.fleet.start(name)

    def _see_off(self) -> None:
        for member, since in list(self._leaving.items()):
            seconds = clock.monotonic() - since
            if not member.alive or seconds > STOP_SECONDS + 1:
                del self._leaving[member]
                self.goodbyes.append(Goodbye(member.process.code, seconds))

    def _able(self, names: list[str]) -> list[str]:
        return [name for name in names if not self._members[name].frozen and self._members[name].booted().worker]

    def _replace_dead(self) -> None:
        for name, member in self._members.items():
            if not member.alive:
                if member.booted().worker is None:
                    self.turned_away += 1
                else:
                    self.gave_up.append(member)
                self._members[name] = self.stage.fleet.start(name)

    def _freeze(self) -> None:
        """Not all at once: somebody has to notice."""
        able = [name for name in self.names if not self._members[name].frozen and self._members[name].alive]
        if len(able) > len(self.names) // 2:
            name = self.random.choice(able)
            self.stage.fleet.freeze(self._members[name])
            self._thaw_at[name] = clock.monotonic() + self.random.uniform(*self.plan.freeze_for)

    def _thaw(self, name: str) -> None:
        del self._thaw_at[name]
        self.stage.fleet.let_go_on(self._members[name])

    def _weigh(self) -> None:
        for name, member in self._members.items():
            size = member.memory()
            if size is not None:
                self.memory.setdefault(name, []).append(size)
