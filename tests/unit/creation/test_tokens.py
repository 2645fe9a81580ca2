"""An ad's token is the same on a retry, and found only where it really stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viraltracker.creation import tokens


def test_the_token_of_a_variation_never_changes() -> None:
    """Ads that run already carry it: another way to make it would lose their results."""
    assert tokens.token("5f0c0a3e-1111-4222-8333-444455556666", 1) == "VT-CDSZGWVD"


@given(st.uuids().map(str), st.integers(0, 15))
def test_a_token_is_found_again_between_what_people_write_around_it(run: str, variation: int) -> None:
    """Names of ads join their parts with spaces, bars, hyphens and underscores."""
    made = tokens.token(run, variation)
    for name in (made, f"WP | {made} | Broad", f"wp_{made}_v2", f"2026-11-{made}-copy", f"{made} - Copy {made}"):
        assert tokens.find_in(name) == made


@pytest.mark.parametrize(
    "name",
    [
        "WP Broad 30% off",
        "VT-AFRZYHD",
        "VT-AFRZYHDHA",
        "vt-AFRZYHDH",
        "XVT-AFRZYHDH",
        "VT-AFRZYHDI",
        "VT AFRZYHDH",
        "VT-AFRZYHDH VT-HAFRZYHD",
        "ÄVT-AFRZYHDH",
    ],
)
def test_what_is_no_token_or_more_than_one_is_not_taken_for_one(name: str) -> None:
    """A wrong match would credit one ad's sales to another."""
    assert tokens.find_in(name) is None


def test_variations_of_many_runs_have_tokens_of_their_own() -> None:
    """Two ads with one token could not be told apart."""
    made = {tokens.token(f"run {run}", variation) for run in range(1000) for variation in range(15)}
    assert len(made) == 15_000
