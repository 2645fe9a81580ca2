"""full_analysis in a warm process: how long, how many round trips, and how both grow with the ads."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

import psycopg

from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, Stopwatch, at_share, median, timed, unseen
from benchmarks.sync import sync_demo
from viraltracker import clock
from viraltracker.analysis import blocks, full_analysis, question, rows, sources
from viraltracker.creatives import classification
from viraltracker.creatives.classifier import Panel
from viraltracker.intelligence.analyse import analyse

DAYS = 30
QUESTIONS = 25
WARM_UP = 3
SLOW_QUESTIONS = 10
SLOW_TRIP_S = 0.020
MANY_QUESTIONS = 5
MORE_ADS, MANY_ADS = 2_000, 10_000
MANY_DAYS = 90
TARGET_S = 0.5
SLOW_TARGET_S = 0.9
MANY_TARGET_S = 5.0
TARGET_MB = 600.0
TARGET_TRIPS = 15

# Each runs on 90 days on end: half of them to the last day, the others ended up to 90 days before.
SYNTHETIC_ADS = """
with made as (select i, '1202' || lpad(i::text, 8, '0') as ad_id from generate_series(1, %(ads)s) i), structure as (
    insert into public.campaigns (brand_id, account_id, campaign_id, name, objective, effective_status)
    select %(brand)s, %(account)s, 'c' || i, 'Campaign ' || i, 'OUTCOME_SALES', 'ACTIVE' from generate_series(0, 19) i
), sets as (
    insert into public.ad_sets (brand_id, account_id, ad_set_id, campaign_id, name, effective_status, optimization_goal)
    select %(brand)s, %(account)s, 's' || i, 'c' || i %% 20, 'Ad set ' || i, 'ACTIVE', 'OFFSITE_CONVERSIONS'
    from generate_series(0, 199) i
), ads as (
    insert into public.ads (brand_id, account_id, ad_id, ad_set_id, campaign_id, name, effective_status, primary_text,
        object_type, creative_id, image_hash, created_time, creative_changed_at)
    select %(brand)s, %(account)s, ad_id, 's' || i %% 200, 'c' || i %% 20, 'Ad ' || i,
        case when i %% 2 = 0 then 'ACTIVE' else 'PAUSED' end, 'Text ' || i,
        'image', 'cr' || i, md5(i::text), now() - interval '90 days', now() - interval '90 days' from made
), readings as (
    insert into public.ad_creative_classifications (brand_id, reading, input_hash, prompt_version, classifier,
        awareness, awareness_confidence, format)
    select %(brand)s, reading, encode(sha256(convert_to(reading || i, 'utf8')), 'hex'), '1', 'rules@1',
        (array['unaware', 'problem_aware', 'solution_aware', 'product_aware', 'most_aware'])[1 + i %% 5], 0.8,
        (array['testimonial', 'demo', 'offer'])[1 + i %% 3]
    from made, unnest(array['creative', 'copy']) reading where i <= %(ads)s * 2 / 3
), links as (
    insert into public.ad_classification_links (brand_id, ad_id, reading, input_hash)
    select %(brand)s, ad_id, reading,
        encode(sha256(convert_to(reading || 1 + i %% (%(ads)s * 2 / 3), 'utf8')), 'hex')
    from made, unnest(array['creative', 'copy']) reading
)
insert into public.ad_performance_daily (brand_id, account_id, ad_id, date, currency, impressions, spend, reach, clicks,
    link_clicks, outbound_clicks, landing_page_views, adds_to_cart, checkouts, purchases, purchase_value, purchase_key,
    results, result_type, actions, action_values, attribution_setting)
select %(brand)s, %(account)s, ad_id, %(until)s::date - day, 'USD', n, n * 0.012, n * 0.8, n * 0.02, n * 0.012,
    n * 0.01, n * 0.008, n * 0.002, n * 0.001, n * 0.0005, n * 0.02, 'omni_purchase', n * 0.0005, 'purchase',
    jsonb_build_array(jsonb_build_object('action_type', 'omni_purchase', 'value', n)),
    jsonb_build_array(jsonb_build_object('action_type', 'omni_purchase', 'value', n)), '7d_click_1d_view'
from made, generate_series(0, 179) day,
    lateral (select 1000 + abs(hashint4(i * 97 + day)) %% 20000 as n) x
