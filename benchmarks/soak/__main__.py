"""Soaks the queue: thousands of runs by several workers under faults, then what must hold and what it took.

python -m benchmarks.soak                 10,000 runs at the product's own lease, beat, reap and poll
python -m benchmarks.soak --quick         hundreds of runs at the tempo of the tests
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, Result
from benchmarks.soak import measures, records, verdict
from benchmarks.soak.chaos import Chaos, Plan
from benchmarks.soak.fleet import QUICK, STOP_SECONDS, Tempo
from benchmarks.soak.load import Load, Mix
from benchmarks.soak.nursery import Nursery
from benchmarks.soak.proxy import Cuts
from benchmarks.soak.stage import Stage, staged
from viraltracker import clock, settings
from viraltracker.errors import ViralTrackerError
from viraltracker.local.stack import Stack

PREFIX = "viraltracker-soak-"
RECOVERY_AT_MOST_SECONDS = 125.0
START_LAG_AT_MOST_SECONDS = 2.0
GROWTH_AT_MOST_BYTES = 16_000_000
SLOTS = 6


@dataclass(frozen=True)
class Scale:
    """How much of everything."""

    runs: int
    workers: int
    seconds: float
    tempo: Tempo
    mix: Mix
    plan: Plan
    cut_share: float

    @classmethod
    def full(cls, runs: int, workers: int, minutes: float) -> Scale:
        """The product's own numbers."""
        restarts = (minutes * 60 * 0.3, minutes * 60 * 0.3 + 300, 20.0)
        plan = Plan(kill_every=20, freeze_every=100, freeze_for=(95, 130), deploy_every=60, restarts=restarts)
        return cls(runs, workers, minutes * 60, Tempo(slots=SLOTS), Mix(), plan, 0.02)

    @classmethod
    def quick(cls, runs: int, workers: int, minutes: float) -> Scale:
        """The same at the tempo of the tests."""
        plan = Plan(
            kill_every=4, freeze_every=6, freeze_for=(4, 6), deploy_every=10, restarts=(minutes * 20, minutes * 40, 4.0)
        )
        mix = Mix(patient=False, long_seconds=(3, 6), long_share=0.02)
        return cls(runs, workers, minutes * 60, QUICK, mix, plan, 0.05)


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 everything held, 1 something did not, 2 the soak could not run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, help="how many runs (10,000; 400 with --quick)")
    parser.add_argument("--workers", type=int, default=4, help="how many worker processes (4)")
    parser.add_argument("--minutes", type=float, help="over how many minutes to spread them (16; 1 with --quick)")
    parser.add_argument("--seed", type=int, default=1, help="of the random choices")
    parser.add_argument("--quick", action="store_true", help="short leases and polls, as in the tests")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args(arguments)
    if options.quick:
        scale = Scale.quick(options.runs or 400, options.workers, options.minutes or 1)
    else:
        scale = Scale.full(options.runs or 10_000, options.workers, options.minutes or 16)
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    configured = settings.load()
    stack = Stack(home, cache=configured.cache, postgrest_bin=configured.postgrest_bin)
    workers = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with (
            Nursery() as nursery,
            stack.hold(),
            staged(stack, nursery, workers, scale.tempo, Cuts(seed=options.seed)) as stage,
        ):
            results, broken = soak(stage, scale, options.seed)
    except ViralTrackerError as error:
        print(error.message, file=sys.stderr)
        return 2
    finally:
        stack.reset()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(workers, ignore_errors=True)
    held = not broken and all(result.met for result in results)
    if options.json:
        machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
        body = {"met": held, "breaches": broken, "soak": [result.as_dict() for result in results]}
        print(json.dumps(machine | body, indent=2))
    else:
        print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
        print("".join(f"\n{result}\n" for result in results))
        print("\n".join(f"BROKEN: {breach}" for breach in broken[:50]) or "Every invariant held.")
        print("All stated targets are met." if held else f"{len(broken)} breaches, or a stated target is MISSED.")
    return 0 if held else 1


