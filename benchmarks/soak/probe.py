"""Job types of the harness's own, in the registry of its own workers; the product knows nothing of them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Literal

from pydantic import Field

from benchmarks.soak.ledger import Ledger, wall
from viraltracker.errors import BadInput, RateLimited, Stopped, Unavailable
from viraltracker.jobs import registry
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result
from viraltracker.jobs.registry import Registry

PROBE, LINK = "probe", "probe_link"
GUARD_SECONDS = 0.05

Fate = Literal["succeeds", "fails_once", "always_fails", "is_refused", "waits_once"]


class Probe(Parameters):
    """seconds: how long the work takes. links: how many runs it starts, one after the other, when it succeeds.
    stubborn: it never asks whether it may go on, like a library call that cannot be interrupted."""

    seconds: float = Field(0.0, ge=0, le=3600)
    fate: Fate = "succeeds"
    links: int = Field(0, ge=0, le=5)
    stubborn: bool = False
    n: int = 0


def types(ledger: Ledger) -> Registry:
    """The registry of a worker that writes into `ledger`."""

    def run(context: JobContext, parameters: Probe) -> Result:
        return _Work(ledger, context, parameters).do()

    return registry.build(
        JobType(name=name, label="Probe", icon="", description="", parameters=Probe, run=run) for name in (PROBE, LINK)
    )


class _Work:
    def __init__(self, ledger: Ledger, context: JobContext, parameters: Probe) -> None:
        self._ledger = ledger
        self._context = context
        self._parameters = parameters
        self._guarded_at = 0.0

    def do(self) -> Result:
        run = self._context.control.run
        self._ledger.began(run)
        outcome = "failed"
        try:
            self._take_time()
            self._meet_fate()
            outcome = "succeeded"
        except Stopped:
            outcome = "stopped"
            raise
        finally:
            self._ledger.ended(run, outcome, self._guarded_at)
        return {"epoch": run.epoch}

    def _take_time(self) -> None:
        pause = threading.Event()
        until = wall() + self._parameters.seconds
        while True:
            if not self._parameters.stubborn:
                moment = wall()
                self._context.guard()
                self._guarded_at = moment
            left = until - wall()
            if left <= 0:
                return
            if self._parameters.seconds > 1:
                self._context.progress(round(self._parameters.seconds - left), round(self._parameters.seconds), "work")
            pause.wait(min(left, GUARD_SECONDS))

    def _meet_fate(self) -> None:
        again = bool(self._context.resumed_from)
        match self._parameters.fate:
            case "fails_once" if not again:
                self._context.checkpoint(tried=True)
                raise Unavailable("The probe's service did not answer.")
            case "waits_once" if not again:
                self._context.checkpoint(tried=True)
                raise RateLimited("The probe's service asks to wait.", retry_after=timedelta(seconds=1))
            case "always_fails":
                raise Unavailable("The probe's service never answers.")
            case "is_refused":
                raise BadInput("The probe was asked for what there is not.")
        if self._parameters.links:
            following = {"links": self._parameters.links - 1}
            self._context.log("starts the next", left=self._parameters.links)
            self._context.chain(LINK, "Link", following)
