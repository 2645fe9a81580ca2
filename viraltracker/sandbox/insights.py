"""The insights edge: which rows a call has, summed to its level and days, cached as JSON text per field set."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import numpy as np

from viraltracker.sandbox import fields as field_lists
from viraltracker.sandbox import filtering, graph_errors
from viraltracker.sandbox.demo import catalog
from viraltracker.sandbox.demo.account import DemoAccount
from viraltracker.sandbox.demo.roster import DAYS, AdPlan
from viraltracker.sandbox.insights_rows import WRITERS, Labels, Number, quoted, row_json

LEVELS = ("ad", "adset", "campaign", "account")
_DEFAULT_FIELDS = ("account_id", "impressions", "spend")
_CACHED_FIELD_SETS = 8
_PRESET_DAYS = {"last_3d": 3, "last_7d": 7, "last_14d": 14, "last_28d": 28, "last_30d": 30, "last_90d": 90}
_OLDEST_MONTHS = 37


@dataclass(frozen=True)
class InsightsQuery:
    """One insights call, checked. `step` is days per row, None for one row over all days."""

    level: str
    since: date
    until: date
    step: int | None
    fields: tuple[str, ...]
    ads: frozenset[str] | None
    """Only these ads; None for all of the account."""


RowKey = tuple[int, int] | Callable[[], str]
"""Ad and day of a daily row, or what makes a summed row."""


class InsightsTable:
    """Rows of one account, ready to be sliced into pages."""

    def __init__(self, account: DemoAccount) -> None:
        self._account = account
        names = [f.name for f in dataclasses.fields(account.figures)]
        self._arrays = {name: getattr(account.figures, name) for name in names}
        self._lists = {name: array.tolist() for name, array in self._arrays.items()}
        self._labels = [_labels(plan, "ad", account) for plan in account.plans]
        self._daily: dict[tuple[str, ...], dict[tuple[int, int], str]] = {}

    def rows(self, query: InsightsQuery) -> Sequence[RowKey]:
        """Row keys of a daily ad query, or row makers of any other; `text` turns either into JSON."""
        first = max(0, self._account.column(query.since))
        last = min(DAYS - 1, self._account.column(query.until))
        wanted = [r for r, plan in enumerate(self._account.plans) if query.ads is None or plan.ad_id in query.ads]
        if query.level == "ad" and query.step == 1:
            impressions = self._lists["impressions"]
            return [(r, d) for r in wanted for d in range(first, last + 1) if impressions[r][d]]
        return self._summed(query, wanted, first, last)

    def text(self, query: InsightsQuery, keys: Sequence[RowKey]) -> list[str]:
        """The JSON text of these rows."""
        if query.fields not in self._daily:
            if len(self._daily) >= _CACHED_FIELD_SETS:
                self._daily.clear()
            self._daily[query.fields] = {}
        cache = self._daily[query.fields]
        found = []
        for key in keys:
            if not isinstance(key, tuple):
                found.append(key())
                continue
            row = cache.get(key)
            if row is None:
                row = cache[key] = self._daily_row(query.fields, *key)
            found.append(row)
        return found

    def _daily_row(self, fields: tuple[str, ...], row: int, column: int) -> str:
        day = f'"{self._account.day(column).isoformat()}"'
        metrics = {name: values[row][column] for name, values in self._lists.items()}
        return row_json(fields, metrics, {**self._labels[row], "date_start": day, "date_stop": day})

    def _summed(self, query: InsightsQuery, wanted: list[int], first: int, last: int) -> list[Callable[[], str]]:
        groups: dict[str, list[int]] = {}
        for row in wanted:
            groups.setdefault(_group_id(self._account.plans[row], query.level), []).append(row)
        # Periods start at the asked day, also where the account has no figures yet.
        offset = self._account.column(query.since)
        step = query.step or (query.until - query.since).days + 1
        makers: list[Callable[[], str]] = []
        for members in groups.values():
            for start in range(offset, self._account.column(query.until) + 1, step):
                low, high = max(start, first), min(start + step - 1, last)
                if high >= low and self._arrays["impressions"][members, low : high + 1].any():
                    stop = min(start + step - 1, self._account.column(query.until))
                    makers.append(partial(self._sum_row, query, members, start, stop))
        return makers

    def _sum_row(self, query: InsightsQuery, members: list[int], start: int, stop: int) -> str:
        low, high = max(start, 0), min(stop, DAYS - 1)
        metrics: dict[str, Number] = {
            name: array[members, low : high + 1].sum().item() for name, array in self._arrays.items()
        }
        # People are counted once: reach grows slower than its sum over ads and days.
        crowd = self._arrays["reach"][members, low : high + 1]
        busiest = int(crowd.sum(axis=0).max())
        parts = np.count_nonzero(crowd)
        metrics["reach"] = max(1, min(int(metrics["reach"]), int(max(busiest, metrics["reach"] / parts**0.15))))
        labels = {
            **_labels(self._account.plans[members[0]], query.level, self._account),
            "date_start": f'"{self._account.day(start).isoformat()}"',
            "date_stop": f'"{self._account.day(stop).isoformat()}"',
        }
        return row_json(query.fields, metrics, labels)


def _group_id(plan: AdPlan, level: str) -> str:
    return {
        "ad": plan.ad_id,
        "adset": plan.ad_set.ad_set_id,
        "campaign": plan.ad_set.campaign.campaign_id,
        "account": catalog.ACCOUNT_ID,
    }[level]


def _labels(plan: AdPlan, level: str, account: DemoAccount) -> Labels:
    campaign = plan.ad_set.campaign
    labels = {
        "account_id": catalog.ACCOUNT_ID.removeprefix("act_"),
        "account_name": catalog.ACCOUNT_NAME,
        "account_currency": catalog.CURRENCY,
        "attribution_setting": "7d_click_1d_view",
    }
    if level in {"campaign", "adset", "ad"}:
        labels |= {
            "campaign_id": campaign.campaign_id,
            "campaign_name": campaign.name,
            "objective": campaign.objective,
            "buying_type": "AUCTION",
        }
    else:
        labels["objective"] = "OUTCOME_SALES"
    if level in {"adset", "ad"}:
        labels |= {
            "adset_id": plan.ad_set.ad_set_id,
            "adset_name": plan.ad_set.name,
            "optimization_goal": plan.ad_set.optimization_goal,
        }
    if level == "ad":
        labels |= {
            "ad_id": plan.ad_id,
            "ad_name": ad_name(plan),
            "created_time": account.day(plan.first_day).isoformat(),
            "updated_time": account.day(plan.last_day).isoformat(),
        }
    return {name: quoted(text) for name, text in labels.items()}


def ad_name(plan: AdPlan) -> str:
    """As a media buyer names ads: what it is and which one."""
    return f"{plan.creative.copy.headline} | {plan.creative.creative_format} | {int(plan.ad_id[-4:])}"


def read_query(
    params: Mapping[str, str],
    *,
    default_level: str,
    scope: frozenset[str] | None,
    today: date,
    plans: tuple[AdPlan, ...],
) -> InsightsQuery:
    """Checks the parameters of an insights call; raises GraphError 100 or 3018."""
    level = params.get("level", default_level)
    if level not in LEVELS:
        raise graph_errors.invalid_parameter(f"level must be one of {{ad, adset, campaign, account}}, not {level}")
    for name in ("breakdowns", "action_breakdowns", "time_ranges"):
        if params.get(name, "[]") not in {"", "[]", '["action_type"]', "action_type"}:
            raise graph_errors.invalid_parameter(f"The sandbox does not serve {name}")
    fields = _read_fields(params.get("fields", ""))
    since, until = _read_days(params, today)
    return InsightsQuery(
        level,
        since,
        until,
        _read_step(params.get("time_increment", "all_days")),
        fields,
        _filtered(params.get("filtering", "[]"), scope, plans),
    )


def _read_fields(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in field_lists.as_csv(text).split(",") if name.strip()) or _DEFAULT_FIELDS
    for name in names:
        if name not in WRITERS:
            raise graph_errors.invalid_parameter(
                f"{name} is not valid for fields param. please check "
                "https://developers.facebook.com/docs/marketing-api/reference/ads-insights/ for all valid values"
            )
    # Meta always says which days a row covers.
    return (*dict.fromkeys(n for n in names if not n.startswith("date_")), "date_start", "date_stop")


def _read_step(text: str) -> int | None:
    if text == "all_days":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 90:
        raise graph_errors.invalid_parameter("time_increment must be 1 to 90 or all_days")
    return int(text)


def _read_days(params: Mapping[str, str], today: date) -> tuple[date, date]:
    if "time_range" in params:
        try:
            given = json.loads(params["time_range"])
            since, until = date.fromisoformat(given["since"]), date.fromisoformat(given["until"])
        except (ValueError, KeyError, TypeError):
            raise graph_errors.invalid_parameter("param time_range must have since and until as YYYY-MM-DD") from None
        if since > until:
            raise graph_errors.invalid_parameter("Must be a valid time_range: since is after until")
    else:
        since, until = _preset(params.get("date_preset", "last_30d"), today)
    if (today.year - since.year) * 12 + today.month - since.month > _OLDEST_MONTHS:
        raise graph_errors.GraphError(
            3018, "(#3018) The start date of the time range cannot be beyond 37 months from the current date"
        )
    return since, until


def _preset(name: str, today: date) -> tuple[date, date]:
    yesterday = today - timedelta(days=1)
    if name in _PRESET_DAYS:
        return today - timedelta(days=_PRESET_DAYS[name]), yesterday
    spans = {
        "today": (today, today),
        "yesterday": (yesterday, yesterday),
        "this_month": (today.replace(day=1), today),
        "last_month": (
            (today.replace(day=1) - timedelta(days=1)).replace(day=1),
            today.replace(day=1) - timedelta(days=1),
        ),
        "maximum": (today - timedelta(days=37 * 30), today),
    }
    if name not in spans:
        raise graph_errors.invalid_parameter(f"date_preset {name} is not one that the sandbox serves")
    return spans[name]


def _filtered(text: str, scope: frozenset[str] | None, plans: tuple[AdPlan, ...]) -> frozenset[str] | None:
    """`filtering` by object id or delivery status; other filters are refused, never ignored."""
    left = scope
    reads: dict[str, Callable[[AdPlan], str]] = {
        "ad.id": lambda p: p.ad_id,
        "adset.id": lambda p: p.ad_set.ad_set_id,
        "campaign.id": lambda p: p.ad_set.campaign.campaign_id,
        "ad.effective_status": lambda p: p.effective_status,
    }
    for rule in filtering.rules(text):
        if rule.field not in reads:
            raise filtering.invalid()
        matching = frozenset(plan.ad_id for plan in plans if reads[rule.field](plan) in rule.values)
        left = matching if left is None else left & matching
    return left
