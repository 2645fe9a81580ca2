"""Prints how often the verdicts are right, each figure with its simulation error; exits 1 when a target is missed."""

from __future__ import annotations

import sys

import numpy as np
from scipy import stats

from benchmarks.truth import accounts, anomaly_table, fatigue_table, rates, score, tags
from benchmarks.truth.accounts import Checks
from benchmarks.truth.score import Calls, Share, share

SEEDS = 200
WINNER, AT_TARGET, LOSER = accounts.TRUE_COSTS


def main() -> int:
    """Runs everything; the return value is the exit code."""
    rolling, growing = accounts.simulate(SEEDS)
    print(
        f"Winner and loser: {SEEDS} seeds × {accounts.END_DATES} end dates, {accounts.ADS_PER_COST} ads each at "
        f"{WINNER} T, T and {LOSER} T per account, {accounts.SPEND_PER_WINDOW:.0f} T of spend in "
        f"{accounts.WINDOW_DAYS} days.\n± is one standard error over seeds.\n"
    )
    met = []
    for name, checks in (("full windows of 25 T", rolling), ("new ads, growing to 25 T", growing)):
        outcome, _ = score.by_posterior(checks)
        ours = Calls(outcome.scale, outcome.cut)
        _table(name, checks, ours)
        false_scale = share(ours.scale[:, checks.of(AT_TARGET)])
        false_cut = share(ours.cut[:, checks.of(AT_TARGET)])
        met += [
            _target(f"false scale per check, {name}", false_scale, at_most=0.10),
            _target(f"false cut per check, {name}", false_cut, at_most=0.03),
        ]
        if checks is growing:
            met += [
                _target("winners found by 25 T", share(ours.scale[:, checks.of(WINNER)].any(-1)), at_least=0.90),
                _target("losers found by 25 T", share(ours.cut[:, checks.of(LOSER)].any(-1)), at_least=0.90),
            ]
        print()
    met += _coverage(rolling, growing)
    met += rates.print_all(_target)
    _thresholds(rolling, growing)
    _bound()
    print()
    met += fatigue_table.print_all(_target)
    print()
    met += tags.report()
    met += anomaly_table.print_all(_target)
    return 0 if all(met) else 1


def _table(name: str, checks: Checks, ours: Calls) -> None:
    thumb = score.by_raw_average(checks)
    rows: list[tuple[str, float, str]] = [
        ("false scale, ads at T", AT_TARGET, "scale"),
        ("false cut, ads at T", AT_TARGET, "cut"),
        ("winners found", WINNER, "scale"),
        ("losers found", LOSER, "cut"),
        ("winners cut", WINNER, "cut"),
        ("losers scaled", LOSER, "scale"),
    ]
    print(f"{name:<26}{'per check':>18}{'ever in 30':>18}{'last check':>18}{'thumb: per check':>20}{'ever in 30':>18}")
    for label, cost, call in rows:
        mine, theirs = (getattr(calls, call)[:, checks.of(cost)] for calls in (ours, thumb))
        figures = [share(mine), share(mine.any(-1)), share(mine[..., -1])]
        print(
            f"  {label:<24}"
            + "".join(f"{figure!s:>18}" for figure in figures)
            + f"{share(theirs)!s:>20}{share(theirs.any(-1))!s:>18}"
        )


def _target(label: str, figure: Share, *, at_most: float = 1.0, at_least: float = 0.0) -> bool:
    met = at_least <= figure.value <= at_most
    wanted = f"≤ {at_most * 100:.0f} %" if at_most < 1 else f"≥ {at_least * 100:.0f} %"
    if at_most < 1 and at_least > 0:
        wanted = f"{at_least * 100:.0f}–{at_most * 100:.0f} %"
    print(f"  target: {label}: {figure}, wanted {wanted}: {'met' if met else 'MISSED'}")
    return met


def _coverage(rolling: Checks, growing: Checks) -> list[bool]:
    print("90 % intervals of CPA that cover the truth")
    met = []
    for name, checks, dates in (
        ("at 25 T", rolling, slice(None)),
        ("at 3–10 T", growing, slice(3, 12)),
    ):
        _, interval = score.by_posterior(checks)
        truth = 1 / checks.true_cost[:, None]
        covers = ((interval.low <= truth) & (truth <= interval.high))[..., dates]
        for cost in accounts.TRUE_COSTS:
            print(f"  {name}, true CPA {cost} T: {share(covers[:, checks.of(cost)])}")
        met.append(_target(f"all ads, {name}", share(covers), at_least=0.87, at_most=0.93))
    print()
    return met


def _thresholds(rolling: Checks, growing: Checks) -> None:
    print("What stricter thresholds would buy on the “ever in 30 daily checks” count, and cost in ads found")
    columns = ("false scale ever", "false cut ever", "winners by 25 T", "losers by 25 T")
    print(f"  {'scale from':<12}{'cut to':<9}" + "".join(f"{column:>20}" for column in columns))
    for name, checks in (("full windows", rolling), ("growing", growing)):
        outcome, _ = score.by_posterior(checks)
        print(f"  {name}")
        for scale, cut in ((0.90, 0.10), (0.95, 0.05), (0.97, 0.03), (0.98, 0.02)):
            calls = score.stricter(checks, outcome, scale, cut)
            found = [
                share(calls.scale[:, checks.of(AT_TARGET)].any(-1)),
                share(calls.cut[:, checks.of(AT_TARGET)].any(-1)),
                share(calls.scale[:, checks.of(WINNER)].any(-1)),
                share(calls.cut[:, checks.of(LOSER)].any(-1)),
            ]
            print(f"  {scale:<12.2f}{cut:<9.2f}" + "".join(f"{figure!s:>20}" for figure in found))
    print()


def _bound() -> None:
    """Neyman–Pearson: with Poisson counts no rule beats a threshold on the count."""
    counts = np.arange(26)
    false = stats.poisson.cdf(counts, accounts.SPEND_PER_WINDOW / AT_TARGET)
    found = stats.poisson.cdf(counts, accounts.SPEND_PER_WINDOW / LOSER)
    best = int(np.flatnonzero(false <= 0.03)[-1])
    print(
        f"For scale: at exactly 25 T and one look, no rule with at most 3 % false cuts finds more than "
        f"{found[best] * 100:.1f} % of losers (cut at {best} conversions or fewer: {false[best] * 100:.1f} % false)."
    )


if __name__ == "__main__":
    sys.exit(main())
