"""What doctor says of the ways to send: set up, left alone, or half set up with what is missing."""

from __future__ import annotations

import pytest

from viraltracker import settings
from viraltracker.cli import stack


@pytest.mark.parametrize(
    ("environment", "slack", "mail", "fix"),
    [
        ({}, True, True, None),
        ({"SLACK_BOT_TOKEN": "xoxb-hunter2"}, False, True, "set SLACK_CHANNEL too"),
        ({"SMTP_URL": "smtp://u:hunter2@x.example", "SLACK_CHANNEL": "C0123456789"}, False, False, "SLACK_BOT_TOKEN"),
        ({"SMTP_URL": "smtp://u:hunter2@x.example", "MAIL_FROM": "a@x.example"}, True, True, None),
    ],
)
def test_a_way_to_send_is_set_up_whole_or_not_at_all(
    environment: dict[str, str], slack: bool, mail: bool, fix: str | None
) -> None:
    checks = {check.name: check for check in stack.optional_keys(settings.load(environment))}
    assert (checks["Slack"].ok, checks["e-mail"].ok) == (slack, mail)
    assert fix is None or fix in str(checks["Slack"].fix)
    assert "hunter2" not in repr(checks)
