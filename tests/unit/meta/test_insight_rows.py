"""Rows of `ad_performance_daily` from Meta's insights."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from viraltracker.errors import BadInput
from viraltracker.meta.insights import normalise, reported_actions


def actions(**counts: object) -> list[dict[str, object]]:
    return [{"action_type": kind.replace("__", "."), "value": value} for kind, value in counts.items()]


def row(**more: object) -> dict[str, object]:
    return {
        "account_id": "77",
        "account_currency": "EUR",
        "ad_id": "1",
        "date_start": "2026-10-01",
        "date_stop": "2026-10-01",
        "impressions": "1000",
        "spend": "12.34",
        "attribution_setting": "7d_click_1d_view",
        **more,
    }


def test_numbers_arrive_as_strings_and_leave_as_numbers() -> None:
    """Money as Decimal: 12.34 as a float would not add up over a month."""
    columns = normalise(
        row(
            reach="900",
            clicks="50",
            inline_link_clicks="30",
            actions=actions(link_click="31", video_view="240", landing_page_view="20"),
            outbound_clicks=actions(outbound_click="28"),
            video_thruplay_watched_actions=actions(video_view="60"),
            video_p25_watched_actions=actions(video_view="200"),
        ),
        account_reports=frozenset(),
    )
    assert columns["account_id"] == "act_77"
    assert columns["date"] == date(2026, 10, 1)
    assert columns["spend"] == Decimal("12.34")
    got = {
        name: columns[name]
        for name in ("impressions", "reach", "clicks", "link_clicks", "outbound_clicks", "landing_page_views")
    }
    assert got == {
        "impressions": 1000,
        "reach": 900,
        "clicks": 50,
        "link_clicks": 31,
        "outbound_clicks": 28,
        "landing_page_views": 20,
    }
    assert (columns["video_3s"], columns["thruplays"], columns["video_p25"]) == (240, 60, 200)


def test_an_absent_action_is_zero_where_the_account_reports_it_and_unknown_where_it_never_does() -> None:
    """A lead account has no purchases, not zero purchases."""
    shop = [row(), row(actions=actions(omni_purchase="2", add_to_cart="5"))]
    columns = normalise(shop[0], account_reports=reported_actions(shop))
    assert (columns["purchases"], columns["adds_to_cart"], columns["checkouts"]) == (0, 0, None)
    assert columns["purchase_key"] == "omni_purchase"
    leads = [row(actions=actions(lead="3"))]
    assert normalise(leads[0], account_reports=reported_actions(leads))["purchases"] is None


def test_a_row_without_delivery_has_no_zeros() -> None:
    """Nothing was shown, so nothing was counted as nobody's doing."""
    reports = frozenset({"omni_purchase"})
    assert normalise(row(impressions="0", spend="0"), account_reports=reports)["purchases"] is None
    assert normalise(row(), account_reports=reports)["reach"] is None


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (["offsite_conversion.fb_pixel_purchase", "purchase", "omni_purchase"], "omni_purchase"),
        (["offsite_conversion.fb_pixel_purchase", "purchase"], "purchase"),
        (
            ["app_custom_event.fb_mobile_purchase", "offsite_conversion.fb_pixel_purchase"],
            "offsite_conversion.fb_pixel_purchase",
        ),
        (["app_custom_event.fb_mobile_purchase"], "app_custom_event.fb_mobile_purchase"),
    ],
)
def test_one_sale_under_several_types_is_counted_once(listed: list[str], expected: str) -> None:
    """Adding the types up, or taking the value from another type than the count, inflates ROAS."""
    given = [{"action_type": kind, "value": str(10 + n)} for n, kind in enumerate(listed)]
    values = [{"action_type": kind, "value": f"{n}.5"} for n, kind in enumerate(listed)]
    columns = normalise(row(actions=given, action_values=values), account_reports=frozenset())
    place = listed.index(expected)
    assert columns["purchase_key"] == expected
    assert columns["purchases"] == 10 + place
    assert columns["purchase_value"] == Decimal(f"{place}.5")


