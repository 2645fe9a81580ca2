"""From a daily insights row as Meta sends it to the columns of `ad_performance_daily`.

Numbers arrive as strings, and Meta leaves out an action that nobody did. So on a row with delivery an absent
action is 0 when the account reports that action anywhere in the window (`reported_actions`), and None when it
never does; any other absent metric is None. Counts that Meta lists under several action types are read from
ONE of them, by a fixed order, since the types overlap.

Source of names and overlaps: Meta's Marketing API reference, "Ads Insights" and "Ads Action Stats".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from viraltracker.errors import BadInput
from viraltracker.meta.fields import INSIGHT_ACTION_LISTS

PURCHASE_TYPES = (
    "omni_purchase",
    "purchase",
    "offsite_conversion.fb_pixel_purchase",
    "app_custom_event.fb_mobile_purchase",
)
LEAD_TYPES = (
    "lead",
    "onsite_conversion.lead_grouped",
    "offsite_conversion.fb_pixel_lead",
    "leadgen_grouped",
)
LINK_CLICK_TYPES = ("link_click",)
LANDING_PAGE_VIEW_TYPES = ("landing_page_view", "omni_landing_page_view")
CART_TYPES = (
    "omni_add_to_cart",
    "add_to_cart",
    "offsite_conversion.fb_pixel_add_to_cart",
    "app_custom_event.fb_mobile_add_to_cart",
)
CHECKOUT_TYPES = (
    "omni_initiated_checkout",
    "initiate_checkout",
    "offsite_conversion.fb_pixel_initiate_checkout",
    "app_custom_event.fb_mobile_initiated_checkout",
)
REGISTRATION_TYPES = (
    "omni_complete_registration",
    "complete_registration",
    "offsite_conversion.fb_pixel_complete_registration",
    "app_custom_event.fb_mobile_complete_registration",
)
INSTALL_TYPES = ("omni_app_install", "mobile_app_install", "app_install")
CONVERSATION_TYPES = ("onsite_conversion.messaging_conversation_started_7d",)
VIDEO_VIEW_TYPES = ("video_view",)

# `result_type` in the product's words → the action types it is counted by, best first.
RESULT_ACTIONS: Mapping[str, Sequence[str]] = {
    "purchase": PURCHASE_TYPES,
    "lead": LEAD_TYPES,
    "landing_page_view": LANDING_PAGE_VIEW_TYPES,
    "add_to_cart": CART_TYPES,
    "initiate_checkout": CHECKOUT_TYPES,
    "complete_registration": REGISTRATION_TYPES,
    "app_install": INSTALL_TYPES,
    "conversation": CONVERSATION_TYPES,
    "post_engagement": ("post_engagement",),
    "page_like": ("like",),
    "event_response": ("rsvp",),
    "video_view": VIDEO_VIEW_TYPES,
}
# Results that are columns of their own.
RESULT_COLUMNS: Mapping[str, str] = {
    "link_click": "link_clicks",
    "reach": "reach",
    "impression": "impressions",
    "thruplay": "thruplays",
}

# The goal of the ad set says what Meta counts; the campaign's objective only fills in where it does not.
RESULT_BY_GOAL: Mapping[str, str] = {
    "VALUE": "purchase",
    "LEAD_GENERATION": "lead",
    "QUALITY_LEAD": "lead",
    "LANDING_PAGE_VIEWS": "landing_page_view",
    "LINK_CLICKS": "link_click",
    "APP_INSTALLS": "app_install",
    "CONVERSATIONS": "conversation",
    "MESSAGING_PURCHASE_CONVERSION": "purchase",
    "POST_ENGAGEMENT": "post_engagement",
    "PAGE_LIKES": "page_like",
    "EVENT_RESPONSES": "event_response",
    "THRUPLAY": "thruplay",
    "REACH": "reach",
    "IMPRESSIONS": "impression",
}
RESULT_BY_OBJECTIVE: Mapping[str, str] = {
    "OUTCOME_SALES": "purchase",
    "OUTCOME_LEADS": "lead",
    "OUTCOME_TRAFFIC": "link_click",
    "OUTCOME_ENGAGEMENT": "post_engagement",
    "OUTCOME_AWARENESS": "reach",
    "OUTCOME_APP_PROMOTION": "app_install",
    "CONVERSIONS": "purchase",
    "PRODUCT_CATALOG_SALES": "purchase",
    "LEAD_GENERATION": "lead",
    "LINK_CLICKS": "link_click",
    "MESSAGES": "conversation",
    "APP_INSTALLS": "app_install",
    "POST_ENGAGEMENT": "post_engagement",
    "PAGE_LIKES": "page_like",
    "EVENT_RESPONSES": "event_response",
    "VIDEO_VIEWS": "thruplay",
    "REACH": "reach",
    "BRAND_AWARENESS": "reach",
}
_TYPE_BY_ACTION = {action: name for name, actions in RESULT_ACTIONS.items() for action in actions} | {
    "link_click": "link_click",
    "video_thruplay_watched_actions": "thruplay",
    "thruplay": "thruplay",
    "impressions": "impression",
    "reach": "reach",
}

_LARGEST_COUNT = 2**31 - 1
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?")


def reported_actions(rows: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """Everything that leaves a trace only when somebody did it, as seen anywhere in a window's rows.

    Holds action types; `value:` + type for action values; and the names of insights' other lists and of
    `inline_link_clicks`. It is the `account_reports` of `normalise`. Sets of several chunks may be joined.
    """
    seen: set[str] = set()
    for row in rows:
        seen.update(kind for kind, _ in _entries(row, "actions"))
        seen.update(f"value:{kind}" for kind, _ in _entries(row, "action_values"))
        seen.update(name for name in INSIGHT_ACTION_LISTS if any(_entries(row, name)))
        if not _blank(row.get("inline_link_clicks")):
            seen.add("inline_link_clicks")
    return frozenset(seen)


def normalise(row: Mapping[str, object], *, account_reports: frozenset[str]) -> dict[str, object]:
    """One ad's day as the columns of `ad_performance_daily`, but `brand_id` and `is_partial`.

    Counts are int, money and `results` Decimal, `date` a date, `actions` and `action_values` Meta's own
    lists or None. Raises BadInput, naming ad and field, when a number cannot be read or the ad or the day is
    missing.
    """
    ad_id, day = _text(row.get("ad_id")), _day(row)
    if not ad_id or day is None:
        raise BadInput("Meta sent a row without an ad id or a day; this day is fetched again.")
    counts = _Counts(row, account_reports)
    impressions, spend = counts.count("impressions"), counts.amount("spend")
    counts.delivered = bool(impressions) or bool(spend)
    purchases, purchase_key = counts.action(PURCHASE_TYPES)
    account_id = _text(row.get("account_id"))
    columns: dict[str, object] = {
        "account_id": f"act_{account_id.removeprefix('act_')}" if account_id else None,
        "ad_id": ad_id,
        "date": day,
        "currency": _text(row.get("account_currency")),
        "impressions": impressions,
        "spend": spend,
        "reach": counts.count("reach"),
        "clicks": counts.count("clicks"),
        "link_clicks": counts.link_clicks(),
        "landing_page_views": counts.action(LANDING_PAGE_VIEW_TYPES)[0],
        "adds_to_cart": counts.action(CART_TYPES)[0],
        "checkouts": counts.action(CHECKOUT_TYPES)[0],
        "purchases": purchases,
        "purchase_value": counts.value(purchases, purchase_key),
        "purchase_key": purchase_key,
        "video_3s": counts.action(VIDEO_VIEW_TYPES)[0],
        **{column: counts.listed(name) for name, column in INSIGHT_ACTION_LISTS.items()},
        "actions": _raw(row, "actions"),
        "action_values": _raw(row, "action_values"),
        "attribution_setting": _text(row.get("attribution_setting")),
    }
    results, result_type = _results(row, counts, columns)
    return columns | {"results": results, "result_type": result_type}


class _Counts:
    """Reads one row's numbers by the rule for absent ones."""

    def __init__(self, row: Mapping[str, object], account_reports: frozenset[str]) -> None:
        self._row = row
        self._reports = account_reports
        self._actions = _amounts(row, "actions")
        self._values = _amounts(row, "action_values")
        self.delivered = False

    def amount(self, name: str) -> Decimal | None:
        value = self._row.get(name)
        return None if _blank(value) else _number(self._row, name, value)

    def count(self, name: str) -> int | None:
        value = self.amount(name)
        return None if value is None else _whole(self._row, name, value)

    def action(self, types: Sequence[str]) -> tuple[int | None, str | None]:
        """The count and the one action type it was read from."""
        for kind in types:
            if kind in self._actions:
                return _whole(self._row, kind, self._actions[kind]), kind
        if self.delivered:
            for kind in types:
                if kind in self._reports:
                    return 0, kind
        return None, None

    def link_clicks(self) -> int | None:
        """The action, or the metric `inline_link_clicks` where a row has only that."""
        clicks, inline = self.action(LINK_CLICK_TYPES)[0], self.count("inline_link_clicks")
        if inline is not None and not clicks:
            return inline
        if clicks is None and self.delivered and "inline_link_clicks" in self._reports:
            return 0
        return clicks

    def value(self, count: int | None, kind: str | None) -> Decimal | None:
        """The money of an action under the same type; absent beside a positive count it is unknown, not 0."""
        if kind is None:
            return None
        if kind in self._values:
            return self._values[kind]
        return Decimal(0) if count == 0 and f"value:{kind}" in self._reports else None

    def listed(self, name: str) -> int | None:
        """A metric that has a list of its own, such as ThruPlays."""
        amounts = _amounts(self._row, name)
        if amounts:
            return _whole(self._row, name, sum(amounts.values(), Decimal(0)))
        return 0 if self.delivered and name in self._reports else None


