"""The template library with 50,000 scraped ads: what its page asks, its switch in a browser, a scrape, a choice.

Each figure stands beside the same with a tenth of the ads, from the same run, and the browser's beside the way between
two empty Streamlit pages.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

import psycopg
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import chromium, pages
from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, median, timed
from benchmarks.pages import HOME, MAIN, SWITCH_TARGET_S, Screen
from viraltracker import clock
from viraltracker.cli import session
from viraltracker.local.running import free_port
from viraltracker.store import creations, scraped_ads, storage, templates
from viraltracker.store.templates import Filter

FEW, MANY = 5_000, 50_000
"""Scraped ads. Of ten, four are templates, one waits for a person, one for a reader, and one was rejected."""
PICTURES: Final = 60
"""Files that are really stored; the ads share them."""
LAPS: Final = 5
ASKED: Final = 7
SCRAPE_ADS: Final = 500
CHOICE_TARGET_S: Final = 0.5
CALL_TARGET_S: Final = 0.5
WORDS: Final = (
    "Does your dog hesitate at the stairs? Stiff mornings are the first sign that joints need help. Two soft chews a "
    "day, and most dogs move easier within weeks."
)

LIBRARY: Final = Screen("Templates", "/templates", [(MAIN, "1 to 24 of")])

SEED: Final = """
with ads as (
    insert into public.scraped_ads (organization_id, ad_archive_id, brand_id, source, page_id, page_name, body, title,
        cta, display_format, snapshot_url, platforms, started_on, ended_on, first_seen_at, last_seen_at, times_seen,
        variants, is_active, search)
    select b.organization_id, '80' || lpad(i::text, 13, '0'), b.id, 'upload', '9' || i %% 2000, 'Page ' || i %% 2000,
        i || ' ' || %(words)s, 'Title ' || i, 'SHOP_NOW', 'image', 'https://www.facebook.com/ads/library/?id=80' || i,
        array['facebook', 'instagram'], current_date - (20 + i %% 400),
        case when i %% 3 = 0 then current_date - i %% 20 end, now() - interval '20 days', now() - interval '1 day',
        1 + i %% 5, 1 + i %% 9, i %% 3 <> 0, %(search)s || i %% 10
    from public.brands b, generate_series(%(first)s::integer, %(last)s::integer) i where b.id = %(brand)s
    returning organization_id, brand_id, ad_archive_id, substr(ad_archive_id, 3)::integer as i
), media as (
    insert into public.scraped_ad_media (organization_id, ad_archive_id, position, source_url, status, tries, sha256,
        storage_key, mime, bytes, width, height, phash)
    select organization_id, ad_archive_id, position, 'https://scontent.example/' || i || '/' || position,
        case when position = 0 then 'stored' else 'failed' end, 1 + 2 * position,
        case when position = 0 then encode(sha256(convert_to('picture ' || i, 'utf8')), 'hex') end,
        case when position = 0 then (%(keys)s::text[])[1 + i %% cardinality(%(keys)s::text[])] end,
        'image/png', 20000, 1080, 1080, '0f0f0f0f0f0f0f0f'
    from ads, generate_series(0, 1) position
), queue as (
    insert into public.template_queue (organization_id, brand_id, ad_archive_id, sha256, storage_key, width, height,
        phash, status, reading, flags, confidence, decided_at, decided_how)
    select organization_id, brand_id, ad_archive_id, encode(sha256(convert_to('picture ' || i, 'utf8')), 'hex'),
        (%(keys)s::text[])[1 + i %% cardinality(%(keys)s::text[])], 1080, 1080, '0f0f0f0f0f0f0f0f', s.status,
        case when s.status <> 'pending' then jsonb_build_object('reader', 'rules@1', 'name', 'Headline top ' || i,
            'description', 'Square picture. Words above, picture below.', 'layout', l.layout, 'industry', 'pets',
            'audience', 'owners of big dogs', 'awareness', l.stage, 'hook', l.hook, 'unseen',
            jsonb_build_array('faces', 'logos'), 'flagged', '[]'::jsonb, 'text_regions', jsonb_build_array(
            jsonb_build_object('left', 0.1, 'top', 0.1, 'width', 0.8, 'height', 0.2))) end,
        '{}', case when s.status <> 'pending' then 0.4 + (i %% 50) / 100.0 end,
        case when s.status in ('approved', 'rejected') then now() end,
        case when s.status in ('approved', 'rejected') then 'rules' end
    from ads, lateral (select case when i %% 10 < 4 then 'approved' when i %% 10 = 4 then 'analysed'
            when i %% 10 = 5 then 'pending' when i %% 10 = 6 then 'rejected' end as status) s,
        lateral (select
            (array['headline_top', 'before_after', 'framed', 'text_led', 'comparison'])[1 + i %% 5] as layout,
            (array['unaware', 'problem_aware', 'solution_aware', 'product_aware'])[1 + i %% 4] as stage,
            (array['question', 'story', 'deal', 'claim', 'statistic'])[1 + i %% 5] as hook) l
    where s.status is not null
    returning *
)
insert into public.templates (organization_id, brand_id, queue_id, ad_archive_id, name, description, layout, industry,
    audience, awareness, hook, text_regions, storage_key, sha256, width, height, phash, created_at)