def test_a_value_absent_beside_sales_is_unknown_and_zero_only_where_values_are_reported() -> None:
    """Zero revenue beside three purchases would make an ad a loser that only lacks a value."""
    sold = row(actions=actions(purchase="3"))
    valued = row(actions=actions(purchase="1"), action_values=actions(purchase="40.00"))
    quiet = row()
    with_values, without = reported_actions([sold, valued, quiet]), reported_actions([sold, quiet])
    assert normalise(sold, account_reports=with_values)["purchase_value"] is None
    assert normalise(quiet, account_reports=with_values)["purchase_value"] == 0
    assert normalise(quiet, account_reports=without)["purchase_value"] is None


@pytest.mark.parametrize(
    ("goal", "objective", "expected"),
    [
        ("OFFSITE_CONVERSIONS", "OUTCOME_SALES", ("purchase", 2)),
        ("OFFSITE_CONVERSIONS", "OUTCOME_LEADS", ("lead", 4)),
        ("LANDING_PAGE_VIEWS", "OUTCOME_TRAFFIC", ("landing_page_view", 9)),
        (None, "OUTCOME_TRAFFIC", ("link_click", 30)),
        ("THRUPLAY", "OUTCOME_ENGAGEMENT", ("thruplay", 7)),
        (None, "CONVERSIONS", ("purchase", 2)),
        ("REACH", "OUTCOME_AWARENESS", ("reach", 900)),
        (None, "SOMETHING_NEW", (None, None)),
    ],
)
def test_results_are_what_the_ad_set_was_bought_for(
    goal: str | None, objective: str, expected: tuple[str | None, int | None]
) -> None:
    """Cost per result compares like with like only under the result's own type."""
    columns = normalise(
        row(
            optimization_goal=goal,
            objective=objective,
            reach="900",
            actions=actions(purchase="2", lead="4", landing_page_view="9", link_click="30"),
            video_thruplay_watched_actions=actions(video_view="7"),
        ),
        account_reports=frozenset(),
    )
    assert (columns["result_type"], columns["results"]) == expected


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (
            [{"indicator": "actions:offsite_conversion.fb_pixel_add_to_cart", "values": [{"value": "6"}]}],
            ("add_to_cart", 6),
        ),
        ([{"indicator": "actions:lead"}], ("lead", 0)),
        ([{"indicator": "total_profile_visits", "values": [{"value": "3"}]}], ("total_profile_visits", 3)),
    ],
)
def test_metas_own_results_win_over_the_objective(results: object, expected: tuple[str, int]) -> None:
    """A sales campaign may be bought for carts; only Meta knows."""
    columns = normalise(row(objective="OUTCOME_SALES", results=results), account_reports=frozenset())
    assert (columns["result_type"], columns["results"]) == expected


@pytest.mark.parametrize(
    "broken",
    [
        {"spend": "12,34"},
        {"impressions": "NaN"},
        {"clicks": "-3"},
        {"impressions": "99999999999"},
        {"actions": [{"action_type": "purchase", "value": "1e5"}]},
        {"ad_id": None},
        {"date_start": "yesterday"},
        {"date_stop": "2026-10-02"},
    ],
)
def test_a_number_that_cannot_be_read_is_an_error_not_a_zero(broken: dict[str, object]) -> None:
    """A damaged day must become a visible gap."""
    with pytest.raises(BadInput):
        normalise(row(**broken), account_reports=frozenset())


def test_a_damaged_row_does_not_hide_what_the_account_reports() -> None:
    """One bad row never stops the others."""
    rows = [row(actions=actions(purchase="many")), row(), {"actions": "none", "results": 3}]
    assert normalise(rows[1], account_reports=reported_actions(rows))["purchases"] == 0
