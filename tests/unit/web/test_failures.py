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
