"""What a run of classification counts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass
class Summary:
    """The counts of a run; safe to add to from many threads by its methods.

    `ads` are the candidates; `creatives`, `copies` and `pages` their distinct inputs. An input is covered by the best
    classifier that can read it: `reused` were before this run, `new` were by it (its earlier attempts included), and
    `remaining` are left for the next run, by a cap, the month's budget, or because others have them in hand. Of these
    `in_batches` wait for a batch's answers. `by` counts stored rows by classifier, the free one's beside a model's too.
    `compared` are ads' words held against their pages. `calls` were made to models and cost `cost_usd` in
    `requests` requests. `reasons` counts ads that have nothing to read, and inputs that were not read, by why; `notes`
    says once each what a provider said of them.
    """

    run_id: str
    classifier: str
    ads: int = 0
    creatives: int = 0
    copies: int = 0
    pages: int = 0
    reused: int = 0
    new: int = 0
    remaining: int = 0
    in_batches: int = 0
    compared: int = 0
    links_changed: int = 0
    calls: int = 0
    requests: int = 0
    cost_usd: Decimal = Decimal(0)
    by: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def stored(self, classifier: str, count: int, *, best: bool) -> None:
        """So many rows are new; `best` where no better classifier reads these inputs."""
        with self._lock:
            self.by[classifier] += count
            if best:
                self.new += count

    def unread(self, reason: str, note: str | None = None, *, count: int = 1) -> None:
        """So many inputs were not read."""
        with self._lock:
            self.reasons[reason] += count
            if note and note not in self.notes and len(self.notes) < MOST_NOTES:
                self.notes.append(note)

    def called(self, requests: int, cost_usd: Decimal | None) -> None:
        """A call has ended. One of unknown price adds nothing; the ledger counts it at its estimate."""
        with self._lock:
            self.calls += 1
            self.requests += requests
            self.cost_usd += cost_usd or Decimal(0)

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        values = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        for name, value in values.items():
            if isinstance(value, Mapping):
                values[name] = dict(value)
        return values | {"cost_usd": round(float(self.cost_usd), 6)}


MOST_NOTES = 10
