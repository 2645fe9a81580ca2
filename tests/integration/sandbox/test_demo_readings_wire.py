"""The demo's readings over the wire: asked by the product's own prompts through the Gemini SDK."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from viraltracker import clock
from viraltracker.creatives import prompts, taxonomy
from viraltracker.creatives.media import MediaFile, prepared
from viraltracker.creatives.readings import CreativeInput, CreativeReading, Unread
from viraltracker.creatives.video import VideoAnswer
from viraltracker.llm.gemini import Gemini
from viraltracker.llm.request import Request
from viraltracker.sandbox import model_desk
from viraltracker.sandbox.app import media_bytes
from viraltracker.sandbox.demo import catalog, pictures
from viraltracker.sandbox.server import running


@pytest.fixture(scope="module")
def gemini() -> Iterator[Gemini]:
    with running(clock=clock) as sandbox:
        yield Gemini(model_desk.KEY, "gemini-3.8-flash", url=f"{sandbox.base_url}/gemini")


def answer(gemini: Gemini, given: CreativeInput, data: bytes, mime: str, seconds: float | None = None) -> str:
    """The text of the reply to what the product asks about a stored file."""
    media = prepared(given, MediaFile(mime, len(data), seconds), lambda: data)
    assert not isinstance(media, Unread)
    name = prompts.prompt_of(given)
    request = Request(
        purpose=name,
        instructions=prompts.instructions(name),
        content=prompts.creative_document(given, seconds),
        schema=prompts.SCHEMAS[name],
        media=media,
        max_output_tokens=12_000,
    )
    return gemini.send(request).text


def test_a_picture_that_the_product_compressed_anew_is_read_as_a_person_read_it(gemini: Gemini) -> None:
    creative = next(c for c in catalog.creatives() if c.copy.headline == "30% off ends Sunday" and c.pictures)
    stored = pictures.draw(creative.pictures[0])
    given = CreativeInput("image", hashlib.sha256(stored).hexdigest(), "image")
    reading = CreativeReading.model_validate_json(answer(gemini, given, stored, "image/jpeg"))
    assert (reading.awareness, reading.format) == ("most_aware", creative.creative_format)
    assert (reading.hook, reading.offer) == ("deal", "percent_off")
    assert reading.text_on_picture == pictures.words(creative.pictures[0])


def test_a_clip_is_watched_with_its_times(gemini: Gemini) -> None:
    clip = next(c for c in catalog.CLIPS if c.slug == "product-inside")
    stored, mime = media_bytes("v", f"{clip.slug}.mp4")
    assert stored is not None
    given = CreativeInput("video", hashlib.sha256(stored).hexdigest(), "video", taxonomy.video_length(clip.seconds))
    said = VideoAnswer.model_validate_json(answer(gemini, given, stored, mime, float(clip.seconds)))
    assert (said.reading.awareness, said.reading.format) == (clip.awareness, clip.creative_format)
    assert [o.start_s for o in said.analysis.overlays if o.text == "200 mg green-lipped mussel"] == [7.0]
    assert said.analysis.transcript == ()