def _results(
    row: Mapping[str, object], counts: _Counts, columns: Mapping[str, object]
) -> tuple[Decimal | None, str | None]:
    """What Ads Manager shows as "Results": Meta's own figure if it is there, else by goal and objective."""
    own = _own_results(row)
    if own is not None:
        amount, kind = own
        if amount is None and counts.delivered:
            amount = Decimal(0)
        return amount, kind
    goal, objective = _text(row.get("optimization_goal")), _text(row.get("objective"))
    by_goal = RESULT_BY_GOAL.get(goal or "") or RESULT_BY_OBJECTIVE.get(objective or "")
    if by_goal is None:
        return None, None
    column = RESULT_COLUMNS.get(by_goal)
    count = columns[column] if column else counts.action(RESULT_ACTIONS[by_goal])[0]
    return (Decimal(count) if isinstance(count, int) else None), by_goal


def _own_results(row: Mapping[str, object]) -> tuple[Decimal | None, str] | None:
    """`[{"indicator": "actions:lead", "values": [{"value": "5"}]}]`; nobody did it: without `values`."""
    entries = row.get("results")
    entry = entries[0] if isinstance(entries, list) and len(entries) == 1 else None
    indicator = entry.get("indicator") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(indicator, str) or not indicator:
        return None
    action = indicator.partition(":")[2] or indicator
    values = entry.get("values")
    first = values[0] if isinstance(values, list) and values else None
    raw = first.get("value") if isinstance(first, dict) else None
    amount = None if _blank(raw) else _number(row, "results", raw)
    return amount, _TYPE_BY_ACTION.get(action, action)


