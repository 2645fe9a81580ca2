"""When a paid run is looked at again, and what an error of Apify is told as."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from apify_client.errors import ApifyApiError

from viraltracker.errors import ConfigurationError, NotFound, RateLimited, Refused, Unavailable, ViralTrackerError
from viraltracker.templates import apify, paid_search

TOKEN = "hunter2"


def answer(status: int, body: str) -> ApifyApiError:
    return ApifyApiError(httpx.Response(status, content=body.encode()), 1)


def test_looks_grow_apart_from_a_second_to_two_minutes() -> None:
    """A search that takes an hour is looked at some forty times, a short one is not kept waiting."""
    age, looks = timedelta(0), 0
    while age < timedelta(hours=1):
        wait = paid_search.until_next_look(age)
        assert paid_search.FIRST_LOOK <= wait <= paid_search.LONGEST_WAIT
        age, looks = age + wait, looks + 1
    assert 30 < looks < 50


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, ConfigurationError),
        (402, Refused),
        (403, Refused),
        (404, NotFound),
        (408, Unavailable),
        (429, RateLimited),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
@pytest.mark.parametrize("body", ['{"error": {"type": "t", "message": "Bad hunter2."}}', "<html>hunter2", "", "[]"])
def test_an_error_is_told_by_its_status_without_the_token(
    status: int, kind: type[ViralTrackerError], body: str
) -> None:
    found = apify.failure(answer(status, body), "somebody/scraper", TOKEN)
    assert type(found) is kind
    assert TOKEN not in found.message
    assert ".." not in found.message


def test_a_full_account_is_waited_for_although_it_looks_like_a_matter_of_credit() -> None:
    body = '{"error": {"type": "actor-memory-limit-exceeded", "message": "m"}}'
    found = apify.failure(answer(402, body), "somebody/scraper", TOKEN)
    assert isinstance(found, RateLimited)
    assert found.retry_after == apify.WHEN_FULL
