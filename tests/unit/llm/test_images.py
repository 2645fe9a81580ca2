"""Asking for a picture: what counts as one, what is asked for once more, and what it is said to have cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest
from freezegun import freeze_time

from tests.unit.llm.simulated import Leases, Time, price
from viraltracker import errors
from viraltracker.llm import pricing
from viraltracker.llm.image_request import SAID_CHARACTERS, Drawn, Ending, ImageRequest, RawPicture
from viraltracker.llm.images import ImageModel
from viraltracker.llm.permits import Lease, Permits
from viraltracker.llm.provider import Unfit, Unreached, Unseen
from viraltracker.llm.request import Media, Tally, Unanswered, Usage
from viraltracker.llm.tries import Price

PASSING = errors.Unavailable("Gemini did not answer properly (HTTP 503); try again later.")
TOKENS = Usage(100, 1120, output_image_tokens=1120)
REQUEST = ImageRequest(purpose="creation.scene", prompt="A shelf.")


def _free() -> None:
    """A guard that lets everything pass."""


def picture(data: bytes = b"a picture", said: str = "") -> RawPicture:
    return RawPicture(data, "image/png", said, TOKENS, "complete")


def none(ending: Ending = "no_image") -> RawPicture:
    return RawPicture(b"", "", "", Usage(100, 0), ending, "Gemini ended with NO_IMAGE.")


@dataclass
class Painter:
    """Gives one thing of `script` per call, raising those that are exceptions."""

    script: list[RawPicture | BaseException]
    never: Unfit | None = None
    calls: int = 0
    read: list[bytes] = field(default_factory=list)

    name: str = "gemini"
    title: str = "Gemini (pictures)"
    model: str = "gemini-3.1-flash-image"

    def unfit(self, request: ImageRequest) -> Unfit | None:  # noqa: ARG002 it says what it was told to
        return self.never

    def draw(self, request: ImageRequest) -> RawPicture:
        self.calls += 1
        self.read += [media.read() for media in request.references]
        result = self.script.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    def close(self) -> None: ...


class Drawing:
    """An image model on a scripted painter in simulated time."""

    def __init__(
        self, *script: RawPicture | BaseException, attempts: int = 4, slots: int = 0, priced: Price = price
    ) -> None:
        self.time = Time()
        self.source = Leases(*[Lease((0.0,), 0.0)] * slots)
        self.painter = Painter(list(script))
        permits = Permits(
            self.source, "gemini-images", 60 if slots else None, monotonic=self.time.monotonic, wait=self.time.wait
        )
        self.model = ImageModel(
            self.painter,
            permits,
            price=priced,
            attempts=attempts,
            monotonic=self.time.monotonic,
            wait=self.time.wait,
            spread=lambda: 1.0,
        )


def reference(read: Callable[[], bytes] = lambda: b"a photo") -> Media:
    return Media(mime="image/png", sha256="0" * 64, bytes=7, read=read)


def test_a_picture_is_the_answer_with_what_it_took() -> None:
    drawing = Drawing(picture(said="Here it is."))
    drawn = drawing.model.draw(REQUEST, guard=_free)
    assert drawn == Drawn(
        data=b"a picture",
        mime="image/png",
        said="Here it is.",
        usage=TOKENS,
        cost_usd=Decimal("12.2"),
        requests=1,
        seconds=0.0,
        model="gemini-3.1-flash-image",
    )
    assert (drawing.model.name, drawing.model.label) == ("gemini:gemini-3.1-flash-image", "gemini")


def test_what_the_model_says_beside_a_picture_is_bounded_and_bytes_and_prompt_are_in_no_log() -> None:
    drawn = Drawing(picture(said="x" * 100_000)).model.draw(REQUEST, guard=_free)
    assert isinstance(drawn, Drawn)
    assert len(drawn.said) == SAID_CHARACTERS
    assert "a picture" not in repr(drawn)
    assert "shelf" not in repr(REQUEST)


def test_a_reply_without_a_picture_is_asked_for_once_more_and_both_are_paid_for() -> None:
    drawing = Drawing(none(), picture())
    drawn = drawing.model.draw(REQUEST, guard=_free)
    assert isinstance(drawn, Drawn)
    assert (drawn.requests, drawn.usage) == (2, Usage(200, 1120, output_image_tokens=1120))


def test_and_not_twice() -> None:
    drawing = Drawing(none(), none(), picture())
    drawn = drawing.model.draw(REQUEST, guard=_free)
    assert isinstance(drawn, Unanswered)
    assert (drawn.reason, drawn.requests, drawn.usage) == ("no_image", 2, Usage(200, 0))
    assert drawn.detail == "Gemini ended with NO_IMAGE."


def test_what_the_filter_stopped_is_not_asked_again() -> None:
    drawing = Drawing(none("blocked"), picture())
    drawn = drawing.model.draw(REQUEST, guard=_free)
    assert isinstance(drawn, Unanswered)
    assert (drawn.reason, drawn.requests) == ("blocked", 1)


def test_what_may_pass_is_tried_again_by_the_rules_for_words_each_with_a_permit() -> None:
    limited = errors.RateLimited("Gemini asks us to wait.", retry_after=timedelta(seconds=17))
    drawing = Drawing(PASSING, limited, Unreached(), picture(), slots=4)
    drawn = drawing.model.draw(REQUEST, guard=_free)
    assert isinstance(drawn, Drawn)
    assert (drawn.requests, drawn.seconds) == (3, 1 + 2 + 17 + 4)
    assert drawing.source.held == [19.0]
    assert not drawing.source.answers


def test_an_error_tells_what_was_spent_and_what_may_have_been() -> None:
    drawing = Drawing(none(), Unseen(), attempts=1)
    tally = drawing.model.new_tally()
    with pytest.raises(Unseen):
        drawing.model.draw(REQUEST, guard=_free, tally=tally)
    assert tally == Tally(0.0, Usage(100, 0), 2, 1)
    assert drawing.model.spent(tally).cost_usd == Decimal(1)


def test_a_stopped_run_asks_for_nothing_more() -> None:
    drawing = Drawing(none(), picture())

    def guard() -> None:
        if drawing.painter.calls:
            raise errors.Stopped

    with pytest.raises(errors.Stopped):
        drawing.model.draw(REQUEST, guard=guard)
    assert drawing.painter.calls == 1


def test_what_the_model_never_takes_costs_no_call() -> None:
    drawing = Drawing(picture())
    drawing.painter.never = Unfit("too_large", "too much")
    drawn = drawing.model.draw(REQUEST, guard=_free)
    assert isinstance(drawn, Unanswered)
    assert (drawn.reason, drawn.requests) == ("too_large", 0)


def test_a_storage_that_is_down_does_not_open_the_providers_circuit() -> None:
    down = errors.Unavailable("Storage did not answer; try again later.")

    def read() -> bytes:
        raise down

    drawing = Drawing(picture())
    broken = ImageRequest(purpose="creation.scene", prompt="A shelf.", references=(reference(read),))
    for _ in range(6):
        with pytest.raises(errors.Unavailable) as caught:
            drawing.model.draw(broken, guard=_free)
        assert caught.value is down
    assert isinstance(drawing.model.draw(REQUEST, guard=_free), Drawn)


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("gemini-3.1-flash-image", "0.0672"),
        ("gemini-3.1-flash-lite-image", "0.0336"),
        ("gemini-3-pro-image", "0.1344"),
        ("gemini-2.5-flash-image", "0.0336"),
    ],
)
@freeze_time("2026-11-26 12:00:00")
def test_a_pictures_tokens_have_a_price_of_their_own(model: str, dollars: str) -> None:
    """Google, "Gemini API pricing": 1,120 tokens of a 1K picture at 30, 60 or 120 dollars a million."""
    found = pricing.cost(model, "gemini", Usage(0, 1120, output_image_tokens=1120), batch=False)
    assert found == Decimal(dollars)
    words = pricing.cost(model, "gemini", Usage(0, 1120), batch=False)
    assert words is not None
    assert words < found / 9


@freeze_time("2026-11-26 12:00:00")
def test_an_estimate_is_near_the_price_and_above_it_where_no_price_is_known() -> None:
    drawing = Drawing(priced=pricing.cost)
    sizes = [drawing.model.estimate(size) for size in ("1K", "2K", "4K")]
    assert sizes == sorted(sizes)
    assert Decimal("0.067") < sizes[0] < Decimal("0.08")
    assert Decimal("0.15") < sizes[2] < Decimal("0.16")
    drawing.painter.model = "gemini-9-image"
    assert drawing.model.estimate("1K") > sizes[2]
    assert Drawing(priced=pricing.free).model.estimate("4K") == 0
