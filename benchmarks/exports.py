"""An Ads Manager export of any length: one row per ad and day, the same every time, with its totals row."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

SEED = 20260901
DAYS = 80
FIRST_DAY = date(2026, 6, 1)
CENT = Decimal("0.01")

COUNTS = (
    *("Results", "Reach", "Impressions", "Clicks (all)", "Link clicks", "Outbound clicks", "Landing page views"),
    *("Adds to cart", "Checkouts initiated", "Purchases", "3-second video plays", "ThruPlays"),
    *("Video plays at 25%", "Video plays at 50%", "Video plays at 75%", "Video plays at 95%", "Video plays at 100%"),
)
MONEY = ("Amount spent (USD)", "Purchases conversion value")
HEADER = (
    *("Reporting starts", "Reporting ends", "Day", "Campaign name", "Ad set name", "Ad name", "Ad ID", "Text"),
    *("Headline", "Attribution setting", "Result type", "Frequency", "Cost per result", "CTR (all)", *COUNTS, *MONEY),
)
OPENINGS = (
    "Is your dog slow on the stairs?",
    "Two chews a day, one happier walk.",
    "“He jumped on the sofa again after a month.”",
    "Vets ask for three things in a joint chew, and here they are.",
    "Save 20 % on your first pouch this week.",
)
# (count, the one it comes from, its share); an ad without video has none from its video plays on.
FUNNEL = (
    ("Clicks (all)", "Impressions", 0.018),
    ("Link clicks", "Clicks (all)", 0.6),
    ("Outbound clicks", "Link clicks", 0.95),
    ("Landing page views", "Outbound clicks", 0.8),
    ("Adds to cart", "Landing page views", 0.12),
    ("Checkouts initiated", "Adds to cart", 0.5),
    ("Purchases", "Checkouts initiated", 0.5),
    ("3-second video plays", "Impressions", 0.25),
    ("ThruPlays", "3-second video plays", 0.3),
    ("Video plays at 25%", "3-second video plays", 0.6),
    ("Video plays at 50%", "Video plays at 25%", 0.6),
    ("Video plays at 75%", "Video plays at 50%", 0.7),
    ("Video plays at 95%", "Video plays at 75%", 0.8),
    ("Video plays at 100%", "Video plays at 95%", 0.9),
)

Cells = dict[str, object]


def write_daily_export(file: Path, rows: int) -> None:
    """A CSV with `rows` rows under a totals row, as Ads Manager writes one (UTF-8 with a mark)."""
    sums: Counter[str] = Counter()
    for cells in _rows(rows):
        for name in (*COUNTS, *MONEY):
            sums[name] += cells.get(name, 0)  # type: ignore[operator]
    with file.open("w", encoding="utf-8-sig", newline="") as text:
        writer = csv.DictWriter(text, HEADER, restval="", lineterminator="\n")
        writer.writeheader()
        last_day = FIRST_DAY + timedelta(days=min(rows, DAYS) - 1)
        writer.writerow({"Reporting starts": FIRST_DAY, "Reporting ends": last_day, **sums})
        for cells in _rows(rows):
            # Ads Manager leaves an action that nobody did blank.
            writer.writerow({name: value for name, value in cells.items() if value or name == "Impressions"})


def _rows(rows: int) -> Iterator[Cells]:
    numbers = random.Random(SEED)  # noqa: S311 - figures, not secrets
    for index in range(rows):
        ad, day = divmod(index, DAYS)
        yield _row(ad, FIRST_DAY + timedelta(days=day), numbers)


def _row(ad: int, day: date, numbers: random.Random) -> Cells:
    opening = OPENINGS[ad % len(OPENINGS)]
    video = ad % 3 == 0
    cells: Cells = {
        "Reporting starts": day,
        "Reporting ends": day,
        "Day": day,
        "Campaign name": f"Prospecting {ad // 50:02}",
        "Ad set name": f"Broad, {20 + ad // 10 % 5 * 10}+",
        "Ad name": f"UGC {ad:04} – {opening[:20]}",
        "Ad ID": f"1202{ad:014}",
        "Text": f"{opening}\n\nWonder Paws, batch {ad:04}: glucosamine, green mussel and nothing else to hide.",
        "Headline": f"Hip and joint chews, no. {ad:04}",
        "Attribution setting": "7-day click or 1-day view",
        "Result type": "Website purchases",
    }
    counts = {"Impressions": int(numbers.lognormvariate(7.0, 0.8))}
    for name, of, share in FUNNEL:
        if name == "3-second video plays" and not video:
            break
        counts[name] = min(counts[of], int(counts[of] * share * numbers.uniform(0.7, 1.3) + numbers.random()))
    spend = (counts["Impressions"] * Decimal("0.014")).quantize(CENT)
    value = counts["Purchases"] * Decimal("54.90")
    counts["Reach"] = int(counts["Impressions"] * 0.86)
    counts["Results"] = counts["Purchases"]
    cells |= counts | {"Amount spent (USD)": spend, "Purchases conversion value": value}
    if counts["Reach"]:
        cells["Frequency"] = f"{counts['Impressions'] / counts['Reach']:.9f}"
        cells["CTR (all)"] = f"{100 * counts['Clicks (all)'] / counts['Impressions']:.9f}"
    if counts["Results"]:
        cells["Cost per result"] = f"{spend / counts['Results']:.9f}"
    return cells
