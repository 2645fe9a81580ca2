"""Recommendations that rest on what a conversion costs: pause, raise, and make again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from viraltracker.intelligence import learning, rule
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.advice import AffectedAd, Recommendation, WeeklyMoney, called
from viraltracker.intelligence.evidence import Evidence, money_evidence
from viraltracker.intelligence.plain import count, money
from viraltracker.intelligence.verdicts import Judgement, Verdict

_Amount = Callable[[list[int]], np.ndarray]
BUDGET_STEP = 0.20  # a larger raise at once may put the ad set back into learning
NOTHING_CONVERTS = "no_conversions:account"
SINGLE = 20  # of one kind, the largest are recommended one by one and the rest as one group


class Advisor:
    """Writes the recommendations that rest on cost; positions index the judged ads."""

    def __init__(self, account: Account, judgement: Judgement) -> None:
        ads, target, context = account.ads, account.target, account.context
        self.judgement, self.target, self.context = judgement, target, context
        self.noun = account.conversions.noun
        self.price = target.value or 0.0
        rows = judgement.rows.tolist()
        self.verdicts: list[Verdict] = [judgement.verdicts[row] for row in rows]
        active = ads["active"].tolist()
        self.running = [active[row] is None or bool(active[row]) for row in rows]
        self.state_known = any(active[row] is not None for row in rows)
        self.weekly = judgement.spend * learning.weekly(ads, context)[rows]
        # Of each unit of money, what the conversions it bought are worth at T: mean, low, high.
        worth = judgement.interval
        self.worth = np.stack([worth.mean, worth.low, worth.high]) * self.price

    def losers(self, silent: set[str], without: set[str]) -> list[Recommendation]:
        """Pausing: each ad over the target by itself, the ads without any conversion together; not those `without`."""
        cut = [at for at in self._with("cut", without) if self.running[at]]
        quiet = [at for at in cut if self.verdicts[at].ad_id in silent]
        dear = [at for at in cut if self.verdicts[at].ad_id not in silent]
        leave = rule.conversions_to_leave_cut(
            self.judgement.conversions, self.judgement.exposure, self.price, self.judgement.prior
        )
        found = [self._pause(group, leave) for group in self._groups(dear, self._waste)]
        if quiet:
            found.append(self._pause_silent(quiet, leave))
        return found

    def winners(self, without: set[str]) -> list[Recommendation]:
        """A larger budget for each winner that runs, a variation of each that no longer does; not those `without`."""
        won = self._with("scale", without)
        found = [self._raise(group) for group in self._groups([at for at in won if self.running[at]], self._gain)]
        found += [self._revive(group) for group in self._groups([at for at in won if not self.running[at]], self._gain)]
        return found

    def nothing_converts(self, spent: float) -> Recommendation:
        """No ad has a conversion: more likely one broken measurement than many bad ads."""
        rows = list(range(len(self.verdicts)))
        currency = self.context.currency
        return Recommendation(
            NOTHING_CONVERTS,
            "budget_realloc",
            "monitor",
            f"Check the tracking: no {self.noun} anywhere",
            f"{money(spent, currency)} was spent without one {self.noun} on any ad, so a broken pixel, a changed event "
            f"or a broken landing page is likelier than {count(len(rows), 'bad ad')}.",
            self._affected(rows),
            self._stake(rows, self._waste, "spend per week that buys nothing measured"),
            None,
            f"A {self.noun} recorded in Events Manager for these days.",
            [money_evidence(self.context, "spend", spent)],
        )

    def _pause(self, rows: list[int], leave: np.ndarray) -> Recommendation:
        verdicts = [self.verdicts[at] for at in rows]
        against = f"{self.target.words} of {money(self.price, self.context.currency)}"
        if len(rows) == 1:
            one = verdicts[0]
            key, title, why = f"cut:{one.ad_id}", f"Pause {self._name(one)}", one.reason
            mind = f"{count(float(leave[rows[0]]), f'more {self.noun}')} arriving late for the money already spent."
        else:
            key, title = "cut:others", f"Pause {len(rows)} more ads over {self.target.words}"
            why = f"Each of {len(rows)} further ads costs more than a quarter over {against}."
            mind = "Conversions arriving late for the money already spent; each ad's verdict says how far it is off."
        return Recommendation(
            key,
            "kill",
            "pause_ad",
            title,
            why,
            self._affected(rows),
            self._stake(rows, self._waste, "spend per week less what its conversions are worth at the target"),
            min(verdict.probability or 0.0 for verdict in verdicts),
            mind,
            self._together(rows),
        )

    def _pause_silent(self, rows: list[int], leave: np.ndarray) -> Recommendation:
        verdicts = [self.verdicts[at] for at in rows]
        spent = float(self.judgement.spend[rows].sum())
        currency = self.context.currency
        them = self._name(verdicts[0]) if len(rows) == 1 else f"{len(rows)} ads"
        each = "" if len(rows) == 1 else ", each three times it or more"
        return Recommendation(
            "spend_without_conversions",
            "kill",
            "pause_ad",
            f"Pause {them}: spend without a {self.noun}",
            f"{money(spent, currency)} bought no {self.noun}, against {self.target.words} of "
            f"{money(self.price, currency)}{each}.",
            self._affected(rows),
            self._stake(rows, self._waste, "spend per week less what conversions could still be hidden in it"),
            min(verdict.probability or 0.0 for verdict in verdicts),
            f"{count(float(leave[rows].min()), self.noun)} or more on one ad arriving late, or a fault in the tracking "
            "of its landing page.",
            self._together(rows),
        )

    def _raise(self, rows: list[int]) -> Recommendation:
        verdicts = [self.verdicts[at] for at in rows]
        currency, step = self.context.currency, f"{BUDGET_STEP * 100:.0f} %"
        if len(rows) == 1:
            one = verdicts[0]
            key, title, why = (
                f"scale:{one.ad_id}",
                f"Raise the budget of {self._name(one)} by {step}",
                one.reason,
            )
        else:
            key, title = "scale:others", f"Raise the budget of {len(rows)} more winners by {step}"
            why = (
                f"Each of {len(rows)} further ads is at or under {self.target.words} of {money(self.price, currency)}."
            )
        return Recommendation(
            key,
            "scale",
            "increase_budget",
            title,
            why,
            self._affected(rows),
            self._stake(
                rows, self._gain, f"what {step} more spend would buy over its cost, at the present CPA", gained=True
            ),
            min(verdict.probability or 0.0 for verdict in verdicts),
            f"A CPA over {money(self.price, currency)} on the next {money(10 * self.price, currency)} of spend.",
            self._together(rows),
        )

    def _revive(self, rows: list[int]) -> Recommendation:
        verdicts = [self.verdicts[at] for at in rows]
        currency = self.context.currency
        if len(rows) == 1:
            one = verdicts[0]
            key, title = (
                f"revive:{one.ad_id}",
                f"Make a variation of {self._name(one)}, a winner that is off",
            )
            why = f"{one.reason} It is not running."
        else:
            key, title = "revive:others", f"Make variations of {len(rows)} more winners that are off"
            why = f"Each was at or under {self.target.words} of {money(self.price, currency)}, and none is running."
        return Recommendation(
            key,
            "iterate",
            "create_variation",
            title,
            why,
            self._affected(rows),
            self._stake(
                rows, self._gain, f"what {BUDGET_STEP * 100:.0f} % of its spend would buy over its cost", gained=True
            ),
            min(verdict.probability or 0.0 for verdict in verdicts),
            f"A first {money(10 * self.price, currency)} of spend on the variation at a CPA over "
            f"{money(self.price, currency)}.",
            self._together(rows),
        )

    def _waste(self, rows: list[int]) -> np.ndarray:
        """Money per week over what the conversions are worth; shape (3, ads): value, low, high."""
        return np.asarray(np.maximum(self.weekly[rows] * (1 - self.worth[[0, 2, 1]][:, rows]), 0.0))

    def _gain(self, rows: list[int]) -> np.ndarray:
        """Money per week that one step of budget would buy over its cost; shape (3, ads): value, low, high."""
        return np.asarray(np.maximum(BUDGET_STEP * self.weekly[rows] * (self.worth[:, rows] - 1), 0.0))

    def _stake(self, rows: list[int], amount: _Amount, how: str, *, gained: bool = False) -> WeeklyMoney:
        value, low, high = (float(part) for part in amount(rows).sum(axis=1))
        if not self.state_known:
            how = f"{how}; if it still runs at the period's pace"
        if len(rows) > 1:
            how = f"{how}; the range adds up the ends of the single ads'"
        # The mean of a skewed estimate may lie outside its interval.
        return WeeklyMoney(value, min(low, value), max(high, value), self.context.currency, how, gained)

    @staticmethod
    def _name(one: Verdict) -> str:
        return called(one.ad_id, one.ad_name)

    def _with(self, name: str, without: set[str]) -> list[int]:
        return [at for at, one in enumerate(self.verdicts) if one.verdict == name and one.ad_id not in without]

    def _groups(self, rows: list[int], amount: _Amount) -> list[list[int]]:
        """The largest one by one, what is left as one group."""
        if not rows:
            return []
        order = np.argsort(-amount(rows)[0], kind="stable")
        ranked = [rows[place] for place in order]
        rest = [ranked[SINGLE:]] if len(ranked) > SINGLE else []
        return [[at] for at in ranked[:SINGLE]] + rest

    def _affected(self, rows: list[int]) -> list[AffectedAd]:
        ranked = sorted(rows, key=lambda at: -self.judgement.spend[at])
        return [
            AffectedAd(self.verdicts[at].ad_id, self.verdicts[at].ad_name, float(self.judgement.spend[at]))
            for at in ranked
        ]

    def _together(self, rows: list[int]) -> list[Evidence]:
        if len(rows) == 1:
            return self.verdicts[rows[0]].evidence(self.context, self.target)
        spend, converted = float(self.judgement.spend[rows].sum()), float(self.judgement.conversions[rows].sum())
        cpa = spend / converted if converted else None
        return [
            money_evidence(self.context, "cpa", cpa, baseline=self.price, baseline_name=self.target.words),
            money_evidence(self.context, "spend", spend),
            Evidence("conversions", converted, "count", self.context.window, attribution=self.context.attribution),
        ]