def soak(stage: Stage, scale: Scale, seed: int) -> tuple[list[Result], list[str]]:
    """Plays it through; the figures, and what was broken."""
    load = Load(stage, scale.mix, seed)
    names = [f"worker-{number}" for number in range(scale.workers)]
    chaos = Chaos(stage, scale.plan, names, seed + 1)
    began = clock.monotonic()
    chaos.start()
    load.prepare()
    stage.proxy.cuts.share = scale.cut_share
    try:
        load.feed(scale.runs, scale.seconds)
    finally:
        chaos.stop()
    load.settle()
    stage.proxy.cuts.share = 0.0
    codes = stage.fleet.stop(*chaos.members)
    found = records.collect(stage, load.brand_ids)
    broken = verdict.breaches(found, load)
    broken += [f"{member.name} ended by itself; see {member.ledger.parent / 'log'}" for member in chaos.gave_up]
    codes += [goodbye.code for goodbye in chaos.goodbyes]
    broken += [f"a worker ended with {code} when it was asked to stop" for code in codes if code != 0]
    return _results(load, chaos, found, clock.monotonic() - began, len(broken)), broken


def _results(load: Load, chaos: Chaos, found: records.Records, seconds: float, broken: int) -> list[Result]:
    stage = load.stage
    blows = Counter(blow.kind for blow in stage.fleet.blows)
    states = Counter(run["state"] for run in found.runs)
    runs = sum(count for state, count in states.items() if state != "skipped")
    lags = measures.start_lags(found, load, stage.outages)
    back = [recovery.seconds for recovery in measures.recoveries(found, stage.fleet.blows)]
    default = stage.fleet.tempo.lease == Tempo.lease
    most = RECOVERY_AT_MOST_SECONDS if default else None
    cut = sum(stage.proxy.cuts.made.values())
    title = f"{runs:,} runs by {len(chaos.names)} workers of {stage.fleet.tempo.slots} slots in {seconds / 60:.1f} min"
    ended = ", ".join(f"{count:,} {state}" for state, count in states.most_common())
    weights = [
        (min(w[:3]), max(w[-3:])) for name in chaos.names[: chaos.plan.spared] for w in [_warm(chaos.memory, name)]
    ]
    own = [booted for booted in found.boots if booted.worker is not None]
    alone = max((len(booted.worked) for booted in own), default=0)
    memory = [
        figure
        for first, last in weights
        for figure in (
            Figure("memory of the worker that was never killed, warm", first / 1e6, "MB"),
            Figure("the same at the end", last / 1e6, "MB"),
            Figure("growth", (last - first) / 1e6, "MB", GROWTH_AT_MOST_BYTES / 1e6 if default else None),
        )
    ]
    return [
        Result(
            title,
            [
                Figure("invariants broken", broken, "", 0),
                Figure("lost occurrences", measures.count_lost(found), "", 0),
                Figure("duplicates on record", measures.count_duplicates(found), "", 0),
                Figure("handlers that did a run's work again", measures.repeated_work(found), ""),
                Figure("stale finishes refused", found.stale_refused, ""),
            ],
            text=f"  ended as: {ended}",
        ),
        Result(
            "Faults",
            [
                Figure("workers killed (SIGKILL)", blows["killed"], ""),
                Figure("workers frozen past their lease (SIGSTOP, SIGCONT)", blows["frozen"], ""),
                Figure("workers replaced (SIGTERM)", len(chaos.goodbyes), ""),
                Figure("longest goodbye", max((g.seconds for g in chaos.goodbyes), default=0.0), "s", STOP_SECONDS),
                Figure("PostgreSQL killed", len(stage.outages), ""),
                Figure("answers cut off after the request was carried out", cut, ""),
                Figure("worker starts that met no database", chaos.turned_away, ""),
            ],
            text="  cut off: " + ", ".join(f"{count} {name}" for name, count in stage.proxy.cuts.made.most_common()),
        ),
        Result(
            f"Recovery of {len(back)} runs, from the kill or freeze of their worker to the next claim",
            [
                Figure("median", measures.share_of(back, 0.5), "s"),
                Figure("95 %", measures.share_of(back, 0.95), "s"),
                Figure("longest", max(back, default=0.0), "s", most),
            ],
        ),
        Result(
            f"Start lag of {len(lags):,} runs that had a free slot, no full limit and a database",
            [
                Figure("median", measures.share_of(lags, 0.5), "s"),
                Figure("95 %", measures.share_of(lags, 0.95), "s", START_LAG_AT_MOST_SECONDS if default else None),
            ],
        ),
        Result(f"Memory of one process over {alone:,} runs", memory),
    ]


def _warm(memory: dict[str, list[int]], name: str) -> list[int]:
    """Without the first tenth, in which a process fills its caches."""
    sizes = memory.get(name, [0])
    return sizes[len(sizes) // 10 :] or sizes


if __name__ == "__main__":
    sys.exit(main())
