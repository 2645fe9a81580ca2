"""What Meta's four usage headers say about how much of its limits is used up.

Source: Meta for Developers, Graph API "Rate limits" and Marketing API "Insights best practices". Headers are
a hint and errors are the truth: a missing or unreadable header means nothing is known, never an error.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SLOW_FROM_PERCENT = 75.0
PARK_FROM_PERCENT = 90.0


@dataclass(frozen=True)
class Usage:
    """Percent of each limit used, None where it was not said.

    `regain_minutes` is how long Meta says the account has to wait; None or 0 when it does not have to.
    """

    app_percent: float | None = None
    account_percent: float | None = None
    business_percent: float | None = None
    insights_percent: float | None = None
    regain_minutes: float | None = None

    @property
    def peak_percent(self) -> float:
        """The fullest of the limits; 0 when nothing was said."""
        return max(
            self.app_percent or 0.0,
            self.account_percent or 0.0,
            self.business_percent or 0.0,
            self.insights_percent or 0.0,
        )

    @property
    def slow(self) -> bool:
        """True from 75 %: leave a pause before the next call."""
        return self.peak_percent >= SLOW_FROM_PERCENT

    @property
    def park(self) -> bool:
        """True from 90 %: stop this account here and set the run's next time."""
        return self.peak_percent >= PARK_FROM_PERCENT


def parse_usage(headers: Mapping[str, str]) -> Usage:
    """Read the usage headers of one answer. `headers` must look names up without regard to case."""
    app = _header(headers, "x-app-usage")
    account = _header(headers, "x-ad-account-usage")
    throttle = _header(headers, "x-fb-ads-insights-throttle")
    business = list(_business_entries(_header(headers, "x-business-use-case-usage")))
    return Usage(
        app_percent=_largest([app], "call_count", "total_cputime", "total_time"),
        account_percent=_largest([account], "acc_id_util_pct"),
        business_percent=_largest(business, "call_count", "total_cputime", "total_time"),
        insights_percent=_largest([throttle], "app_id_util_pct", "acc_id_util_pct"),
        regain_minutes=_largest(business, "estimated_time_to_regain_access"),
    )


def _header(headers: Mapping[str, str], name: str) -> dict[str, object]:
    try:
        value = json.loads(headers.get(name) or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _business_entries(value: dict[str, object]) -> Iterator[dict[str, object]]:
    for entries in value.values():
        if isinstance(entries, list):
            yield from (entry for entry in entries if isinstance(entry, dict))


def _largest(entries: list[dict[str, object]], *names: str) -> float | None:
    found = [
        float(value)
        for entry in entries
        for value in (entry.get(name) for name in names)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    ]
    return max(found, default=None)
