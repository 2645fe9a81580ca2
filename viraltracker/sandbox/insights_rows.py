"""One insights row as JSON text: numbers as strings, one sale under several action types, absent actions left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

Number = int | float
Metrics = Mapping[str, Number]
"""Sums of one row, by the names of `demo.figures.Figures`."""
Labels = Mapping[str, str]
"""Text fields of one row, already as JSON text."""

_PURCHASE_TYPES = (
    "omni_purchase",
    "purchase",
    "onsite_web_purchase",
    "onsite_web_app_purchase",
    "web_in_store_purchase",
    "offsite_conversion.fb_pixel_purchase",
)
_ACTION_TYPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("link_clicks", ("link_click",)),
    ("landing_page_views", ("landing_page_view", "omni_landing_page_view")),
    ("adds_to_cart", ("add_to_cart", "omni_add_to_cart", "offsite_conversion.fb_pixel_add_to_cart")),
    (
        "checkouts",
        ("initiate_checkout", "omni_initiated_checkout", "offsite_conversion.fb_pixel_initiate_checkout"),
    ),
    ("purchases", _PURCHASE_TYPES),
    ("video_3s", ("video_view",)),
    ("engagements", ("post_reaction", "post_engagement", "page_engagement")),
)
_PREFIXES = tuple(
    (metric, tuple(f'{{"action_type":"{kind}","value":"' for kind in kinds)) for metric, kinds in _ACTION_TYPES
)
_VALUE_PREFIXES = tuple(f'{{"action_type":"{kind}","value":"' for kind in _PURCHASE_TYPES)

Writer = Callable[[Metrics, Labels], str | None]


def _whole(metric: str) -> Writer:
    return lambda metrics, _: f'"{metrics[metric]}"'


def _label(name: str) -> Writer:
    return lambda _, labels: labels[name]


def _ratio(above: str, below: str, factor: float = 1.0) -> Writer:
    """Left out where the denominator is 0, as Meta does."""

    def write(metrics: Metrics, _: Labels) -> str | None:
        bottom = metrics[below]
        return f'"{metrics[above] / bottom * factor:.6f}"' if bottom else None

    return write


def _counted(metric: str, action_type: str) -> Writer:
    """A one-entry action array, left out when it is 0."""
    prefix = f'[{{"action_type":"{action_type}","value":"'

    def write(metrics: Metrics, _: Labels) -> str | None:
        return f'{prefix}{metrics[metric]}"}}]' if metrics[metric] else None

    return write


def _actions(metrics: Metrics, _: Labels) -> str | None:
    parts = []
    for metric, prefixes in _PREFIXES:
        value = metrics[metric]
        if value:
            parts += [f'{prefix}{value}"}}' for prefix in prefixes]
    return f"[{','.join(parts)}]" if parts else None


def _action_values(metrics: Metrics, _: Labels) -> str | None:
    if not metrics["purchases"]:
        return None
    value = f'{metrics["purchase_value"]:.2f}"}}'
    return f"[{','.join(prefix + value for prefix in _VALUE_PREFIXES)}]"


def _purchase_roas(metrics: Metrics, _: Labels) -> str | None:
    if not metrics["purchases"] or not metrics["spend"]:
        return None
    return f'[{{"action_type":"omni_purchase","value":"{metrics["purchase_value"] / metrics["spend"]:.6f}"}}]'


def _cost_per_action(metrics: Metrics, _: Labels) -> str | None:
    parts = []
    for metric, prefixes in _PREFIXES:
        value = metrics[metric]
        if value:
            parts += [f'{prefix}{metrics["spend"] / value:.6f}"}}' for prefix in prefixes]
    return f"[{','.join(parts)}]" if parts else None


def _results(metrics: Metrics, labels: Labels) -> str | None:
    sells = labels["objective"] == '"OUTCOME_SALES"'
    indicator = "actions:offsite_conversion.fb_pixel_purchase" if sells else "actions:link_click"
    value = metrics["purchases" if sells else "link_clicks"]
    values = f',"values":[{{"value":"{value}","attribution_windows":["default"]}}]' if value else ""
    return f'[{{"indicator":"{indicator}"{values}}}]'


WRITERS: dict[str, Writer] = {
    **{
        name: _label(name)
        for name in (
            "account_id", "account_name", "account_currency", "campaign_id", "campaign_name", "adset_id",
            "adset_name", "ad_id", "ad_name", "objective", "optimization_goal", "attribution_setting",
            "buying_type", "created_time", "updated_time", "date_start", "date_stop",
        )
    },
    "impressions": _whole("impressions"),
    "reach": _whole("reach"),
    "clicks": _whole("clicks"),
    "inline_link_clicks": _whole("link_clicks"),
    "spend": lambda metrics, _: f'"{metrics["spend"]:.2f}"',
    "frequency": _ratio("impressions", "reach"),
    "cpm": _ratio("spend", "impressions", 1000),
    "cpc": _ratio("spend", "clicks"),
    "ctr": _ratio("clicks", "impressions", 100),
    "inline_link_click_ctr": _ratio("link_clicks", "impressions", 100),
    "cost_per_inline_link_click": _ratio("spend", "link_clicks"),
    "outbound_clicks": _counted("outbound_clicks", "outbound_click"),
    "actions": _actions,
    "action_values": _action_values,
    "purchase_roas": _purchase_roas,
    "cost_per_action_type": _cost_per_action,
    "results": _results,
    "video_play_actions": _counted("video_plays", "video_view"),
    "video_thruplay_watched_actions": _counted("thruplays", "video_view"),
    "video_p25_watched_actions": _counted("video_p25", "video_view"),
    "video_p50_watched_actions": _counted("video_p50", "video_view"),
    "video_p75_watched_actions": _counted("video_p75", "video_view"),
    "video_p95_watched_actions": _counted("video_p95", "video_view"),
    "video_p100_watched_actions": _counted("video_p100", "video_view"),
}  # fmt: skip
"""Every field of AdsInsights that the sandbox knows."""


def row_json(fields: tuple[str, ...], metrics: Metrics, labels: Labels) -> str:
    """The row with the given fields; labels missing at the row's level are left out."""
    parts = []
    for name in fields:
        try:
            text = WRITERS[name](metrics, labels)
        except KeyError:
            # A campaign row has no ad_id: Meta leaves it out.
            continue
        if text is not None:
            parts.append(f'"{name}":{text}')
    return "{" + ",".join(parts) + "}"


def quoted(text: str) -> str:
    """JSON text of a string."""
    return json.dumps(text)
