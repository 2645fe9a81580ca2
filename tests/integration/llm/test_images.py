"""Pictures through the real SDK: each fault over the wire ends as what the model for pictures says it is."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from tests.integration.llm.conftest import AddFault, Source, paid
from viraltracker import errors
from viraltracker.llm import gemini_images, pricing
from viraltracker.llm.gemini_images import GeminiImages
from viraltracker.llm.image_request import AspectRatio, Drawn, ImageRequest, ImageSize
from viraltracker.llm.images import ImageModel
from viraltracker.llm.permits import Permits
from viraltracker.llm.pool import ModelPool, PoolConfig
from viraltracker.llm.request import Media, Unanswered
from viraltracker.sandbox import picture_model
from viraltracker.sandbox.model_desk import KEY
from viraltracker.sandbox.server import RunningSandbox

MakeImages = Callable[..., ImageModel]


def _free() -> None:
    """A guard that lets everything pass."""


def _photo(colour: tuple[int, int, int] = (30, 110, 80), mime: str = "image/png") -> Media:
    """A box before white, as a small file."""
    image = Image.new("RGB", (96, 96), "white")
    image.paste(colour, (28, 20, 68, 84))
    out = io.BytesIO()
    image.save(out, "PNG")
    data = out.getvalue()
    return Media(mime=mime, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), read=lambda: data)


def _request(*references: Media, shape: AspectRatio = "1:1", size: ImageSize = "1K") -> ImageRequest:
    return ImageRequest(
        purpose="creation.scene",
        prompt="The product on a shelf.\nKeep calm: top",
        references=references or (_photo(),),
        aspect_ratio=shape,
        image_size=size,
    )


@pytest.fixture(scope="module")
def painters() -> Iterator[dict[tuple[str, str, float], GeminiImages]]:
    """The SDK's clients, each made once: a quarter of a second goes into one."""
    made: dict[tuple[str, str, float], GeminiImages] = {}
    yield made
    for painter in made.values():
        painter.close()


@pytest.fixture
def images(server: RunningSandbox, painters: dict[tuple[str, str, float], GeminiImages]) -> MakeImages:
    """Makes an image model on the sandbox: `images(attempts=1, key=…)`."""

    def make(
        *, key: str = KEY, model: str = "gemini-3.1-flash-image", timeout_s: float = 20.0, attempts: int = 4
    ) -> ImageModel:
        wanted = (key, model, timeout_s)
        if wanted not in painters:
            painters[wanted] = GeminiImages(key, model, url=f"{server.base_url}/gemini", timeout_s=timeout_s)
        permits = Permits(Source(), "gemini-images", None)
        return ImageModel(painters[wanted], permits, price=pricing.cost, attempts=attempts, spread=lambda: 0.0)

    return make


def _opened(drawn: Drawn | Unanswered) -> Image.Image:
    assert isinstance(drawn, Drawn)
    assert drawn.mime == "image/png"
    return Image.open(io.BytesIO(drawn.data))


@pytest.mark.parametrize(
    ("shape", "size", "pixels"),
    [
        ("1:1", "1K", (1024, 1024)),
        ("4:5", "1K", (928, 1152)),
        ("9:16", "1K", (768, 1376)),
        ("16:9", "2K", (2752, 1536)),
    ],
)
def test_a_picture_has_the_shape_and_size_that_were_asked_for(
    shape: AspectRatio, size: ImageSize, pixels: tuple[int, int], images: MakeImages, server: RunningSandbox
) -> None:
    template = _photo((200, 40, 40))
    drawn = images().draw(_request(_photo(), template, shape=shape, size=size), guard=_free)
    assert _opened(drawn).size == pixels
    [call] = server.sandbox.model_calls
    assert (call.kind, call.media) == ("image", (_photo().sha256, template.sha256))
    assert call.text.startswith("The product on a shelf.")


def test_its_tokens_are_counted_apart_and_priced(images: MakeImages) -> None:
    drawn = images().draw(_request(), guard=_free)
    assert (drawn.usage.output_tokens, drawn.usage.output_image_tokens) == (1120, 1120)
    assert drawn.cost_usd is not None
    assert images().estimate("1K") / 2 < drawn.cost_usd < images().estimate("1K")


def test_the_same_question_gives_the_same_picture_and_another_another(images: MakeImages) -> None:
    first, again = (_opened(images().draw(_request(), guard=_free)).tobytes() for _ in range(2))
    other = _opened(images().draw(_request(_photo((10, 10, 200))), guard=_free)).tobytes()
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("kind", "options", "reason", "requests"),
    [
        ("no_image", {}, "no_image", 2),
        ("no_image", {"text": "I would rather talk."}, "no_image", 2),
        ("no_candidates", {}, "no_image", 2),
        ("blocked_prompt", {}, "blocked", 1),
        ("image_safety", {}, "blocked", 1),
        ("refused", {}, "blocked", 1),
        ("model_error", {"status": 413}, "too_large", 1),
    ],
)
def test_a_reply_that_is_no_picture_has_its_reason(  # noqa: PLR0917 a fixture each
    kind: str, options: dict[str, object], reason: str, requests: int, images: MakeImages, fault: AddFault
) -> None:
    fault("gemini", kind, times=None, **options)
    drawn = images().draw(_request(), guard=_free)
    assert isinstance(drawn, Unanswered)
    assert (drawn.reason, drawn.requests) == (reason, requests)
    assert drawn.detail
    assert "rather talk" not in drawn.detail