select organization_id, brand_id, id, ad_archive_id, reading ->> 'name', reading ->> 'description',
    reading ->> 'layout', reading ->> 'industry', reading ->> 'audience', reading ->> 'awareness', reading ->> 'hook',
    reading -> 'text_regions', storage_key, sha256, width, height, phash, now()
from queue where status = 'approved'
"""

# Of a thousand templates, each with an ad that was made from it and ran for thirty days beside ten thousand others.
RESULTS: Final = """
with product as (
    insert into public.products (brand_id, name) values (%(brand)s, 'Chews') returning id
), run as (
    insert into public.creation_runs (brand_id, id, product_id, parameters, wanted, sizes)
    select %(brand)s, gen_random_uuid(), id, '{}', 1, '{1080x1080}' from product, generate_series(1, 1000)
    returning id, product_id
), numbered as (
    select id, product_id, row_number() over () as n from run
), used as (
    select id, row_number() over (order by id) as n from public.templates where brand_id = %(brand)s limit 1000
), made as (
    insert into public.generated_ads (brand_id, run_id, variation, token, product_id, template_id, status, copy, writer)
    select %(brand)s, r.id, 1, 'VT-' || translate(lpad(to_hex(r.n), 8, '0'), '0123456789abcdef', 'ABCDEFGHJKMNPQRS'),
        r.product_id, u.id, 'approved', '{}', 'rules@1'
    from numbered r join used u using (n) returning id, template_id, product_id
), counted as (
    insert into public.template_usage (brand_id, product_id, template_id, uses, last_used_at)
    select %(brand)s, product_id, template_id, 1, now() from made
), tied as (
    insert into public.generated_ad_matches (brand_id, ad_id, generated_ad_id)
    select %(brand)s, 'made' || row_number() over (), id from made returning ad_id
)
insert into public.ad_performance_daily (brand_id, account_id, ad_id, date, currency, impressions, spend, link_clicks,
    results, result_type)
select %(brand)s, 'act_1', ad_id, current_date - day, 'USD', 2000, 20, 30, day %% 3, 'purchase'
from (select ad_id from tied union all select 'other' || i from generate_series(1, 10000) i) made,
    generate_series(1, 30) day
