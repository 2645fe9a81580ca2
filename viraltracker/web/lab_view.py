"""The threshold lab on screen: a rule's thresholds, what it would have said, and what followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from viraltracker.analysis import replay as days_of
from viraltracker.analysis.replay import Days
from viraltracker.intelligence import replay as replays
from viraltracker.intelligence.replay import Alarm, Replay, State, Week
from viraltracker.intelligence.replay_rules import RULES, Kind, Rule, Setting, Unit
from viraltracker.web import video_view, words

Json = dict[str, Any]

SHOWN: Final = 25
FEW: Final = 10
"""Of fewer judged alarms a share says little."""
PER_ROW: Final = 4
NAMES: Final = {one.name: one.title for one in RULES}

_UNITS: Final[Mapping[Unit, tuple[float, str]]] = {
    "share": (100.0, "%d %%"),
    "targets": (1.0, "%.2f × target"),
    "count": (1.0, "%d"),
    "days": (1.0, "%d days"),
    "switch": (1.0, "%d"),
}
"""What a threshold is multiplied by on its slider, and how it is written there."""

ENDINGS: Final[Mapping[Kind, tuple[str, str]]] = {
    "cost": ("stayed over the target", "recovered by itself"),
    "value": ("stayed within the target", "did not last"),
    "clicks": ("kept its lower CTR", "came back by itself"),
}
"""How an alarm of each kind was right, and how it was not."""
OPEN: Final[Mapping[State, str]] = {
    "stopped": "stopped: too little delivery after it to tell",
    "unknown": "no CTR from before to hold it against",
    "too_early": "its 14 days are not over",
}
MONEY: Final[Mapping[Kind, str]] = {
    "cost": "Had the ads been paused",
    "value": "Had their budget been doubled",
    "clicks": "Had the ads been paused",
}


def thresholds(one: Rule, target: float | None, currency: str) -> dict[str, float]:
    """The sliders of a rule, side by side, and what they stand at."""
    found = {}
    for start in range(0, len(one.settings), PER_ROW):
        for column, setting in zip(st.columns(PER_ROW), one.settings[start : start + PER_ROW], strict=False):
            with column:
                found[setting.name] = _slider(one, setting, target, currency)
    return found


def reset(one: Rule) -> None:
    """Puts the sliders of a rule back to the thresholds in use."""
    for setting in one.settings:
        usual = round(setting.usual * _UNITS[setting.unit][0], 6)
        st.session_state[_key(one, setting)] = bool(usual) if setting.unit == "switch" else usual


def _key(one: Rule, setting: Setting) -> str:
    return f"lab-{one.name}-{setting.name}"


def _slider(one: Rule, setting: Setting, target: float | None, currency: str) -> float:
    factor, shown = _UNITS[setting.unit]
    low, high, usual, step = (
        round(value * factor, 6) for value in (setting.low, setting.high, setting.usual, setting.step)
    )
    said = f"In use: {written(setting, setting.usual)}."
    if setting.unit == "targets" and target:
        said = f"In use: {written(setting, setting.usual)}, {words.money(setting.usual * target, currency)} here."
    if setting.unit == "switch":
        return float(st.toggle(setting.label, bool(usual), key=_key(one, setting), help=said, persist_state="session"))
    return (
        st.slider(
            setting.label,
            low,
            high,
            usual,
            step,
            format=shown,
            key=_key(one, setting),
            help=said.replace("$", "\\$"),
            persist_state="session",
        )
        / factor
    )


def written(setting: Setting, value: float) -> str:
    """A threshold in words, as in 10 %, 3 × target or 30 days."""
    match setting.unit:
        case "share":
            return words.percent(value)
        case "targets":
            return f"{value:g} × target"
        case "days":
            return words.counted(int(value), "day")
        case "switch":
            return "yes" if value else "no"
        case "count":
            return f"{value:,.0f}"


def draw_result(found: Replay, currency: str) -> None:
    """The cards, and the sentence that sums them up."""
    alarms, ads, right, money = st.columns(4)
    with alarms:
        st.metric(
            "Alarms a week",
            f"{found.per_week:,.1f}",
            delta=words.counted(found.raised, "alarm") + " in all",
            delta_color="off",
            delta_arrow="off",
            help="Alarms after the first evening, by weeks. An ad is not counted again for 14 days after an alarm.",
            border=True,
        )
    with ads:
        st.metric(
            "Ads flagged",
            f"{found.flagged:,}",
            delta=f"of {words.counted(found.ads, 'ad')} that ran",
            delta_color="off",
            delta_arrow="off",
            help="Ads with an alarm at least once.",
            border=True,
        )
    with right:
        st.metric(
            "Right by what followed",
            "–" if found.share is None else words.percent(found.share),
            delta=_interval(found),
            delta_color="off",
            delta_arrow="off",
            help=f"Alarms after which the ad {ENDINGS[found.rule.kind][0]} ÷ alarms that can be judged, "
            "with the 90 % Jeffreys interval.",
            border=True,
        )
    with money:
        st.metric(
            MONEY[found.rule.kind],
            gain(found.money, currency),
            delta=_range(found, currency),
            delta_color="off",
            delta_arrow="off",
            help=_how_money(found.rule.kind),
            border=True,
        )
    st.html(f'<p class="vt-lead">{words.html(told(found))}</p>')
    for warning in warnings(found):
        st.html(f'<p class="vt-note">{words.html(warning)}</p>')


def told(found: Replay) -> str:
    """The replay in a few sentences."""
    right, wrong = ENDINGS[found.rule.kind]
    if not found.raised:
        return "With these thresholds the rule would have raised no alarm."
    parts = [
        f"Of {words.counted(found.raised, 'alarm')}, {found.judged:,} can be judged by the 14 days after: "
        f"{words.counted(found.right, 'time')} the ad {right}, "
        f"{words.counted(found.judged - found.right, 'time')} it {wrong}, "
        "which makes it a false alarm."
        if found.judged
        else f"None of {words.counted(found.raised, 'alarm')} can be judged by what followed."
    ]
    left = [f"{found.counts[state]:,} – {said}" for state, said in OPEN.items() if found.counts[state]]
    if left:
        parts.append(f"Not judged: {'; '.join(left)}.")
    if found.standing:
        parts.append(f"{found.standing:,} were raised on the first evening, of what had gathered before.")
    return " ".join(parts)


def warnings(found: Replay) -> list[str]:
    """What to bear in mind where the history is too short to say much."""
    said = []
    if found.first is not None and found.last is not None:
        days = (found.last - found.first).days + replays.FIRST_CHECK_DAYS
        if days < replays.TRUSTED_DAYS:
            said.append(
                f"Only {days} days are stored. Under {replays.TRUSTED_DAYS} the first evenings see few days and many "
                "alarms have no 14 days after them yet, so take the share with care."
            )
    if 0 < found.judged < FEW:
        said.append(
            f"Only {words.counted(found.judged, 'alarm')} can be judged, so the true share may lie anywhere in a wide "
            "range. Loosen a threshold to see more of them, or wait for more days."
        )
    return said


def gain(money: float | None, currency: str) -> str:
    """Money that would have been saved (or earned), or lost."""
    if money is None:
        return "–"
    return f"{words.money(abs(money), currency, cents=False)} {'better' if money >= 0 else 'worse'}"


def _interval(found: Replay) -> str:
    if found.share_low is None or found.share_high is None:
        return "none to judge"
    return f"{words.percent(found.share_low)} to {words.percent(found.share_high)}, of {found.judged:,} judged"


def _range(found: Replay, currency: str) -> str:
    if found.money_low is None or found.money_high is None:
        return "not to be said"
    low, high = (words.money(end, currency, cents=False) for end in (found.money_low, found.money_high))
    return f"{low} to {high}".replace("$", "\\$")


def _how_money(kind: Kind) -> str:
    if kind == "value":
        return (
            "Over alarms whose 14 days are over: target × conversions − spend in those days, what as much money again "
            "at the same cost would have been worth above the target. The 90 % interval is from the chance in the "
            "conversions."
        )
    return (
        "Over alarms whose 14 days are over: spend × (1 − target ÷ CPA) in those days. Better: the money would have "
        "bought more at the target; worse: the ads did better than the target. The 90 % interval is from the chance in "
        "the conversions."
    )


def comparison(found: Sequence[tuple[str, Replay]], currency: str) -> str:
    """HTML: replays side by side, each with its name."""
    head = "".join(f'<th scope="col" class="num">{words.html(name)}</th>' for name, _ in found)
    lines = [
        ("Thresholds", [_settings(one) for _, one in found]),
        ("Alarms a week", [_number(one.per_week) for _, one in found]),
        ("Alarms in all", [f"{one.raised:,}" for _, one in found]),
        ("Ads flagged", [f"{one.flagged:,} of {one.ads:,}" for _, one in found]),
        ("Right by what followed", [_share(one) for _, one in found]),
        ("False alarms", [f"{one.judged - one.right:,} of {one.judged:,} judged" for _, one in found]),
        ("CPA in the 14 days after", [words.money(one.cpa_after, currency) for _, one in found]),
        ("… of ads not flagged then", [words.money(one.cpa_untouched, currency) for _, one in found]),
        ("Money, had it been followed", [gain(one.money, currency) for _, one in found]),
    ]
    body = "".join(
        f'<tr><th scope="row">{words.html(name)}</th>'
        + "".join(f'<td class="num">{words.html(value)}</td>' for value in values)
        + "</tr>"
        for name, values in lines
    )
    return (
        '<div class="vt-scroll"><table class="vt-table vt-beside" aria-label="Side by side"><tr><td></td>'
        f"{head}</tr>{body}</table></div>"
    )


def _settings(one: Replay) -> str:
    # "CPA over" begins with a word that keeps its capitals.
    names = [s.label if s.label[1].isupper() else s.label[0].lower() + s.label[1:] for s in one.rule.settings]
    values = [written(s, one.settings[s.name]) for s in one.rule.settings]
    return "; ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _share(one: Replay) -> str:
    if one.share is None or one.share_low is None or one.share_high is None:
        return "–"
    return f"{words.percent(one.share)} ({words.percent(one.share_low)}–{words.percent(one.share_high)})"


def timeline(weeks: Sequence[Week], kind: Kind) -> str:
    """HTML: alarms week by week; what was right is solid, a false alarm striped, what cannot be judged an outline."""
    right, wrong = ENDINGS[kind]
    most = max((week.right + week.wrong + week.open for week in weeks), default=0)
    if not most:
        return ""
    columns = "".join(_week(week, most, right, wrong) for week in weeks)
    keys = "".join(
        f'<span><i class="{tone}"></i>{words.html(said)}</span>'
        for tone, said in (("right", right), ("wrong", wrong), ("open", "cannot be judged (yet)"))
    )
    return (
        '<figure class="vt-weeks"><figcaption>Alarms by week, the day it begins</figcaption>'
        f'<div class="columns">{columns}</div><p class="keys">{keys}</p></figure>'
    )


def _week(week: Week, most: int, right: str, wrong: str) -> str:
    total = week.right + week.wrong + week.open
    said = f"Week of {words.day(week.first)}: {words.counted(total, 'alarm')}"
    if total:
        said += f"; {week.right} {right}, {week.wrong} {wrong}, {week.open} cannot be judged"
    bars = "".join(
        f'<i class="{tone}" style="height:{100 * count / most:.2f}%"></i>'
        for tone, count in (("open", week.open), ("wrong", week.wrong), ("right", week.right))
        if count
    )
    return (
        f'<div role="img" aria-label="{words.html(said)}" title="{words.html(said)}"><div class="bar">'
        f"<b>{total or ''}</b>{bars}</div><small>{week.first:%b} {week.first.day}</small></div>"
    )


def alarms(found: Replay, brand_id: str | None, currency: str) -> str:
    """HTML: single alarms, those with the highest spend after them first. Without a brand the names lead nowhere."""
    shown = found.alarms[:SHOWN]
    clicks = found.rule.kind == "clicks"
    heads = ["CTR then", "before", "CTR after", "Spend after", "CPA after"] if clicks else [
        "Spend then", "CPA then", "Spend after", "Conv. after", "CPA after",
    ]  # fmt: skip
    head = "".join(f'<th scope="col" class="num">{name}</th>' for name in heads)
    rows = "".join(_alarm(alarm, found.rule.kind, brand_id, currency) for alarm in shown)
    more = found.raised - len(shown)
    rest = f'<p class="vt-more">and {more:,} more with less spend after them</p>' if more > 0 else ""
    return (
        '<div class="vt-scroll"><table class="vt-table" aria-label="Alarms"><tr><th scope="col">Day</th>'
        f'<th scope="col">Ad</th>{head}<th scope="col">What followed</th>'
        f'<th scope="col" class="num">Money</th></tr>{rows}</table></div>{rest}'
    )


def _alarm(alarm: Alarm, kind: Kind, brand_id: str | None, currency: str) -> str:
    name = words.html(alarm.ad_name or alarm.ad_id)
    if brand_id is not None:
        name = video_view.ad_link({"ad_id": alarm.ad_id, "name": alarm.ad_name}, brand_id)
    cost = _cost(alarm.cpa_after, alarm.conversions_after, currency)
    if kind == "clicks":
        numbers = [_rate(alarm.ctr), _rate(alarm.ctr_before), _rate(alarm.ctr_after)]
        numbers += [words.money(alarm.spend_after, currency), cost]
    else:
        after = "–" if alarm.conversions_after is None else f"{alarm.conversions_after:,.0f}"
        numbers = [words.money(alarm.spend, currency), _cost(alarm.cpa, alarm.conversions, currency)]
        numbers += [words.money(alarm.spend_after, currency), after, cost]
    cells = "".join(f'<td class="num">{words.html(number)}</td>' for number in numbers)
    day = words.html(words.day(alarm.day)) + (" <small>first evening</small>" if alarm.standing else "")
    return (
        f'<tr><td class="day">{day}</td><td class="text ad">{name}</td>{cells}'
        f'<td class="text">{_ending(alarm, kind)}</td>'
        f'<td class="num">{words.html(gain(alarm.money, currency))}</td></tr>'
    )


def _ending(alarm: Alarm, kind: Kind) -> str:
    right, wrong = ENDINGS[kind]
    if alarm.state == "right":
        return f'<span class="vt-tag good">right</span> {words.html(right)}'
    if alarm.state == "wrong":
        return f'<span class="vt-tag bad">false alarm</span> {words.html(wrong)}'
    return words.html(OPEN[alarm.state])


def _cost(cpa: float | None, conversions: float | None, currency: str) -> str:
    return "no conversion" if conversions == 0 else words.money(cpa, currency)


def _rate(value: float | None) -> str:
    return "–" if value is None else words.percent(value, digits=2)


def notes(days: Days, found: Replay) -> list[str]:
    """How to read a replay: sentences, the most important first."""
    past = days.history
    target, context = past.account.target, past.account.context
    said = [
        "The rule is asked on every evening, from the days up to that evening alone. An alarm is an evening on which "
        f"it fires for an ad that runs and did not fire the evening before; then the ad is left alone for "
        f"{replays.FOLLOWED_DAYS} days, in which what followed is looked at.",
        "Right or false alarm is decided by what the ad did next. That is chance too: an ad whose true cost is exactly "
        "the target ends half of all fortnights over it.",
        "The interval of the share is the Jeffreys interval (Brown, Cai and DasGupta, Statistical Science 16, 2001).",
        "The counts are those known today. On the evening itself some late conversions had not arrived, so the real "
        "rule would have seen a little less.",
        "Whether an ad was in learning is told by its age and results; what Meta said then is not stored.",
    ]
    if found.rule.kind != "clicks" or target.value is not None:
        price = words.money(target.value, context.currency)
        said.append(f"The target is {target.words} of today, {price}, on every evening.")
    if past.stored < past.days:
        said.append(f"{past.stored:,} of {past.days:,} days have rows; on the others no ad counts as running.")
    count = len(past.account.ads)
    if days.ads_in_all > count:
        part = float(past.tables["spend"].sum()) / days.spend_in_all if days.spend_in_all else 0.0
        said.append(
            f"Replayed are the {days_of.MOST_ADS:,} ads with the highest spend of {days.ads_in_all:,}: "
            f"{words.part(part)} of the spend. At most {days_of.MOST_DAYS} days are."
        )
    return said + days.notes