@pytest.mark.parametrize("kind", ["no_image", "html_502", "html_200", "reset", "empty_body", "model_error"])
def test_what_happens_once_costs_one_more_call(
    kind: str, images: MakeImages, fault: AddFault, server: RunningSandbox
) -> None:
    fault("gemini", kind)
    drawn = images().draw(_request(), guard=_free)
    assert isinstance(drawn, Drawn)
    assert drawn.requests == 2
    assert [call.kind for call in server.sandbox.model_calls] == ["image", "image"]


def test_what_does_not_pass_is_unavailable_after_our_tries_and_none_of_the_sdks(
    images: MakeImages, fault: AddFault, server: RunningSandbox
) -> None:
    fault("gemini", "model_error", times=None, status=503)
    with pytest.raises(errors.Unavailable):
        images(attempts=2).draw(_request(), guard=_free)
    assert len(server.sandbox.model_calls) == 2


def test_a_picture_that_came_too_late_may_have_been_paid_for(
    images: MakeImages, fault: AddFault, server: RunningSandbox
) -> None:
    fault("gemini", "slow", seconds=2)
    model = images(timeout_s=0.5, attempts=1)
    tally = model.new_tally()
    with pytest.raises(errors.Unavailable):
        model.draw(_request(), guard=_free, tally=tally)
    assert (tally.requests, tally.unseen) == (1, 1)
    server.sandbox.faults.clear()
    end = time.monotonic() + 10
    while not server.sandbox.model_calls and time.monotonic() < end:  # or it would be counted by the next test
        time.sleep(0.02)


def test_a_key_that_does_not_work_names_its_variable(images: MakeImages) -> None:
    with pytest.raises(errors.ConfigurationError, match="GEMINI_API_KEY"):
        images(key="hunter2-is-no-key").draw(_request(), guard=_free)


def test_a_model_for_words_draws_nothing_and_is_not_asked_again(images: MakeImages, server: RunningSandbox) -> None:
    with pytest.raises(errors.Refused, match="modalities"):
        images(model="gemini-3.8-flash").draw(_request(), guard=_free)
    assert not server.sandbox.model_calls


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("foreign_text", {}, ["GlowNova"]),
        ("foreign_text", {"text": "Bright & Co"}, ["Bright & Co"]),
        ("price_text", {}, ["$9.99"]),
    ],
)
def test_words_painted_into_a_picture_are_seen_and_told(
    kind: str, options: dict[str, object], words: list[str], images: MakeImages, fault: AddFault
) -> None:
    clean = images().draw(_request(), guard=_free)
    fault("gemini", kind, **options)
    painted = images().draw(_request(), guard=_free)
    assert _opened(clean).tobytes() != _opened(painted).tobytes()
    assert isinstance(clean, Drawn)
    assert isinstance(painted, Drawn)
    assert picture_model.said_in(clean.data, picture_model.WORDS) == []
    assert picture_model.said_in(painted.data, picture_model.WORDS) == words


def test_pictures_that_are_not_what_was_wanted_are_handed_on_for_others_to_see(
    images: MakeImages, fault: AddFault
) -> None:
    template = _photo((200, 40, 40))
    for kind in ("wrong_size", "near_copy", "broken_image"):
        fault("gemini", kind)
    wrong, copy, broken = (images().draw(_request(_photo(), template), guard=_free) for _ in range(3))
    assert _opened(wrong).size == (512, 288)
    assert _opened(copy).getpixel((512, 512)) == (200, 40, 40)
    assert isinstance(broken, Drawn)
    with pytest.raises(OSError, match=r"cannot identify|truncated"):
        _opened(broken).load()


def test_a_picture_beyond_all_measure_is_none(images: MakeImages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viraltracker.llm.gemini_answers.MOST_PICTURE_BYTES", 1000)
    drawn = images().draw(_request(), guard=_free)
    assert isinstance(drawn, Unanswered)
    assert (drawn.reason, drawn.requests) == ("no_image", 2)
    assert paid(drawn.cost_usd)


@pytest.mark.parametrize(
    ("references", "reason"),
    [
        ((_photo(mime="image/tiff"),), "unsupported"),
        ((_photo(),) * (gemini_images.MOST_REFERENCES + 1), "unsupported"),
        ((Media(mime="image/png", sha256="0" * 64, bytes=16_000_000, read=bytes),), "too_large"),
    ],
)
def test_references_that_gemini_never_takes_cost_no_call(
    references: tuple[Media, ...], reason: str, images: MakeImages, server: RunningSandbox
) -> None:
    drawn = images().draw(_request(*references), guard=_free)
    assert isinstance(drawn, Unanswered)
    assert (drawn.reason, drawn.requests) == (reason, 0)
    assert not server.sandbox.model_calls


def test_the_pool_hands_out_one_model_for_pictures_to_every_thread(server: RunningSandbox) -> None:
    pool = ModelPool(PoolConfig(gemini_key=KEY, gemini_url=f"{server.base_url}/gemini"), Source())
    found: list[ImageModel | None] = []
    threads = [threading.Thread(target=lambda: found.append(pool.gemini_images())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found[0] is not None
    assert all(model is found[0] for model in found)
    free = pool.sandboxed_images(server.base_url)
    assert (found[0].name, free.name) == ("gemini:gemini-3.1-flash-image", "sandbox:gemini-3.1-flash-image")
    assert free.draw(_request(), guard=_free).cost_usd == 0
    pool.close()
    assert ModelPool(PoolConfig(), Source()).gemini_images() is None