where day between i %% 2 * (i %% 91) and i %% 2 * (i %% 91) + 89
"""


@dataclass(frozen=True)
class Timing:
    """Of several analyses, in the order they were asked for."""

    seconds: list[float]
    waiting: list[float]
    trips: int
    ads: int

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.seconds)


def run(installation: Installation) -> list[Result]:
    """The demo account, the same with slower round trips, and a brand with many more ads."""
    account, report = sync_demo(installation)
    now = clock.now()
    last_day = sources.choose(installation.db, account.brand_id).last_day or report.date_to - timedelta(days=1)
    read = classification.classify_brand(
        installation.db,
        installation.storage,
        account.brand_id,
        job_run_id=None,
        since=report.date_from,
        until=report.date_to,
        limits=classification.Limits(max_new=5_000, max_video=0),
        panel=Panel(),
        guard=lambda: None,
        progress=unseen,
    )
    ask = partial(_ask, installation, account.brand_id, now=now)
    ask(WARM_UP, days=7, last_day=last_day)
    demo = ask(QUESTIONS, days=DAYS, last_day=last_day)
    nothing = [
        timed(lambda: [installation.db.call("schema_version") for _ in range(demo.trips)]) for _ in range(QUESTIONS)
    ]
    far = ask(SLOW_QUESTIONS, days=DAYS - 1, last_day=last_day, delay_s=SLOW_TRIP_S)
    more, _, _ = _with_many(installation, MORE_ADS, last_day, now)
    many, first, brand_id = _with_many(installation, MANY_ADS, last_day, now)
    as_member = [timed(lambda: _read_and_judge(installation, brand_id, now)) for _ in range(MANY_QUESTIONS)]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Result(
            f"Analysis of {report.ads} ads ({demo.ads} in the window) × {DAYS} days, warm, {QUESTIONS} questions",
            [
                Figure("median", demo.median, "s", TARGET_S),
                Figure("95 of 100 under", at_share(demo.seconds, 0.95), "s"),
                Figure("HTTP round trips per analysis", demo.trips, "", TARGET_TRIPS),
                Figure("of it, waiting for PostgREST", median(demo.waiting), "s"),
                Figure("daily rows stored for the account", report.rows, "rows"),
                Figure("classified inputs behind it", read.new, "readings"),
                Figure(f"reference: an empty RPC × {demo.trips}, median", median(nothing), "s"),
                Figure("analysis / reference", demo.median / median(nothing), "×"),
            ],
        ),
        Result(
            f"The same with {SLOW_TRIP_S * 1000:.0f} ms added to each round trip",
            [
                Figure("median", far.median, "s", SLOW_TARGET_S),
                Figure("HTTP round trips per analysis", far.trips, "", TARGET_TRIPS),
            ],
        ),
        Result(
            f"The same for {many.ads:,} ads × {MANY_DAYS} days, each with a row on 90 of them",
            [
                Figure("as a member, who may not store it: median", median(as_member), "s", MANY_TARGET_S),
                Figure("by the worker, storing it: median", many.median, "s"),
                Figure("HTTP round trips per analysis", many.trips, "", TARGET_TRIPS),
                Figure("of it, waiting for PostgREST", median(many.waiting), "s"),
                Figure("the worker's first one, before the planner's statistics hold the brand", first.median, "s"),
                Figure("peak memory of the process", peak_mb, "MB", TARGET_MB),
                Figure(f"reference: {more.ads:,} ads, median", more.median, "s"),
                Figure("time per ad / reference", many.median / many.ads / (more.median / more.ads), "×", 1.0),
            ],
        ),
    ]


def _ask(
    installation: Installation,
    brand_id: str,
    questions: int,
    *,
    days: int,
    last_day: date,
    now: datetime,
    delay_s: float = 0.0,
) -> Timing:
    """Each question ends one day earlier than the one before, so no stored analysis answers it."""
    trips = installation.trips
    seconds, waiting, counts, ads = [], [], set(), 0
    trips.delay_s = delay_s
    try:
        for back in range(questions):
            db = installation.timed()
            watch: Stopwatch = db.watch
            trips.reset()
            start = clock.monotonic()
            stored = full_analysis.analyse(db, brand_id, days=days, now=now, date_to=last_day - timedelta(days=back))
            seconds.append(clock.monotonic() - start)
            waiting.append(sum(watch.seconds.values()))
            counts.add(trips.requests)
            if stored.reused:
                raise AssertionError("an earlier analysis answered: nothing was measured")
            if back == 0:
                ads = _ads(installation, stored.run_id)
    finally:
        trips.delay_s = 0.0
    return Timing(seconds, waiting, max(counts), ads)


def _ads(installation: Installation, run_id: str) -> int:
    rows = installation.db.rows("ad_intelligence_runs", columns="id,summary", where={"id": run_id})
    return int(rows[0]["summary"]["ads"])


def _with_many(installation: Installation, ads: int, last_day: date, now: datetime) -> tuple[Timing, Timing, str]:
    """Of a brand with many ads: analyses, the first one before the planner's statistics hold it, and its id."""
    brand_id = many_ads(installation, ads, last_day)
    first = _ask(installation, brand_id, 1, days=MANY_DAYS - 1, last_day=last_day, now=now)
    with psycopg.connect(installation.endpoints.db_url, autocommit=True) as connection:
        # Vacuumed too: else the server does it by itself meanwhile, on a core that is being measured.
        connection.execute("vacuum (analyze)")
    return _ask(installation, brand_id, MANY_QUESTIONS, days=MANY_DAYS, last_day=last_day, now=now), first, brand_id


def _read_and_judge(installation: Installation, brand_id: str, now: datetime) -> None:
    """All of an analysis but storing it, which only a worker may."""
    asked = question.ask(installation.owner, brand_id, days=MANY_DAYS, now=now)
    read = rows.read(installation.owner, brand_id, asked)
    blocks.summary("", analyse(read.ads, read.context, read.days).as_dict(), read.notes)


def many_ads(installation: Installation, ads: int, until: date) -> str:
    account = installation.demo_account()
    values = {"brand": account.brand_id, "account": account.account_id, "ads": ads, "until": until}
    with psycopg.connect(installation.endpoints.db_url, autocommit=True) as connection:
        connection.execute(
            "update public.ad_accounts set currency = 'USD', timezone = 'America/New_York' where brand_id = %(brand)s",
            values,
        )
        # Before the rows, so that the first analysis meets a planner that has not heard of this brand.
        connection.execute("analyze")
        connection.execute(SYNTHETIC_ADS, values)
    return account.brand_id