"""


def run(installation: Installation) -> list[Result]:
    """What the page and the jobs ask, with few ads and with many."""
    brand_id = installation.new_brand()
    calls: dict[int, dict[str, float]] = {}
    scrapes: dict[int, dict[str, float]] = {}
    nothing: list[float] = []
    for ads in _growing(installation, brand_id):
        calls[ads] = _calls(installation, brand_id)
        nothing += [timed(lambda: installation.owner.call("schema_version")) for _ in range(ASKED)]
        scrapes[ads] = _scrape(installation, brand_id, ads)
    reference = Figure("reference: an empty RPC, median", median(nothing), "s")
    return [
        _compared(f"What a signed-in member asks of {MANY:,} ads", calls, _call_target, [reference]),
        _compared(f"A scrape of {SCRAPE_ADS} ads into {MANY:,}", scrapes, lambda _: None, []),
    ]


def run_pages(installation: Installation) -> list[Result]:
    """The page in a real browser, with few ads and with many."""
    brand_id = installation.new_brand()
    two = pages.serve(installation, "two", pages.TWO_SCRIPTS)
    url = session.start_web(installation.children, installation.endpoints, free_port())
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        try:
            switches = {ads: _switches(browser, url) for ads in _growing(installation, brand_id)}
            return [_in_browser(switches, _reference(browser, two))]
        finally:
            browser.close()


def _growing(installation: Installation, brand_id: str) -> Iterator[int]:
    """The number of ads that the library has by now: few, then many."""
    keys = _stored(installation, brand_id)
    begun = 0
    with psycopg.connect(installation.endpoints.db_url, autocommit=True) as database:
        for ads in (FEW, MANY):
            _seed(database, brand_id, keys, first=begun + 1, last=ads)
            if not begun:
                _results(database, brand_id)
            begun = ads
            # As autovacuum would have by then.
            database.execute("vacuum analyze")
            yield ads


def _stored(installation: Installation, brand_id: str) -> list[str]:
    keys = []
    for number in range(PICTURES):
        # About as much detail as a photo has: noise of single pixels would weigh ten times as much as any ad.
        image = Image.effect_noise((36, 36), 40 + number).resize((1080, 1080), Image.Resampling.BICUBIC).convert("RGB")
        ImageDraw.Draw(image).text((60, 60), f"Picture {number}", fill=(20, 40, 80), font_size=96)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=85)
        file = installation.scratch / "picture"
        file.write_bytes(out.getvalue())
        keys.append(storage.key(brand_id, hashlib.sha256(out.getvalue()).hexdigest()))
        installation.storage.put("assets", keys[-1], file, "image/jpeg")
    return keys


def _seed(database: psycopg.Connection, brand_id: str, keys: list[str], *, first: int, last: int) -> None:
    given = {"brand": brand_id, "keys": keys, "first": first, "last": last, "words": WORDS, "search": _search("")}
    database.execute(SEED, given)


def _results(database: psycopg.Connection, brand_id: str) -> None:
    given = {"brand": brand_id}
    database.execute(
        "insert into public.ad_accounts (brand_id, account_id, currency, source)"
        " values (%(brand)s, 'act_1', 'USD', 'meta')",
        given,
    )
    database.execute(RESULTS, given)
    database.execute("select public.snapshot_days(%(brand)s, 'act_1', current_date - 60, current_date)", given)


def _search(number: object) -> str:
    return f"https://www.facebook.com/ads/library/?active_status=active&country=US&q=dog{number}"


def _calls(installation: Installation, brand_id: str) -> dict[str, float]:
    db, every = installation.owner, Filter()
    shown = [item["id"] for item in templates.library(db, brand_id, every)["items"]]
    product = str(uuid4())
    asked: Mapping[str, Callable[[], Any]] = {
        "counts above every view": lambda: templates.counts(db, brand_id),
        "first page of the library": lambda: templates.library(db, brand_id, every),
        "a later page, newest first": lambda: templates.library(db, brand_id, Filter(sort="newest"), page=40),
        "by name": lambda: templates.library(db, brand_id, Filter(sort="name")),
        "of one layout": lambda: templates.library(db, brand_id, Filter(layout="framed")),
        "a search": lambda: templates.library(db, brand_id, Filter(search="page 77")),
        "a search that finds nothing": lambda: templates.library(db, brand_id, Filter(search="no such word")),
        "what waits for a person": lambda: templates.review(db, brand_id, limit=5),
        "one template": lambda: templates.one(db, shown[0]),
        "five templates for an ad": lambda: creations.template_choices(db, brand_id, product, None, 5),
        "what became of a page's templates": lambda: templates.results(db, brand_id, shown),
        "names of other brands": lambda: creations.foreign_names(db, brand_id),
        "media due (the worker)": lambda: scraped_ads.media_due(installation.db, brand_id, images_only=True, limit=500),
    }
    found = {}
    for name, ask in asked.items():
        ask()
        found[name] = median([timed(ask) for _ in range(ASKED)])
    return found


def _scrape(installation: Installation, brand_id: str, ads: int) -> dict[str, float]:
    """A complete scrape of a search that knows a tenth of these ads and sees half of those that may be brought."""
    db, scrape = installation.db, str(uuid4())
    number = 1 if ads == FEW else 2
    rows = [
        {"ad_archive_id": f"80{10 * at + number:013d}", "body": WORDS, "media": [{"kind": "image", "source_url": None}]}
        for at in range(SCRAPE_ADS)
    ]
    now = clock.now()
    return {
        "begun": timed(lambda: scraped_ads.begin(db, brand_id, scrape, "upload", _search(number), now=now)),
        f"{SCRAPE_ADS} ads saved": timed(lambda: scraped_ads.save(db, scrape, rows)),
        "ended, the others marked": timed(
            lambda: scraped_ads.finish(db, scrape, "completed", counts={}, complete=True, now=now)
        ),
    }


def _switches(browser: Browser, url: str) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {}
    home = replace(HOME, shows=[])
    with pages.new_browser(browser) as page:
        pages.open_page(page, url, home)
        for _ in range(LAPS):
            for name, took in _lap(page, home):
                seconds.setdefault(name, []).append(took)
    return seconds


def _lap(page: Page, home: Screen) -> list[tuple[str, float]]:
    found = [("the library", pages.switch(page, LIBRARY))]
    for name, label, shows in (
        ("what waits for a person", "To review", "want a look"),
        ("where ads are added", "Add ads", "Or search the Ad Library"),
        ("back to the library", "Library", "1 to 24 of"),
    ):
        button = page.get_by_test_id("stMain").get_by_role("radio", name=label).first
        wanted = replace(LIBRARY, shows=[(MAIN, shows)]).wanted
        found.append((name, pages.press(page, button.click, wanted)[0]))
    box = page.get_by_label("Search", exact=True)
    for name, words, shows in (("a search", "page 77", "Page 77"), ("all again", "", "1 to 24 of")):
        box.fill(words)
        wanted = replace(LIBRARY, shows=[(MAIN, shows)]).wanted
        found.append((name, pages.press(page, lambda: box.press("Enter"), wanted)[0]))
    pages.switch(page, home)
    return found


def _reference(browser: Browser, two: str) -> float:
    with pages.new_browser(browser) as page:
        pages.open_page(page, two, pages.FIRST)
        return median([pages.switch(page, screen) for _ in range(LAPS) for screen in (pages.SECOND, pages.FIRST)])


def _call_target(name: str) -> float:
    return CHOICE_TARGET_S if name == "five templates for an ad" else CALL_TARGET_S


def _compared(
    title: str,
    found: Mapping[int, Mapping[str, float]],
    target: Callable[[str], float | None],
    reference: Sequence[Figure],
) -> Result:
    figures = list(reference)
    for name, seconds in found[MANY].items():
        figures += [
            Figure(name, seconds, "s", target(name)),
            Figure(f"  / with {FEW:,} ads ({found[FEW][name]:.3f} s)", seconds / found[FEW][name], "×"),
        ]
    return Result(title, figures)


def _in_browser(found: Mapping[int, Mapping[str, list[float]]], reference: float) -> Result:
    figures = [Figure("reference: between two empty Streamlit pages, median", reference, "s")]
    for name, seconds in found[MANY].items():
        figures += [
            Figure(f"{name}, median", median(seconds), "s", SWITCH_TARGET_S),
            Figure(f"  / with {FEW:,} ads", median(seconds) / median(found[FEW][name]), "×"),
            Figure("  / reference", median(seconds) / reference, "×"),
        ]
    return Result(f"From a click to the page Templates, {MANY:,} ads, {LAPS} times", figures)
