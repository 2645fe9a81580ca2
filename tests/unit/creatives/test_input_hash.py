"""The key of a reading moves exactly when what is read moves."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

import pytest

from viraltracker.creatives.input_hash import (
    LONGEST_FIELD,
    MOST_MARKS,
    copy_input,
    creative_input,
    input_hash,
    normalised,
)
from viraltracker.creatives.readings import CopyInput, CreativeInput

COPY = {"primary_text": "Café  à la  carte", "headline": "Now", "description": None, "cta": "SHOP_NOW"}
VIDEO = {"status": "stored", "sha256": "a" * 64, "mime": "video/mp4", "duration_s": 14.2, "source_key": "v1"}
AD: dict[str, Any] = {"object_type": "video", "video_id": "v1", "image_hash": "i1", "media": {"video": VIDEO}}


def copy_hash(fields: dict[str, Any], names: tuple[str, ...] = ()) -> str:
    given = copy_input(fields, names)
    assert isinstance(given, CopyInput)
    return input_hash(given)


def creative(ad: dict[str, Any]) -> CreativeInput:
    given = creative_input(ad)
    assert isinstance(given, CreativeInput)
    return given


@pytest.mark.parametrize(
    "same", ["Cafe\u0301 à la carte", " Café à\tla\u00a0carte \n", "Café à la carte\x00", "Café à la\u2003carte\ud800"]
)
def test_spelling_that_looks_the_same_is_the_same_input(same: str) -> None:
    assert copy_hash(COPY | {"primary_text": same}) == copy_hash(COPY)


@pytest.mark.parametrize(
    "change",
    [
        {"primary_text": "café à la carte"},
        {"primary_text": "Café à la carte 🎉"},
        {"primary_text": "Café à\nla carte"},
        {"headline": "Then"},
        {"description": "x"},
        {"cta": "LEARN_MORE"},
        {"primary_text": "Now", "headline": "Café à la carte"},
    ],
)
def test_any_change_of_the_words_is_another_input(change: dict[str, str]) -> None:
    assert copy_hash(COPY | change) != copy_hash(COPY)


def test_a_renamed_brand_changes_only_the_copies_that_name_it() -> None:
    assert copy_hash(COPY, ("Acme",)) == copy_hash(COPY, ("Zenith",)) == copy_hash(COPY)
    naming = COPY | {"headline": "Acme is here"}
    assert copy_hash(naming, ("Acme Labs",)) != copy_hash(naming, ("Zenith",))
    assert copy_hash(COPY | {"headline": "hope"}, ("Hope",)) == copy_hash(COPY | {"headline": "hope"})


def test_media_are_known_by_their_bytes_never_by_where_they_came_from() -> None:
    moved = AD | {"video_id": "v2", "media": {"video": VIDEO | {"source_key": "v2", "duration_s": 14.4}}}
    assert input_hash(creative(AD)) == input_hash(creative(moved))
    other = AD | {"media": {"video": VIDEO | {"sha256": "b" * 64}}}
    assert input_hash(creative(AD)) != input_hash(creative(other))


@pytest.mark.parametrize(
    ("ad", "reason"),
    [
        ({"object_type": "video", "video_id": "v1", "image_hash": "i1", "media": None}, "media_not_stored"),
        (AD | {"media": {"image": VIDEO | {"mime": "image/png", "source_key": "i1"}}}, "media_not_stored"),
        (AD | {"media": {"video": VIDEO | {"status": "failed", "sha256": None}}}, "media_not_stored"),
        (AD | {"video_id": "v9"}, "media_not_stored"),
        ({"object_type": None, "video_id": None, "image_hash": None, "media": None}, "no_media"),
        ({"object_type": "image", "video_id": None, "image_hash": None, "media": {}}, "no_media"),
    ],
)
def test_media_that_is_not_there_is_a_reason_and_never_a_partial_hash(ad: dict[str, Any], reason: str) -> None:
    assert creative_input(ad) == reason


def test_a_carousel_with_a_film_is_read_by_its_first_picture() -> None:
    picture = {"status": "stored", "sha256": "c" * 64, "mime": "image/png", "duration_s": None, "source_key": "i1"}
    given = creative(AD | {"object_type": "carousel", "media": {"image": picture, "video": VIDEO}})
    assert (given.kind, given.sha256, given.video_length) == ("image", "c" * 64, None)


def test_no_words_are_a_reason() -> None:
    assert copy_input({"primary_text": " \x00 ", "headline": None, "cta": "SHOP_NOW"}, ()) == "no_copy"


def test_normalised_text_is_bounded_and_does_not_change_again() -> None:
    long = "é\r\n \x0b x" * 50_000
    once = normalised(long)
    assert len(once) <= 20_000
    assert normalised(once) == once


@pytest.mark.parametrize(
    "marks", ["\u0301\u0316", "\u0316\u0301", "\u0f73", "\ufb2c\u0591\u05b7", "\x00\u0301\ud800\u0316"]
)
def test_a_tower_of_combining_characters_is_cut_and_soon_read(marks: str) -> None:
    """Two megabytes; putting them all in order would take minutes. What is cut once is not cut again."""
    begun = time.process_time()
    text = normalised("a" + marks * (2_000_000 // len(marks)))
    assert time.process_time() - begun < 1
    assert normalised(text) == text
    assert len(text) <= LONGEST_FIELD
    assert normalised("a" + "\u0301\u0316" * 99 + "b")[-1] == "b"


@pytest.mark.parametrize(
    "text",
    [
        "Crème brûlée, señor! 🎉👩🏽‍🚀",
        "Tiếng Việt có dấu",
        "בְּרֵאשִׁית בָּרָא אֱלֹהִים",
        "ٱلْحَمْدُ لِلَّٰهِ",
        "हिन्दी में विज्ञापन",
        "བཀྲ་ཤིས་བདེ་ལེགས།",
        "한국어 광고",
        "a" + "\u0316" * MOST_MARKS,
    ],
)
def test_what_people_write_keeps_all_its_marks(text: str) -> None:
    """A lost mark would be another hash, and every reading of such words bought again."""
    for form in ("NFC", "NFD"):
        assert normalised(unicodedata.normalize(form, text)) == unicodedata.normalize("NFC", text)
