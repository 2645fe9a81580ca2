"""Classification on a real database: each input once, whatever is killed, repeated or done twice at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from viraltracker.creatives import agreement, classification
from viraltracker.creatives.classifier import Panel
from viraltracker.creatives.readings import Input, Outcome, Unread
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.errors import BadInput, NotFound, Refused, Stopped
from viraltracker.local.stack import Endpoints
from viraltracker.store import client, evaluations, imports
from viraltracker.store.client import Database

from .conftest import DAY, Account, Counting


def test_a_creative_in_forty_ads_is_read_once_and_linked_forty_times(account: Account) -> None:
    account.ads(*({"ad_id": f"a{n}", "primary_text": "Same words", "sha256": "a"} for n in range(40)))
    counting = Counting()
    first = account.classify(Panel(counting))
    assert (first.ads, first.creatives, first.copies, first.new, first.reused) == (40, 1, 1, 2, 0)
    assert len(counting.asked) == len(account.stored()) == 2
    links = account.db.rows("ad_classification_links", where={"brand_id": account.brand_id}, key="ad_id")
    assert len(links) == 80
    again = account.classify(Panel(counting))
    assert (again.new, again.reused, again.links_changed, len(counting.asked)) == (0, 2, 0, 2)
    assert [run["status"] for run in account.runs()] == ["completed"] * 2
    assert account.runs()[0]["goal"] == "background_classification"


def test_a_changed_headline_buys_one_copy_reading_and_leaves_the_creative(account: Account) -> None:
    ad = {"ad_id": "a1", "primary_text": "Words", "headline": "One", "sha256": "a"}
    account.ads(ad)
    account.classify()
    account.ads(ad | {"headline": "Two"})
    counting = Counting()
    second = account.classify(Panel(counting))
    assert (second.new, second.reused, second.links_changed) == (1, 1, 1)
    assert [type(each).__name__ for each in counting.asked] == ["CopyInput"]


def test_an_ad_with_nothing_left_to_read_loses_the_labels_of_what_it_showed(
    account: Account, database: psycopg.Connection
) -> None:
    """Labels of another picture would be counted as this one's; the analysis has to be made anew without them."""

    def labels() -> list[tuple[object, ...]]:
        return database.execute("select ad_id, classified from app.ad_labels(%s)", [account.brand_id]).fetchall()

    def version() -> object:
        where = {"brand_id": account.brand_id}
        return account.db.rows("brand_data_versions", where=where, key="brand_id")[0]["version"]

    account.ads({"ad_id": "a1", "primary_text": "Words", "image_hash": "h1", "sha256": "a"})
    account.classify()
    assert labels() == [("a1", True)]
    account.ads({"ad_id": "a1", "image_hash": "h2"})
    before = version()
    summary = account.classify()
    assert (summary.links_changed, summary.new) == (2, 0)
    assert summary.reasons == {"media_not_stored": 1, "no_copy": 1, "no_link": 1}
    assert labels() == []
    assert version() != before
    assert account.classify().links_changed == 0


@pytest.mark.parametrize(("daily", "read"), [(True, {"in"}), (False, {"in", "out"})])
def test_days_back_holds_for_imported_days(account: Account, daily: bool, read: set[str]) -> None:
    """Rows of days are held against the window; a row over a whole period has no day and is always read."""
    out = DAY - timedelta(days=40)
    dataset = {
        "file_name": "e.csv", "file_sha256": "a" * 64, "level": "ad", "daily": daily, "date_from": out,
        "date_to": DAY, "currency": "USD", "has_text": True, "breakdowns": [], "columns": [], "metrics": [],
        "account_level": {}, "bad_rows": [], "reconciliation": [], "records": 2, "ad_keys": 2,
    }  # fmt: skip
    rows = [
        {"ad_key": name, "date_from": day, "date_to": day, "primary_text": f"Words {name}", "spend": 1}
        for name, day in (("in", DAY), ("out", out))
    ]
    dataset_id, _ = imports.load(account.db, account.brand_id, dataset, rows, progress=lambda *_: None)
    account.classify(dataset_id=dataset_id)
    links = account.db.rows("ad_classification_links", where={"brand_id": account.brand_id}, key="ad_id")
    assert {link["ad_id"] for link in links} == read


def test_caps_take_the_highest_spend_first_and_say_what_remains(account: Account) -> None:
    account.ads(
        {"ad_id": "small", "primary_text": "Small words", "spend": 1},
        {"ad_id": "film", "primary_text": "", "object_type": "video", "video_id": "v", "sha256": "f", "spend": 9},
        {"ad_id": "twin1", "primary_text": "Shared words", "spend": 4},
        {"ad_id": "twin2", "primary_text": "Shared words", "spend": 4},
    )
    counting = Counting()
    first = account.classify(Panel(counting), max_new=1)
    assert (first.new, first.remaining, first.reasons["cap"]) == (1, 2, 2)
    assert type(counting.asked[0]).__name__ == "CreativeInput"
    assert (first.reasons["no_media"], first.reasons["no_copy"]) == (3, 1)
    second = account.classify(Panel(Counting()), max_new=2)
    assert (second.new, second.remaining) == (2, 0)


