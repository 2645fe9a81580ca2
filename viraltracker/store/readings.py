"""What pages ask about readings: one ad's, the videos', what wants a look, what it has cost. And a person's word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from viraltracker.errors import Refused
from viraltracker.store.client import Database

Json = dict[str, Any]

CHANGED: Final = "This label has changed since it was shown; look at it again."
"""What the database says to a word on a label that is not the one that counts any more."""


def of_ad(db: Database, brand_id: str, ad_id: str) -> Json:
    """All that was read of one ad: `{ad, assets, page, spend, shared, readings, history, unanswered, video,
    congruence}`.

    `readings` are rows of `ad_creative_classifications` that stand, by reading and then the best first; `history` those
    that were replaced; `congruence` rows of `component, weight, score, quote_ad, quote_page, why, basis, classifier`.
    `spend` is `{spend, currency, first, last}` of the last 30 days with data, `shared` how many ads have each input, by
    reading, and `unanswered` the newest call without a reading for each: `reading, classifier, state, reason, detail,
    started_at, batch_id`. `ad`, `page`, `spend` and `video` are None where there is none.
    """
    answer: Json = db.call("ad_readings", p_brand=brand_id, p_ad=ad_id)
    return answer


def ads(
    db: Database,
    brand_id: str,
    *,
    search: str = "",
    awareness: str | None = None,
    ad_format: str | None = None,
    limit: int = 50,
    offset: int = 0,
    dataset_id: str | None = None,
) -> Json:
    """The brand's ads with their labels, highest spend of the last 30 days with data first; or a file's.

    `{first, last, total, found, awareness, formats, ads}`: `awareness` and `formats` count all ads by label, "" those
    without one, which is also how to ask for these. An ad has `ad_id, name, effective_status, object_type, headline,
    spend, currency, awareness, awareness_confidence, format, hook, angle, reader`.
    """
    answer: Json = db.call(
        "ad_list",
        p_brand=brand_id,
        p_search=search,
        p_awareness=awareness,
        p_format=ad_format,
        p_limit=limit,
        p_offset=offset,
        p_dataset=dataset_id,
    )
    return answer


def videos(db: Database, brand_id: str, *, since: date, until: date) -> list[Json]:
    """The brand's videos, highest spend first.

    Of each `id, sha256, status, reason, storage_key, mime, bytes, duration_s, ads, ad_ids, name, headline` (`id` is
    Meta's own where the video is not stored, and `status` says why); sums over the days (`impressions, spend, video_3s,
    thruplays, p25 … p100, link_clicks, results, currency, one_currency`); and what an analysis says in short (`hook,
    persona, classifier, provider, awareness_opening, awareness_end, production`).
    """
    answer: list[Json] = db.call("videos", p_brand=brand_id, p_from=since, p_to=until)
    return answer


def last_full_day(db: Database, brand_id: str) -> date | None:
    """The last day with all its numbers, of any account of the brand; None before the first."""
    answer: str | None = db.call("last_full_day", p_brand=brand_id)
    return None if answer is None else date.fromisoformat(answer)


def of_video(db: Database, brand_id: str, video_id: str, *, since: date, until: date) -> Json | None:
    """One of `videos` with all about it: `{video, analysis, read_by, failure, ads}`, None where there is none.

    `analysis` is the row of `ad_video_analysis` that counts, or None; then `read_by` names those who read the creative
    without watching it, and `failure` (`classifier, state, reason, finished_at`) what went wrong last. Each of `ads`
    has `ad_id, name, effective_status`, its own sums, `page, page_status`, and `congruence` as in `of_ad`.
    """
    answer: Json | None = db.call("video_readings", p_brand=brand_id, p_from=since, p_to=until, p_video=video_id)
    return answer


def review_queue(db: Database, brand_id: str, *, days: int = 30, limit: int = 50) -> Json:
    """`{total, items}`: labels that want a look, highest spend first.

    An item has `reading, input_hash, ads, spend, currency, ad_id, ad_name, primary_text, headline, page, best` (the row
    that counts), `rival` (another classifier's stage, or None) and `reason`: `disagree`, `unclear` or `unsure`.
    """
    answer: Json = db.call("review_queue", p_brand=brand_id, p_days=days, p_limit=limit)
    return answer


def congruence_overview(db: Database, brand_id: str, *, days: int = 30, limit: int = 10) -> Json:
    """How well ads fit their pages: `{first, last, ads, spend, total, currency, worst}`, of the ads with spend.

    `total` is 0 to 5, weighed by spend, None without any; `worst` are ads, those that lose most first, with their
    weakest component: `ad_id, ad_name, spend, total, page, component, score, quote_ad, quote_page, why, basis,
    classifier`.
    """
    answer: Json = db.call("congruence_overview", p_brand=brand_id, p_days=days, p_limit=limit)
    return answer


def correct(
    db: Database, brand_id: str, reading: str, input_hash: str, labels: Mapping[str, str], *, seen: str | None = None
) -> str:
    """A person's word: labels by list over what stands; none of them confirms it. The new row's id.

    `seen` is the id of the row that the person saw. Raises BadInput for a label outside its list, and with the sentence
    `CHANGED` where another row counts by now; Refused without the right to write.
    """
    return str(
        db.call(
            "correct_reading",
            p_brand=brand_id,
            p_reading=reading,
            p_input_hash=input_hash,
            p_labels=dict(labels),
            p_seen=seen,
        )
    )


def withdraw(db: Database, brand_id: str, reading: str, input_hash: str, *, row: str | None = None) -> bool:
    """Takes the person's word back; False where there was none, or a later one than that of `row` stands."""
    return bool(db.call("withdraw_correction", p_brand=brand_id, p_reading=reading, p_input_hash=input_hash, p_row=row))


def coverage(db: Database, brand_id: str, *, since: date, until: date) -> Json:
    """`{currency, left_out, spend, ads, by: [{classifier, spend, ads}]}`: how much of the money whose stages cover.

    Of the currency that most was spent in, None without any; `left_out` are the others. Classifier None: nobody's.
    """
    answer: Json = db.call("classification_coverage", p_brand=brand_id, p_from=since, p_to=until)
    return answer


def agreement(db: Database, brand_id: str) -> list[Json]:
    """`[{classifier, reading, n, same_stage, near_stage}]`: how often people who looked gave the classifier's stage.

    Labels that the classifier left unclear do not count.
    """
    answer: list[Json] = db.call("label_agreement", p_brand=brand_id)
    return answer


def costs(db: Database, brand_id: str) -> Json:
    """`{budget_usd, month, in_flight_usd, open_batches, months}`, US dollars; see `model_costs` in the database."""
    answer: Json = db.call("model_costs", p_brand=brand_id)
    return answer


def set_budget(db: Database, brand_id: str, dollars: Decimal) -> None:
    """What readings by models may cost in a calendar month.

    Raises BadInput out of 0 to 1,000,000, Refused without the right to write.
    """
    if not db.update("brands", {"model_budget_usd": dollars}, where={"id": brand_id}):
        raise Refused("You may not change the budget of this brand.")
