"""The shop's landing pages, one of which stops working on the day named in `planted.BROKEN_PAGE`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from viraltracker.sandbox.demo import planted

AWARENESS: dict[str, str] = {
    "why-dogs-slow-down": "problem_aware",
    "hip-and-joint-chews": "product_aware",
    "bundle-offer": "most_aware",
    "trial-pack": "product_aware",
}
"""Each page's slug, and the awareness stage its opening speaks to, read by a person."""

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:17px/1.6 Georgia,serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#26332e}}
h1{{line-height:1.2}}header,footer{{color:#6b7a73}}.buy{{background:#1f6f54;color:#fff;padding:.7rem 1.2rem}}</style>
</head><body><header>Wonder Paws</header><main>
{body}
</main><footer>Wonder Paws LLC, Burlington, Vermont. These statements are not meant to diagnose or treat any disease.
</footer></body></html>
"""


@dataclass(frozen=True)
class RenderedPage:
    """What the shop's server answers."""

    status: int
    html: str


def render(slug: str, today: date, until: date) -> RenderedPage:
    """The page as a visitor on `today` finds it; `until` is the account's last full day."""
    if slug not in AWARENESS:
        return _page(404, "not-found")
    if slug == planted.BROKEN_PAGE.slug and today >= planted.BROKEN_PAGE.broken_from(until):
        return _page(500, "checkout-error")
    return _page(200, slug)


@cache
def _page(status: int, name: str) -> RenderedPage:
    text = (resources.files("viraltracker.sandbox.demo") / "landing" / f"{name}.html").read_text(encoding="utf-8")
    title, _, body = text.partition("\n")
    return RenderedPage(status, _FRAME.format(title=title, body=body))
