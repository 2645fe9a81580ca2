"""A report stands on its own: nothing in it asks anything of anybody, runs anything, or says less than the pages."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from viraltracker.web import block_html, report

HOSTILE = "</style><script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>\"'"
PICTURE = "data:image/jpeg;base64,AAAA"
COLUMNS = [
    {"key": "ad_name", "label": "Ad", "unit": "text"},
    {"key": "spend", "label": "Spend", "unit": "money"},
    {"key": "conversions", "label": "Conv.", "unit": "count"},
    {"key": "cpa", "label": "CPA", "unit": "money"},
    {"key": "cpa_low", "label": "90 % from", "unit": "money"},
    {"key": "cpa_high", "label": "to", "unit": "money"},
    {"key": "probability", "label": "Sure", "unit": "rate"},
]
ROW = {"ad_id": "7", "spend": 90.0, "conversions": 3, "cpa": 30.0, "cpa_low": 20.0, "cpa_high": 45.0}
STAKE = {"value": 10.0, "low": 5.0, "high": 20.0, "currency": "USD", "how": "what it costs"}


def run(name: str = "Stairs") -> dict[str, Any]:
    """A stored run in which every text from outside is `name`."""
    card = {
        "id": "1",
        "title": name,
        "why": name,
        "category": name,
        "action": "pause_ad",
        "money_per_week": STAKE | {"how": name},
        "confidence": 0.97,
        "change_our_mind": name,
        "ads": [{"ad_id": "7", "ad_name": name, "spend": 90.0}],
    }
    item = {"name": "cpa", "label": name, "value": 30.0, "unit": "money", "change": 0.25, "note": name}
    rows = [ROW | {"ad_name": name, "probability": 0.999}]
    return {
        "finished_at": "2026-11-26T08:12:30+00:00",
        "blocks": [
            {"kind": "heading", "text": name},
            {"kind": "text", "text": name},
            {"kind": "metrics", "items": [item]},
            {"kind": "cards", "title": "What to do", "items": [card], "more": 2},
            {"kind": "table", "title": "Winners", "columns": COLUMNS, "rows": rows, "more": 3, "note": name},
            {"kind": "chart", "chart": "hologram", "title": name, "data": {}, "alt": name},
            {"kind": "song", "alt": "An unknown kind, in words"},
            {"kind": "silence"},
        ],
        "summary": {
            "brand": name,
            "window": {"from": "2026-10-24", "to": "2026-11-22", "days": 30},
            "prior_window": {"from": "2026-09-24", "to": "2026-10-23", "days": 30},
            "currency": "USD",
            "attribution": name,
            "target": {"value": 28.0, "words": name},
            "totals": {"cpa": 30.0},
        },
    }


class _Read(HTMLParser):
    """The tags, attributes and words of a page; words of the style sheet apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.style = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        """Notes words."""
        if self.tags and self.tags[-1] == "style" and not self.style:
            self.style = data
        else:
            self.words += data


def test_nothing_in_a_report_comes_from_elsewhere_or_runs() -> None:
    """Neither by our hand nor by that of a name in an ad account."""
    read = _Read(report.document(run(HOSTILE), {"7": PICTURE}))
    assert not set(read.tags) & {"script", "link", "iframe", "object", "embed", "form", "base", "audio", "video"}
    assert read.tags.count("style") == 1
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    for name, value in read.attributes:
        if name in ("src", "href", "srcset", "action", "data"):
            assert value.startswith(("#", "data:image/")), (name, value)
        if name == "style":
            assert set(re.findall(r"url\(([^)]{5})", value)) <= {"data:"}
    assert not re.search(r"@import|https?:", read.style)
    assert read.words.count("<script>alert(1)</script>") > 8