def _amounts(row: Mapping[str, object], name: str) -> dict[str, Decimal]:
    """A list of action statistics as amounts by action type, under the row's own attribution setting."""
    found: dict[str, Decimal] = {}
    for kind, value in _entries(row, name):
        found[kind] = found.get(kind, Decimal(0)) + _number(row, kind or name, value)
    return found


def _entries(row: Mapping[str, object], name: str) -> Iterator[tuple[str, object]]:
    entries = row.get(name)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and not _blank(entry.get("value")):
            yield str(entry.get("action_type") or ""), entry["value"]


def _number(row: Mapping[str, object], name: str, value: object) -> Decimal:
    text = str(value).strip()
    try:
        if isinstance(value, bool) or not _NUMBER.fullmatch(text):
            raise InvalidOperation
        return Decimal(text)
    except InvalidOperation:
        raise BadInput(
            f"Meta sent {text[:40]!r} as {name} of ad {_text(row.get('ad_id'))}; this day is fetched again."
        ) from None


def _whole(row: Mapping[str, object], name: str, value: Decimal) -> int:
    # Modelled conversions may come as fractions.
    whole = int(value.to_integral_value())
    if not 0 <= whole <= _LARGEST_COUNT:
        raise BadInput(f"Meta sent {whole} as {name} of ad {_text(row.get('ad_id'))}; this day is fetched again.")
    return whole


def _day(row: Mapping[str, object]) -> date | None:
    start, stop = row.get("date_start"), row.get("date_stop")
    if not isinstance(start, str) or (stop is not None and stop != start):
        return None
    try:
        return date.fromisoformat(start)
    except ValueError:
        return None


def _raw(row: Mapping[str, object], name: str) -> list[object] | None:
    value = row.get(name)
    return value if isinstance(value, list) else None


def _text(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.replace("\0", "").strip() or None if isinstance(value, str) else None


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
