"""Batches: handed over by one run, collected by another, and nothing is asked twice meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from viraltracker import clock
from viraltracker.creatives import batches
from viraltracker.creatives.batches import Collected
from viraltracker.creatives.classifier import Panel
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.errors import Stopped, Unavailable
from viraltracker.llm.seam import Model
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import readings

from .conftest import Account, Models
from .test_models import copies, generated


def collect(account: Account, panel: Panel, **changes: Any) -> Collected:
    values: dict[str, Any] = {"now": clock.now(), "guard": lambda: None, "progress": lambda *_: None}
    return batches.collect(account.db, account.storage, account.brand_id, panel, **values | changes)


def rows_of(account: Account, table: str) -> list[dict[str, Any]]:
    return account.db.rows(table, where={"brand_id": account.brand_id})


@pytest.mark.parametrize("provider", ["gemini", "claude"])
def test_a_batch_is_handed_over_and_its_answers_are_collected_at_half_the_price(
    account: Account, models: Models, sandbox: RunningSandbox, provider: str
) -> None:
    account.ads(*copies(5), {"ad_id": "p", "sha256": account.picture()})
    panel = models.panel(provider)
    first = account.classify(panel, mode="batch")
    assert (first.new, first.remaining, first.in_batches, first.calls) == (0, 6, 6, 0)
    assert generated(sandbox) == 0
    found = collect(account, panel)
    assert (found.batches, found.waiting, found.summary.new) == (1, 0, 6)
    assert len(account.stored(classifier=panel.name)) == 6
    (batch,) = rows_of(account, "llm_batches")
    assert (batch["state"], batch["items"]) == ("collected", 6)
    assert {call["document"] for call in account.calls()} == {None}
    months = readings.costs(account.db, account.brand_id)["months"]
    assert [(month["batch"], month["calls"]) for month in months] == [(True, 6)]
    again = account.classify(models.panel(provider), mode="batch")
    assert (again.reused, again.in_batches) == (6, 0)
    assert collect(account, panel).batches == 0


def test_while_a_batch_is_out_nobody_asks_for_its_items(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    sandbox.sandbox.models.batch_seconds = 60
    account.ads(*copies(3))
    panel = models.panel()
    account.classify(panel, mode="batch")
    waiting = collect(account, panel)
    assert (waiting.waiting, waiting.summary.new) == (1, 0)
    for mode in ("realtime", "batch"):
        second = account.classify(panel, mode=mode)
        assert (second.calls, second.remaining, second.reasons["in_other_hands"]) == (0, 3, 3)
    assert len(rows_of(account, "llm_batches")) == 1


def test_items_that_fail_are_counted_and_asked_again_by_the_next_run(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    account.ads(*copies(4))
    panel = models.panel("claude")
    sandbox.sandbox.faults.add(Matcher("claude", times=None), Fault("batch_item_error", {"indexes": [1, 2]}))
    account.classify(panel, mode="batch")
    found = collect(account, panel)
    assert (found.summary.new, sum(found.summary.reasons.values())) == (2, 2)
    assert sorted(call["state"] for call in account.calls()) == ["answered", "answered", "unanswered", "unanswered"]
    sandbox.sandbox.faults.clear()
    assert account.classify(panel).new == 2


@pytest.mark.parametrize("fault", ["batch_failed", "batch_expired"])
def test_a_batch_that_failed_or_expired_gives_its_items_back(
    account: Account, models: Models, sandbox: RunningSandbox, fault: Any
) -> None:
    account.ads(*copies(3))
    panel = models.panel()
    sandbox.sandbox.faults.add(Matcher("gemini", times=None), Fault(fault))
    account.classify(panel, mode="batch")
    found = collect(account, panel)
    assert (found.batches, found.waiting, found.summary.new) == (1, 0, 0)
    (batch,) = rows_of(account, "llm_batches")
    assert batch["state"] in ("failed", "collected")
    assert not account.calls(state="in_flight")
    sandbox.sandbox.faults.clear()
    assert account.classify(panel).new == 3


def test_a_collection_that_was_interrupted_goes_on_without_storing_twice(account: Account, models: Models) -> None:
    account.ads(*copies(5))
    panel = models.panel()
    account.classify(panel, mode="batch")
    stored = 0

    def stop_after_two() -> None:
        nonlocal stored
        stored = len(account.stored(classifier=panel.name))
        if stored >= 2:
            raise Stopped

    with pytest.raises(Stopped):
        collect(account, panel, guard=stop_after_two)
    assert stored == 2
    assert collect(account, panel).summary.new == 3
    assert len(account.stored(classifier=panel.name)) == 5


@pytest.mark.parametrize("provider", ["gemini", "claude"])
def test_a_batch_whose_worker_died_before_noting_its_id_is_found_at_the_provider(
    account: Account, models: Models, provider: str, database: psycopg.Connection
) -> None:
    account.ads(*copies(3))
    panel = models.panel(provider)
    account.classify(panel, mode="batch")
    database.execute(
        "update public.llm_batches set state = 'submitting', provider_batch_id = null, submitted_at = null"
        " where brand_id = %s",
        [account.brand_id],
    )
    assert collect(account, panel).summary.new == 3


def test_a_batch_that_never_arrived_gives_its_claims_back_after_a_while(
    account: Account, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.ads(*copies(3))
    panel = models.panel()

    def lost(*_: object, **__: object) -> None:
        raise Unavailable("The connection broke.")

    with monkeypatch.context() as patch:
        patch.setattr(Model, "submit", lost)
        with pytest.raises(Unavailable):
            account.classify(panel, mode="batch")
    assert collect(account, panel).waiting == 1
    later = clock.now() + timedelta(minutes=20)
    assert collect(account, panel, now=later).waiting == 0
    assert account.calls() == []
    assert account.classify(panel).new == 3


def test_a_batch_of_a_model_that_has_no_key_any_more_is_said_and_kept(account: Account, models: Models) -> None:
    account.ads(*copies(2))
    account.classify(models.panel(), mode="batch")
    found = collect(account, Panel(RulesClassifier()))
    assert (found.without_key, found.batches) == (1, 0)
    assert collect(account, models.panel()).summary.new == 2


def test_many_items_go_in_several_batches(account: Account, models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    account.ads(*copies(7))
    panel = models.panel()
    monkeypatch.setattr(type(panel.models[0].model.provider), "batch_limit_items", 3)
    account.classify(panel, mode="batch")
    assert sorted(batch["items"] for batch in rows_of(account, "llm_batches")) == [1, 3, 3]
    assert collect(account, panel).summary.new == 7
