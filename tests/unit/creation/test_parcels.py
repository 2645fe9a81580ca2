"""What is sent: one picture of all ads, names that cannot break out of a line, links that do not end."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from viraltracker.creation import export, parcels, slack
from viraltracker.creation.parcels import Line, Parcel, Zipped
from viraltracker.store import creations
from viraltracker.store.storage import FolderStorage
from viraltracker.web import deliveries_view

BRAND = "5f0c0d1e-0000-4000-8000-000000000001"
PARCEL = Parcel(
    brand="Paws <!channel>",
    product="Chews\u2028& co",
    run_started_at=datetime(2026, 11, 26, 18, 5, tzinfo=UTC),
    ads=(Line("VT-ABCDEFGH", "<https://evil.example|Win> & more"),),
    made_how=("Composed.",),
    zipped=Zipped(b"", "a.zip", ("VT-ABCDEFGH",), None),
    sheet=None,
    link="https://app.example.com/new_ads?brand=b&run=r",
)


def test_a_picture_shows_every_ad_in_order(tmp_path: Path) -> None:
    """Square where there is a square one; what cannot be read is left out."""
    storage = FolderStorage(tmp_path)

    def image(colour: str, size: str, data: bytes | None = None) -> dict[str, str]:
        if data is None:
            out = io.BytesIO()
            width, height = (int(edge) // 10 for edge in size.split("x"))
            Image.new("RGB", (width, height), colour).save(out, "PNG")
            data = out.getvalue()
        return {"size": size, "storage_key": creations.store_file(storage, BRAND, data, "image/png")[1]}

    ads: list[dict[str, Any]] = [
        {"images": [image("blue", "1080x1920"), image("red", "1080x1080")]},
        {"images": [image("green", "1200x628")]},
        {"images": [image("", "1080x1080", b"no picture")]},
        {"images": []},
    ]
    made = parcels.sheet(storage, ads)
    assert made is not None
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.size == (688, 352)
        first, second = picture.convert("RGB").getpixel((176, 176)), picture.convert("RGB").getpixel((512, 176))
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert (max(range(3), key=first.__getitem__), max(range(3), key=second.__getitem__)) == (0, 1)
    assert parcels.sheet(storage, ads[2:]) is None


def test_slack_reads_names_as_words_and_not_as_commands() -> None:
    said = slack.message(PARCEL)
    assert "<!channel>" not in said
    assert "&lt;!channel&gt;" in said
    assert "&lt;https://evil.example|Win&gt; &amp; more" in said
    assert said.endswith("<https://app.example.com/new_ads?brand=b&amp;run=r|Open on New ads>")
    alone = slack.message(replace(PARCEL, link=None))
    assert "APP_URL" in alone
    assert "http" not in alone.replace("https://evil", "")


def test_a_link_needs_the_apps_address() -> None:
    assert parcels.link(None, "b", "r") is None
    assert (
        parcels.link("https://app.example.com", "b 1", "r&x") == "https://app.example.com/new_ads?brand=b+1&run=r%26x"
    )


def ad(token: str, status: str = "approved", *, hard: bool = False) -> dict[str, Any]:
    return {
        "token": token,
        "status": status,
        "findings": [{"hard": hard, "passed": not hard}, {"hard": False, "passed": False}],
    }


def test_what_waits_for_a_person_or_failed_a_check_does_not_leave() -> None:
    ads = [ad("a"), ad("b", "needs_person"), ad("c", "rejected"), ad("d", "drafted"), ad("e", hard=True)]
    assert [each["token"] for each in export.exportable(ads)] == ["a"]


def test_a_page_says_how_a_zip_differs_from_what_is_approved() -> None:
    packed = {"ads": 2, "tokens": ["a", "b"]}
    assert deliveries_view.notes(packed, [ad("b"), ad("a")], []) == []
    assert deliveries_view.notes({"ads": 1}, [ad("a")], []) == []
    ads = [ad("a"), ad("c"), ad("d", hard=True)]
    assert deliveries_view.notes(packed, ads[:2], ads) == [
        "The last zip holds 2 ads, and by now other ones may go out.",
        "1 approved ad stays out: a check that has to pass failed.",
    ]
    assert deliveries_view.notes(packed, ads[:1], ads[:1]) == ["The last zip holds 2 ads, and by now 1 ad may go out."]


@pytest.mark.parametrize("name", ["Paws\r\nBcc: x", "Paws\u2028x", "\u202ePaws\x00"])
def test_a_name_stays_in_its_line(name: str) -> None:
    assert replace(PARCEL, brand=name).subject.isprintable()
