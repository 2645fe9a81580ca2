"""A search of the Ad Library that is paid for: started once, waited for without a slot, and taken whatever its end.

That a start is about to be sent is stored before it is sent, and the run's id before the run is looked at. Between
these two a worker may die or an answer get lost: then Apify is asked for the run, and another is started only once it
is known that there is none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from viraltracker import clock
from viraltracker.errors import ConfigurationError, NotFound, NotReady, RateLimited, Refused, Unavailable
from viraltracker.store import scraped_ads
from viraltracker.store.client import Database
from viraltracker.templates import library_export
from viraltracker.templates.apify import RUN_AT_MOST, ActorRun, ApifyActor, StartUnknown
from viraltracker.templates.library_export import LibraryExport

Json = dict[str, Any]

FIRST_LOOK: Final = timedelta(seconds=1)
LONGEST_WAIT: Final = timedelta(minutes=2)
STUCK_AFTER: Final = RUN_AT_MOST + timedelta(minutes=30)
"""Apify ends a run before that; one that is still not over is aborted."""
CLOCKS_APART: Final = timedelta(minutes=5)
"""By how much Apify's clock may differ from ours."""


@dataclass(frozen=True)
class Brought:
    """A run that is over, and the ads it found."""

    run: ActorRun
    export: LibraryExport


@dataclass(frozen=True)
class PaidSearch:
    """A scrape's search: its row of `template_scrapes`, the address, and the most ads it is to bring."""

    db: Database
    actor: ApifyActor
    row: Json
    url: str
    most: int
    say: Callable[[str], None]

    def bring(self) -> Brought:
        """What the run has found, once it is over; also when it did not come to its own end, since that is paid for.

        Raises NotReady while it works, and what `ApifyActor` raises.
        """
        run, asked_at = self._ours()
        if not run.is_over:
            age = clock.now() - asked_at
            if age < STUCK_AFTER:
                wait = until_next_look(age)
                raise NotReady(
                    f"The search at Apify goes on (run {run.id}, {run.status}); looked at again in "
                    f"{max(1, round(wait.total_seconds()))} seconds.",
                    retry_after=wait,
                )
            self.say(f"The run {run.id} at Apify was stuck: it had not ended after {_hours(age)}, and is aborted.")
            run = self.actor.abort(run.id)
        rows = [row for page in self.actor.items(run) for row in page]
        return Brought(run, library_export.of_rows(rows))

    def require_ads(self, brought: Brought) -> None:
        """Raises Refused when the run found no ad that can be used; another try then asks for a new one."""
        if not brought.export.ads:
            scraped_ads.end_external(self.db, self.row["id"])
            raise Refused(_nothing(brought.run, brought.export))

    def abort(self) -> None:
        """Ends the run of a search that a person has stopped; one that is over or gone stays so."""
        run_id = self.row["external_run_id"]
        if run_id is not None:
            _abort(self.actor, self.db, self.row["id"], run_id)

    def _ours(self) -> tuple[ActorRun, datetime]:
        """The scrape's run and when it was asked for; started where there is none."""
        if self.row["external_run_id"] is not None:
            return self._noted(self.row["external_run_id"]), _moment(self.row["external_asked_at"])
        if self.row["external_asked_at"] is not None:
            asked_at = _moment(self.row["external_asked_at"])
            found = self.actor.find(
                self.row["external_mark"],
                self.url,
                self.most,
                since=_moment(self.row["external_first_asked_at"]) - CLOCKS_APART,
                known=partial(scraped_ads.known_external, self.db),
                actor=self.row["external_actor"],
            )
            if found is not None:
                self.say(f"The start of run {found.id} at Apify had come through; it is gone on with.")
                return self._keep(found), asked_at
            self._settled(asked_at)
        return self._started()

    def _started(self) -> tuple[ActorRun, datetime]:
        row = scraped_ads.ask_external(self.db, self.row["id"], self.actor.name, now=clock.now())
        if row is None:
            raise NotReady("Another worker has just started the search; looked at again in a moment.")
        self.row.update(row)
        asked_at = _moment(row["external_asked_at"])
        try:
            run = self.actor.start(self.url, self.most, row["external_mark"])
        except StartUnknown:
            self._settled(asked_at)
            raise
        except (ConfigurationError, NotFound, RateLimited, Refused):
            scraped_ads.unask_external(self.db, self.row["id"], asked_at)
            raise
        return self._keep(run), asked_at

    def _settled(self, asked_at: datetime) -> None:
        """Raises NotReady while a start that was sent may still become a run."""
        left = asked_at + self.actor.settled_after - clock.now()
        if left > timedelta(0):
            raise NotReady(
                "Apify's answer to the start of the search did not come through. Before another one is started and "
                "paid for, Apify is asked whether this one runs.",
                retry_after=left,
            )

    def _keep(self, run: ActorRun) -> ActorRun:
        if scraped_ads.note_external(self.db, self.row["id"], run.id):
            self.row["external_run_id"] = run.id
            return run
        # Somebody else's was stored meanwhile; two would be paid for.
        self.actor.abort(run.id)
        raise NotReady("Another worker has just started the search; looked at again in a moment.")

    def _noted(self, run_id: str) -> ActorRun:
        run = self.actor.look(run_id)
        if run is not None:
            return run
        self._settled(_moment(self.row["external_asked_at"]))
        scraped_ads.end_external(self.db, self.row["id"])
        raise Refused(
            f"Apify does not know the run {run_id} (any more): it was deleted, or APIFY_TOKEN is another account's. "
            "A retry searches, and pays, anew."
        )


def abort_forsaken(db: Database, actor: ApifyActor) -> tuple[int, list[str]]:
    """Ends paid runs whose scrapes were stopped while they waited: how many, and why others could not be."""
    done, failed = 0, []
    for scrape_id, run_id in scraped_ads.forsaken_external(db):
        try:
            _abort(actor, db, scrape_id, run_id)
            done += 1
        except (Refused, Unavailable) as error:
            failed.append(f"The run {run_id} at Apify could not be aborted: {error.message}")
    return done, failed


def until_next_look(age: timedelta) -> timedelta:
    """Half as long as the run has taken so far, from a second to two minutes."""
    return min(max(age / 2, FIRST_LOOK), LONGEST_WAIT)


def _abort(actor: ApifyActor, db: Database, scrape_id: str, run_id: str) -> None:
    with contextlib.suppress(NotFound):
        actor.abort(run_id)
    scraped_ads.end_external(db, scrape_id)
    scraped_ads.finish(
        db, scrape_id, "failed", counts={}, reason="Stopped by a person; its run at Apify is ended.", now=clock.now()
    )


def _nothing(run: ActorRun, export: LibraryExport) -> str:
    cost = f" It cost USD {run.cost_usd:f}." if run.cost_usd else ""
    said = f" Its first row says: {export.bad_rows[0].reason}" if export.bad_rows else ""
    todo = "Look whether the Ad Library shows any for this search" if run.succeeded else "Look at its log there"
    return (
        f"The run {run.id} at Apify ended as {run.status} and found no ad.{cost}{said} {todo}; a retry searches, and "
        "pays, anew."
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _hours(age: timedelta) -> str:
    return f"{age.total_seconds() / 3600:.1f} hours"
