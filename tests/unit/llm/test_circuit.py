"""The circuit: when it opens, who is let through, and that never two probes are under way."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.llm.simulated import Time
from viraltracker.errors import Unavailable
from viraltracker.llm.circuit import FAILURES, REST_SECONDS, Circuit, Entry


def _fail(circuit: Circuit, times: int = 1) -> None:
    for _ in range(times):
        with circuit.entry() as entry:
            entry.verdict = "failed"


def test_it_opens_after_five_failures_in_a_row_and_says_so() -> None:
    time = Time()
    circuit = Circuit("Gemini", monotonic=time.monotonic)
    _fail(circuit, FAILURES)
    with (
        pytest.raises(Unavailable, match=r"Gemini has failed 5 times in a row.*tried again after 30 s"),
        circuit.entry(),
    ):
        pytest.fail("no call may be made")


def test_an_answer_in_between_starts_the_count_anew() -> None:
    circuit = Circuit("Gemini", monotonic=Time().monotonic)
    _fail(circuit, FAILURES - 1)
    with circuit.entry() as entry:
        entry.verdict = "answered"
    _fail(circuit, FAILURES - 1)
    with circuit.entry() as entry:
        assert not entry.probe


def test_a_failed_probe_opens_it_again_and_a_good_one_closes_it() -> None:
    time = Time()
    circuit = Circuit("Gemini", monotonic=time.monotonic)
    _fail(circuit, FAILURES)
    time.now += REST_SECONDS
    _fail(circuit)
    with pytest.raises(Unavailable), circuit.entry():
        pytest.fail("the probe failed")
    time.now += REST_SECONDS
    with circuit.entry() as probe:
        assert probe.probe
        probe.verdict = "answered"
    with circuit.entry() as entry:
        assert not entry.probe


def test_a_probe_that_was_given_up_leaves_room_for_the_next() -> None:
    """A run that is cancelled while its probe waits for a permit must not keep the circuit open for ever."""
    time = Time()
    circuit = Circuit("Gemini", monotonic=time.monotonic)
    _fail(circuit, FAILURES)
    time.now += REST_SECONDS
    with pytest.raises(KeyboardInterrupt), circuit.entry():
        raise KeyboardInterrupt
    with circuit.entry() as entry:
        assert entry.probe


def test_beside_a_probe_nobody_enters() -> None:
    time = Time()
    circuit = Circuit("Gemini", monotonic=time.monotonic)
    _fail(circuit, FAILURES)
    time.now += REST_SECONDS
    with circuit.entry() as probe:
        assert probe.probe
        time.now += 10 * REST_SECONDS
        with pytest.raises(Unavailable), circuit.entry():
            pytest.fail("a second probe")


def test_calls_that_began_before_it_opened_do_not_lengthen_the_rest() -> None:
    """With thirty calls under way when a provider goes down, the last of them fails minutes later."""
    time = Time()
    circuit = Circuit("Gemini", monotonic=time.monotonic)
    with circuit.entry() as slow:
        _fail(circuit, FAILURES)
        time.now += REST_SECONDS - 1
        slow.verdict = "failed"
    time.now += 1
    with circuit.entry() as entry:
        assert entry.probe


Step = tuple[str, float]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), st.just(0.0)),
        st.tuples(st.sampled_from(["answered", "failed", "given up"]), st.floats(0, 1, exclude_max=True)),
        st.tuples(st.just("pass"), st.sampled_from([1.0, REST_SECONDS])),
    ),
    max_size=120,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_never_are_two_probes_under_way_and_nobody_enters_beside_one(steps: list[Step]) -> None:
    """Calls begin and end in any order; whatever they report, an open circuit lets in one at a time."""
    time = Time()
    circuit = Circuit("Gemini", failures=1, monotonic=time.monotonic)
    under_way: list[tuple[Entry, AbstractContextManager[Entry]]] = []
    for kind, value in steps:
        if kind == "pass":
            time.now += value
        elif kind == "enter":
            context: AbstractContextManager[Entry] = circuit.entry()
            try:
                entry = context.__enter__()
            except Unavailable:
                continue
            assert not any(other.probe for other, _ in under_way)
            under_way.append((entry, context))
        elif under_way:
            entry, leaving = under_way.pop(int(value * len(under_way)))
            entry.verdict = {"answered": "answered", "failed": "failed"}.get(kind)  # type: ignore[assignment]
            leaving.__exit__(None, None, None)