def test_two_runs_at_once_store_nothing_twice(account: Account) -> None:
    account.ads(*({"ad_id": f"a{n}", "primary_text": f"Words {n}"} for n in range(30)))
    together = Barrier(2)
    both = [Counting(before=together.wait) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        sums = list(pool.map(lambda each: account.classify(Panel(each)), both))
    assert len(account.stored()) == 30
    assert sum(each.new for each in sums) == 30
    assert [each.new + each.reused for each in sums] == [30, 30]


def test_force_replaces_what_this_classifier_said_but_not_what_a_person_said(
    account: Account, database: psycopg.Connection
) -> None:
    account.ads({"ad_id": "a1", "primary_text": "One"}, {"ad_id": "a2", "primary_text": "Two"})
    account.classify()
    kept = account.stored()[0]
    database.execute(
        "insert into public.ad_creative_classifications (brand_id, reading, input_hash, prompt_version, classifier,"
        " awareness) values (%s, 'copy', %s, 'copy-1', 'human', 'unaware')",
        [account.brand_id, kept["input_hash"]],
    )
    forced = account.classify(force=True)
    assert (forced.new, forced.reused) == (1, 1)
    rows = account.stored(classifier=RulesClassifier().name)
    superseded = [row for row in rows if row["superseded_at"] is not None]
    assert len(rows) == 3
    assert [row["input_hash"] == kept["input_hash"] for row in superseded] == [False]


@pytest.mark.parametrize("force", [False, True])
def test_a_run_stopped_anywhere_goes_on_where_it_was(
    account: Account, job_run: str, force: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classification, "SAVED_TOGETHER", 3)
    account.ads(*({"ad_id": f"a{n}", "primary_text": f"Words {n}"} for n in range(9)))
    if force:
        account.classify()
    guards = 0

    def stop_at_the_third_batch() -> None:
        nonlocal guards
        guards += 1
        if guards == 4:
            raise Stopped

    counting = Counting()
    values: dict[str, Any] = {"job_run_id": job_run, "force": force}
    with pytest.raises(Stopped):
        account.classify(Panel(counting), guard=stop_at_the_third_batch, **values)
    mine = [run for run in account.runs() if run["job_run_id"] == job_run]
    assert [run["status"] for run in mine] == ["running"]
    resumed = account.classify(Panel(replace(counting)), **values)
    assert resumed.run_id == mine[0]["id"]
    assert resumed.new == 9
    assert len(counting.asked) == len(set(counting.asked)) == 9
    assert len([row for row in account.stored() if row["superseded_at"] is None]) == 9


def test_a_failure_closes_the_run_with_its_reason_and_keeps_what_was_read(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classification, "SAVED_TOGETHER", 2)
    account.ads(*({"ad_id": f"a{n}", "primary_text": f"Words {n}"} for n in range(4)))
    batches = iter([None, Refused("The provider said no; check its key.")])

    def refuse_the_second() -> None:
        if error := next(batches):
            raise error

    with pytest.raises(Refused):
        account.classify(Panel(Counting(before=refuse_the_second)))
    (run,) = account.runs()
    assert (run["status"], run["error"]) == ("failed", "The provider said no; check its key.")
    assert run["summary"]["new"] == len(account.stored()) == 2


def test_what_a_classifier_could_not_read_is_counted_and_never_stored(account: Account) -> None:
    account.ads({"ad_id": "a1", "primary_text": "One"}, {"ad_id": "a2", "primary_text": "Two"})

    class Blocking(Counting):
        def classify(self, inputs: Sequence[Input]) -> list[Outcome]:
            return [Unread("blocked"), *super().classify(inputs[1:])]

    summary = account.classify(Panel(Blocking()))
    assert (summary.new, summary.reasons["blocked"], len(account.stored())) == (1, 1, 1)
    assert account.classify().new == 1


def test_unpaid_work_takes_the_same_number_of_round_trips_for_any_number_of_ads(
    account: Account, endpoints: Endpoints
) -> None:
    def count() -> int:
        with client.http_client(embedded=True) as counted:
            sent: list[httpx.Request] = []
            counted.event_hooks = {"request": [sent.append]}
            own = replace(account, db=client.connect(endpoints.rest_url, endpoints.service_key, counted))
            own.classify()
            return len(sent)

    account.ads({"ad_id": "a0", "primary_text": "Words"})
    one = count()
    account.ads(*({"ad_id": f"a{n}", "primary_text": f"Words {n}"} for n in range(1, 100)))
    assert count() == one


def test_an_unknown_brand_is_said(account: Account) -> None:
    with pytest.raises(NotFound, match="brand"):
        replace(account, brand_id=str(uuid4())).classify()


def test_measurements_are_kept_readable_by_members_and_written_by_the_worker_alone(
    db: Database, endpoints: Endpoints, http: httpx.Client, new_user: Callable[[str], Any]
) -> None:
    measured = agreement.evaluate("open", RulesClassifier()) | {"classifier": f"rules-{uuid4()}"}
    evaluations.save(db, measured)
    member = client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=endpoints.owner_key)
    kept = evaluations.newest(member, measured["classifier"])["open"]
    assert kept["kappa"] == measured["weighted_kappa"]["value"]
    assert kept["detail"] == {key: measured[key] for key in ("per_class", "confusion")}
    stranger = client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=new_user("stranger").key)
    assert evaluations.newest(stranger, measured["classifier"]) == {}
    with pytest.raises((Refused, BadInput)):
        evaluations.save(member, measured)