def test_the_policy_knows_the_one_style_sheet_and_forbids_everything_else() -> None:
    page = report.document(run(), {})
    read = _Read(page)
    (policy,) = [value for name, value in read.attributes if name == "content" and "default-src" in value]
    digest = base64.b64encode(hashlib.sha256(read.style.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"style-src-elem 'sha256-{digest}'",
        "style-src-attr 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert page.index("Content-Security-Policy") < page.index("<title>")


def test_a_report_says_what_its_numbers_are_of() -> None:
    said = " ".join(_Read(report.document(run(), {})).words.split())
    for fact in (
        "WindowOct 24 – Nov 22, 2026",
        "BeforeSep 24 – Oct 23, 2026",
        "CurrencyUSD",
        "AttributionStairs",
        "Made2026-11-26 08:12 UTC",
        "and 2 more of less money",
        "and 3 more not shown",
        "An unknown kind, in words",
        "+25.0 % on the period before; Stairs",
        "At stake: $5 to $20 a week",
    ):
        assert fact in said
    unknown = run()
    unknown["summary"]["attribution"] = None
    assert "Attributionnot stated by the source" in _Read(report.document(unknown, {})).words


def test_every_mark_leads_to_the_note_that_explains_it() -> None:
    """Each metric is explained once, with its window, and by attribution where that decides what is counted."""
    page = report.document(run(), {})
    marks = [int(number) for number in re.findall(r'href="#note-(\d+)"', page)]
    notes = re.findall(r'<li id="note-(\d+)"><b>([^<]+)\.</b> ([^<]+)</li>', page)
    assert [int(number) for number, *_ in notes] == sorted(set(marks)) == list(range(1, len(notes) + 1))
    texts = {name: text for _, name, text in notes}
    assert list(texts) == ["CPA", "Spend", "Conversions", "CPA interval", "Sure"]
    assert "Oct 24 – Nov 22, 2026. Attribution: Stairs." in texts["CPA"]
    assert "Formula: spend of the ads that buy the goal / conversions." in texts["CPA"]
    assert "Attribution" not in texts["Spend"]


def test_the_evidence_is_unfolded_and_leaders_have_their_picture() -> None:
    found = run()
    assert report.pictured(found) == ["7"]
    page = report.document(found, {"7": PICTURE})
    assert f'src="{PICTURE}"' in page
    assert "<details open>" in page
    assert "No picture is stored" in report.document(found, {})


@pytest.mark.parametrize(
    ("brand", "name"),
    [
        ("Wonder Paws", "wonder-paws-2026-10-24-to-2026-11-22.html"),
        ("../../etc/passwd\0", "etc-passwd-2026-10-24-to-2026-11-22.html"),
        ("犬", "brand-2026-10-24-to-2026-11-22.html"),
        ("a" * 300, f"{'a' * 60}-2026-10-24-to-2026-11-22.html"),
    ],
)
def test_a_file_is_named_so_that_it_stays_in_its_folder(brand: str, name: str) -> None:
    assert report.file_name(brand, "2026-10-24", "2026-11-22") == name


def test_a_name_is_explained_to_mouse_keyboard_and_reader_alike() -> None:
    """The words belong to the name by id, and the same words have the same id wherever they stand."""
    facts = {"currency": "USD", "window": {"from": "2026-10-24", "to": "2026-11-22"}, "attribution": HOSTILE}
    table = {"kind": "table", "title": "Losers", "columns": COLUMNS, "rows": [ROW | {"ad_name": "A", "probability": 1}]}
    drawn = block_html.table(table, facts)
    described = re.findall(r'<span class="vt-term" tabindex="0" aria-describedby="([\w-]+)">([^<]+)</span>', drawn)
    tips = dict(re.findall(r'role="tooltip" id="([\w-]+)">([^<]+)</span>', drawn))
    assert [name for _, name in described] == ["Spend", "Conv.", "CPA", "90 % from", "to", "Sure"]
    by_name = {name: tips[key] for key, name in described}
    assert by_name["Spend"] == "What Meta charged for the ads in this window. Oct 24 – Nov 22, 2026."
    assert by_name["CPA"].startswith("Spend of the ads that buy the brand&#x27;s goal")
    assert "Attribution: &lt;/style&gt;" in by_name["CPA"]
    assert by_name["90 % from"] == by_name["to"]
    assert block_html.meaning("spend", {}) == "What Meta charged for the ads in this window."
    assert block_html.meaning("ad_name", facts) == ""
