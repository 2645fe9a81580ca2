"""Makes the ads of one run: words, pictures in every size, and what the checks say of both. Each is saved at once.

Nothing here is drawn by chance: what a killed run had made is found again, and what it had not is made the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from viraltracker.creation import pictures
from viraltracker.creation.batch import Batch, is_finished, is_rejected
from viraltracker.creation.orders import STAGES, Made, Models, Order, Workshop
from viraltracker.creation.paid import OutOfAttempts, OutOfBudget, Purchases
from viraltracker.creation.words import NoWords
from viraltracker.errors import BadInput, Stopped, Unavailable, ViralTrackerError
from viraltracker.store import creations

Json = dict[str, Any]

AHEAD: Final = 4
"""Variations whose scenes are drawn at the same time. More would be waited for less, and lost where money runs out."""

__all__ = ["STAGES", "Made", "Maker", "Models", "Order"]


class Maker(Workshop):
    """Makes what is ordered."""

    def make(self, run_id: str, order: Order, parameters: Mapping[str, object]) -> Made:
        """Makes what the run, or the one that it tries again, has not made yet.

        Raises BadInput for a product of which no ad can be made (no run is begun then), and where its sentences are too
        few for any; and what a model's service makes of being asked (Unavailable, ConfigurationError, …): what was made
        by then is kept.
        """
        problem = self.problem()
        if problem is not None:
            raise BadInput(problem)
        job_run = run_id
        run = creations.begin(
            self.db,
            self.product.brand_id,
            {
                "id": run_id,
                "product_id": self.product.id,
                "parameters": parameters,
                "wanted": order.variations,
                "sizes": [pictures.size(canvas) for canvas in order.canvases],
                "templates": list(order.templates),
            },
        )
        # Chosen once: what was bought for one template is never taken for another's.
        order = replace(order, templates=tuple(run["templates"]))
        # Somebody who tries a failed run again has changed something, and wants its rejected ads made anew.
        again, run_id = run["id"] != run_id, str(run["id"])
        purchases = Purchases(self.db, self.storage, self.product.brand_id, run_id, self.guard)
        purchases.remember(step for step in run["steps"] if step["state"] == "answered" or not again)
        try:
            refused = {
                ad["variation"]: ad
                for ad in run["ads"]
                if again and is_rejected(ad) and ad["made_in"] not in {None, job_run}
            }
            before = {ad["variation"]: ad for ad in run["ads"] if ad["variation"] not in refused}
            return self._all(order, Batch(self, job_run, order, before, purchases), before, refused)
        except Stopped:
            if self.was_cancelled():
                creations.finish(self.db, self.product.brand_id, run_id, status="failed", reason="Somebody stopped it.")
            raise
        except ViralTrackerError as error:
            if self.is_last or not isinstance(error, Unavailable):
                creations.finish(self.db, self.product.brand_id, run_id, status="failed", reason=error.message)
            raise

    def _all(self, order: Order, batch: Batch, before: Mapping[int, Json], refused: Mapping[int, Json]) -> Made:
        """Every variation, also behind one that could not be paid for: what is finished counts."""
        made = Made(batch.run_id)
        begun = {n for n, ad in before.items() if ad["status"] != "drafted" or ad["tries"] > 1} | refused.keys()
        for variation in range(1, order.variations + 1):
            self.progress(variation - 1, order.variations, "ads")
            known = before.get(variation)
            try:
                if known is None or not is_finished(known):
                    ahead = range(variation, min(variation + AHEAD, order.variations + 1))
                    batch.prepare([n for n in ahead if n not in begun and not batch.is_prepared(n)])
                    known = batch.make(variation, known or refused.get(variation))
            except NoWords as error:
                made.count("rejected", [])
                made.reasons.append(error.message)
                continue
            except (OutOfBudget, OutOfAttempts) as end:
                made.short = end.message
                continue
            made.count(known["status"], known["findings"])
        self.progress(order.variations, order.variations, "ads")
        return made
