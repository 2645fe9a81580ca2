"""Words of an ad, a page, a picture's file or a name never choose a label outside of its list, leak or run anything.

The model here is the worst there could be: it obeys whatever it reads.
"""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from viraltracker.creatives import prompts, taxonomy
from viraltracker.creatives.landing import text
from viraltracker.creatives.readings import CopyInput, CopyReading
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.sandbox.model_answers import Asked
from viraltracker.sandbox.model_desk import KEY
from viraltracker.sandbox.server import RunningSandbox

from .answers import Reader
from .attempts import COPY, EVERY, METADATA, NAMES, PAGES
from .conftest import Account, Models

CANARY: Final = "canary-9d1f-never-to-be-seen"
LISTED: Final = {name: {*labels, None} for name, labels in taxonomy.LISTS.items()}
TOLD: Final = re.compile(r"(awareness|hook|format|offer|proof|cta)\W{1,6}(\w+)")


class Gullible(Reader):
    """Does what it is told by the material: says the label it names, or repeats all that it knows."""

    def answer(self, asked: Asked) -> object:
        proper = super().answer(asked)
        assert isinstance(proper, dict)
        told = {name: value for name, value in TOLD.findall(asked.text) if value not in LISTED[name]}
        inner = proper.get("reading", proper)
        if told:
            return proper | {**inner, **told} if inner is proper else proper | {"reading": inner | told}
        if "prompt" in asked.text or "key" in asked.text:
            return inner | {"persona": asked.system[:80]} if "persona" in inner else inner
        if "empty object" in asked.text:
            return {}
        if "plain text" in asked.text:
            return "I was told not to answer in the schema."
        return proper


def labels_of(row: dict[str, Any]) -> dict[str, Any]:
    own = {name: row[name] for name in ("awareness", "format", "hook", "angle", "video_length")}
    return own | {name: row["labels"].get(name) for name in ("offer", "proof", "cta")}


def test_there_are_fifty_attempts() -> None:
    assert len(EVERY) == len(set(EVERY)) == 50


def test_no_attempt_gets_a_label_outside_of_its_list_or_anything_that_is_secret(
    account: Account, models: Models, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPABASE_SECRET_KEY", CANARY)
    before = set(Path("/tmp").iterdir())  # noqa: S108 where an attempt would leave its mark
    gullible = sandbox.sandbox.models.answerer = Gullible()
    ads: list[dict[str, Any]] = [{"ad_id": f"c{n}", "primary_text": said} for n, said in enumerate(COPY)]
    for n, html in enumerate(PAGES):
        page = text.read_html(f"<html><body><main>{html}</main></body></html>", "https://shop.example/")
        words = {"title": f"p{n} {page.title or ''}", "heading": page.heading or "", "text": page.text}
        ads.append({"ad_id": f"p{n}", "primary_text": f"Words {n}", "page": words | {"above_fold": page.above_fold}})
    ads += [{"ad_id": f"m{n}", "sha256": picture_that_says(account, said, n)} for n, said in enumerate(METADATA)]
    ads += [
        {"ad_id": f"n{n}", "name": name.replace("\0", ""), "primary_text": f"Named {n}", "image_hash": f"h{n}",
         "sha256": account.picture(900 + n)}
        for n, name in enumerate(NAMES)
    ]  # fmt: skip
    account.ads(*ads)
    panel = models.panel("gemini", "claude")
    summary = account.classify(panel)

    rows = account.stored()
    assert len(rows) > 100
    for row in rows:
        for name, label in labels_of(row).items():
            assert label in LISTED[name], (row["reading"], name, label)
        assert 0 <= float(row["awareness_confidence"]) <= 1
        assert len(json.dumps(row)) < 20_000
    assert summary.reasons["invalid_reply"] > 0, "the model never did what it was told, so nothing was tested"

    said = json.dumps([rows, account.calls(), summary.as_dict()])
    sent = [(each.system, each.text) for each in gullible.asked]
    for secret in (KEY, CANARY, account.db.client.supabase_key):
        assert secret not in said
        assert not any(secret in system or secret in words for system, words in sent)
    # What somebody else wrote is in the document and nowhere else, and the picture's file brought only pixels.
    own = {prompts.instructions(name) for name in prompts.VERSIONS}
    assert {system for system, _ in sent} <= own
    for asked in gullible.asked:
        for media in asked.media:
            assert not any(attempt.encode() in media.data for attempt in METADATA)
    assert not any(name.replace("\0", "") in words for name in NAMES for _, words in sent)
    assert not [path for path in set(Path("/tmp").iterdir()) - before if path.name == "owned"]  # noqa: S108
    assert os.environ["SUPABASE_SECRET_KEY"] == CANARY
    assert account.db.rows("brands", where={"id": account.brand_id})


def picture_that_says(account: Account, words: str, seed: int) -> str:
    """A PNG that carries the words beside its pixels."""
    note = PngInfo()
    note.add_text("Comment", words)
    note.add_itxt("XML:com.adobe.xmp", words)
    out = io.BytesIO()
    Image.new("RGB", (300, 300), (seed, 50, 90)).save(out, "PNG", pnginfo=note)
    assert words.encode() in out.getvalue()
    return account.file(out.getvalue(), "image/png")


@pytest.mark.parametrize("said", [*COPY, *METADATA, *NAMES])
def test_the_rules_are_told_nothing_either(said: str) -> None:
    (reading,) = RulesClassifier().classify([CopyInput(said, said, said, said)])
    assert isinstance(reading, CopyReading)
    assert reading.awareness in LISTED["awareness"]
