"""A page that fails: the person gets a sentence, the log the trace, nobody a secret."""

from __future__ import annotations

import logging
import re

import pytest
from streamlit.testing.v1 import AppTest


def failing_page() -> None:
    """A script whose own error and a stranger's are both handed to the handler, as the server does."""
    from viraltracker.errors import Refused
    from viraltracker.web import states

    states.draw_failure(Refused("Ask an owner for the role of an editor."))
    try:
        raise ValueError("hunter2")
    except ValueError as error:
        states.draw_failure(error)


def page_whose_key_ran_out() -> None:
    """What a page that is left open for an hour meets."""
    from viraltracker.errors import KeyExpired
    from viraltracker.web import states

    states.draw_failure(KeyExpired())


def test_only_our_own_words_reach_the_person(caplog: pytest.LogCaptureFixture) -> None:
    """The log's entry is found by the code that the page shows."""
    with caplog.at_level(logging.ERROR, logger="viraltracker.web"):
        page = AppTest.from_function(failing_page).run(timeout=30)
    assert not page.exception
    ours, strange = [error.value for error in page.error]
    assert ours == "Ask an owner for the role of an editor."
    assert "hunter2" not in strange
    code = re.search(r"\*\*([0-9a-f]{6})\*\*", strange)
    assert code is not None
    record = next(record for record in caplog.records if code[1] in record.getMessage())
    assert record.exc_info is not None


def test_a_page_whose_key_ran_out_comes_back_by_itself() -> None:
    """It is drawn anew, with a new key, and nobody reads of settings that are right."""
    page = AppTest.from_function(page_whose_key_ran_out).run(timeout=30)
    assert [caption.value for caption in page.caption] == ["This page looks again by itself every few seconds."]
    assert "SUPABASE" not in page.error[0].value
