"""Replays of a session of the browser: days are read once, and a rule with the same thresholds is replayed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from viraltracker.analysis import replay as days_of
from viraltracker.analysis.replay import Days, Place
from viraltracker.intelligence import replay as replays
from viraltracker.intelligence import replay_rules
from viraltracker.intelligence.replay import Replay
from viraltracker.intelligence.replay_rules import Rule
from viraltracker.store.client import Database

_DAYS: Final = "lab-days"
_REPLAYS: Final = "lab-replays"
KEPT: Final = 40


def days(db: Database, place: Place) -> Days | None:
    """The days of a brand; read again when its rows or what it is asked have changed. One brand's are kept."""
    kept: tuple[str, Days | None] | None = st.session_state.get(_DAYS)
    if kept is None or kept[0] != place.key:
        kept = (place.key, days_of.read(db, place))
        st.session_state[_DAYS] = kept
        st.session_state[_REPLAYS] = {}
    return kept[1]


def of(place: Place, found: Days, one: Rule, given: Mapping[str, float]) -> Replay:
    """The replay with these thresholds; the newest are kept."""
    kept: dict[tuple[object, ...], Replay] = st.session_state.setdefault(_REPLAYS, {})
    settings = one.within(given)
    key = (place.key, one.name, *sorted(settings.items()))
    if key not in kept:
        if len(kept) >= KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = replays.replay(found.history, one, settings)
    return kept[key]


def beside(place: Place, found: Days, mine: Replay) -> list[tuple[str, Replay]]:
    """A replay, the same rule with the thresholds in use where these are others, and a rule with the same claim."""
    usual = of(place, found, mine.rule, mine.rule.usual)
    other = replay_rules.beside(mine.rule)
    columns = [("Thresholds in use", usual), (other.title, of(place, found, other, other.usual))]
    return columns if mine is usual else [("Your thresholds", mine), *columns]
