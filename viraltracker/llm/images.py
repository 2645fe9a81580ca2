"""Asking a model for a picture, by the rules that hold for words: see `tries`.

A reply without a picture is asked for once more; one that the provider's filter stopped is not.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Final

from viraltracker import clock
from viraltracker.llm.circuit import Circuit
from viraltracker.llm.image_request import SAID_CHARACTERS, Drawn, ImageRequest, ImageSize, Painter
from viraltracker.llm.permits import LONGEST_WAIT_SECONDS, Permits
from viraltracker.llm.provider import Guard, Monotonic, Unfit, Wait
from viraltracker.llm.request import Reason, Spent, Tally, Unanswered, Usage, short
from viraltracker.llm.tries import ATTEMPTS, MediaFailed, Price, Tries, told_apart

#: Google, "Generate and edit images with Gemini": what a picture of a size takes at Gemini 3.1 Flash Image. The Pro
#: model takes fewer for a large one.
IMAGE_TOKENS: Final[dict[ImageSize, int]] = {"1K": 1120, "2K": 1680, "4K": 2520}
#: What comes before and beside a picture: a prompt with its references, the model's thoughts.
TYPICAL_INPUT_TOKENS: Final = 4000
TYPICAL_WORDS_TOKENS: Final = 500
#: US dollars, where the price of a model is not known. High on purpose, as for words: Gemini 3 Pro Image is at 120.
FALLBACK_IMAGE_PER_MILLION: Final = 150

log = logging.getLogger(__name__)


class ImageModel:
    """One image model of one provider, shared by all threads of a process. `label` is for the provider in `name`."""

    def __init__(
        self,
        painter: Painter,
        permits: Permits,
        *,
        price: Price,
        label: str | None = None,
        circuit: Circuit | None = None,
        attempts: int = ATTEMPTS,
        longest_wait: float = LONGEST_WAIT_SECONDS,
        monotonic: Monotonic = clock.monotonic,
        wait: Wait = time.sleep,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self.painter = painter
        self._tries = Tries(
            permits,
            circuit or Circuit(painter.title, monotonic=monotonic),
            attempts=attempts,
            longest_wait=longest_wait,
            monotonic=monotonic,
            wait=wait,
            spread=spread,
        )
        self._price = price
        self._label = label or painter.name

    @property
    def name(self) -> str:
        """`gemini:gemini-3.1-flash-image`, as it stands in the rows this model makes."""
        return f"{self._label}:{self.painter.model}"

    @property
    def label(self) -> str:
        """The provider as the ledger names it: `gemini` or `sandbox`."""
        return self._label

    def new_tally(self) -> Tally:
        """For one picture, begun now."""
        return self._tries.new_tally()

    def spent(self, tally: Tally) -> Spent:
        """What a picture has taken until now. What the tally's unseen requests may have cost is not in it."""
        cost = self._price(self.painter.model, self.painter.name, tally.usage, batch=False)
        return self._tries.spent(tally, self.painter.model, cost)

    def estimate(self, image_size: ImageSize) -> Decimal:
        """About what asking once for a picture will cost, in US dollars; high where the model's price is not known."""
        image = IMAGE_TOKENS[image_size]
        usage = Usage(TYPICAL_INPUT_TOKENS, image + TYPICAL_WORDS_TOKENS, output_image_tokens=image)
        known = self._price(self.painter.model, self.painter.name, usage, batch=False)
        if known is not None:
            return known
        return Decimal((usage.input_tokens + usage.output_tokens) * FALLBACK_IMAGE_PER_MILLION) / 1_000_000

    def draw(self, request: ImageRequest, *, guard: Guard, tally: Tally | None = None) -> Drawn | Unanswered:
        """Asks until there is a picture, or none is to be had.

        `tally` is filled as it goes: after an error it says what was spent all the same (see `spent`).

        Raises errors.ConfigurationError (the key), errors.Refused, errors.Unavailable after the last try or while the
        circuit is open, errors.RateLimited also where the wait would be longer than `longest_wait`, and what `guard`
        raises, which is looked at before every call and twice a second while waiting. What reading a reference raises
        is raised as it is: it says nothing about the provider.
        """
        tally = self.new_tally() if tally is None else tally
        unfit = self.painter.unfit(request)
        if unfit is not None:
            return self._unanswered(tally, unfit.reason, unfit.message)
        request = replace(request, references=tuple(told_apart(media) for media in request.references))
        try:
            return self._drawn(request, guard, tally)
        except Unfit as error:
            return self._unanswered(tally, error.reason, error.message)
        except MediaFailed as failed:
            raise failed.error from None

    def close(self) -> None:
        """Gives up the connections."""
        self.painter.close()

    def _drawn(self, request: ImageRequest, guard: Guard, tally: Tally) -> Drawn | Unanswered:
        again = False
        while True:
            raw = self._tries.result(partial(self.painter.draw, request), guard, tally, counted=True)
            tally.usage += raw.usage
            match raw.ending:
                case "complete":
                    said = raw.said[:SAID_CHARACTERS]
                    return Drawn(data=raw.data, mime=raw.mime, said=said, **vars(self.spent(tally)))
                case "blocked":
                    return self._unanswered(tally, "blocked", raw.detail)
            if again:
                return self._unanswered(tally, "no_image", raw.detail)
            log.info("%s gave no picture for %s; asking once more.", self.name, request.purpose)
            again = True

    def _unanswered(self, tally: Tally, reason: Reason, detail: str) -> Unanswered:
        return Unanswered(reason=reason, detail=short(detail), **vars(self.spent(tally)))
