"""A person's word on a label: who may give it, what it holds for, what it outlives, and the lists of ads around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from viraltracker.creatives import taxonomy
from viraltracker.creatives.readings import CopyInput
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.errors import BadInput, Refused
from viraltracker.local.stack import Endpoints
from viraltracker.store import classifications, client, readings
from viraltracker.store.client import Database

from ..conftest import User
from .conftest import ACCOUNT, DAY, Account, Counting, Models

WORDS = {"primary_text": "Does your dog struggle with the stairs in the morning?", "headline": "Easier mornings"}
OTHER = {"primary_text": "Last day: 40 % off every bundle. Order now."}


@dataclass(frozen=True)
class People:
    """The database as each of a brand's people sees it, and as somebody who belongs elsewhere."""

    owner: Database
    editor: Database
    viewer: Database
    stranger: Database


@pytest.fixture
def people(
    account: Account,
    endpoints: Endpoints,
    http: httpx.Client,
    new_user: Callable[[str], User],
    database: psycopg.Connection,
) -> Iterator[People]:
    """An editor and a viewer in the organisation of the account's brand, and the owner of another one."""

    def seen_by(key: str) -> Database:
        return client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=key)

    made = {name: new_user(name) for name in ("editor", "viewer", "stranger")}
    for role in ("editor", "viewer"):
        database.execute(
            "insert into public.memberships (organization_id, user_id, role)"
            " select organization_id, %s, %s from public.brands where id = %s",
            [made[role].id, role, account.brand_id],
        )
    database.execute(
        "with o as (insert into public.organizations (name) values ('Elsewhere') returning id)"
        " insert into public.memberships (organization_id, user_id, role) select id, %s, 'owner' from o",
        [made["stranger"].id],
    )
    yield People(seen_by(endpoints.owner_key), *(seen_by(made[name].key) for name in ("editor", "viewer", "stranger")))
    database.execute("delete from public.memberships where user_id = any (%s)", [[made[n].id for n in made]])


@pytest.fixture
def hash_of_copy(account: Account) -> str:
    """The input that two ads share, read by the rules."""
    account.ads(
        {"ad_id": "1", "name": "One", "spend": 30, **WORDS},
        {"ad_id": "2", "name": "Two", "spend": 20, **WORDS},
        {"ad_id": "3", "name": "Three", "spend": 10, **OTHER},
    )
    account.classify()
    return str(next(row["input_hash"] for row in of_ad(account, "1") if row["reading"] == "copy"))


def of_ad(account: Account, ad_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = readings.of_ad(account.db, account.brand_id, ad_id)["readings"]
    return found


def stage(account: Account, ad_id: str = "1") -> tuple[str, str]:
    """The stage that counts in the words of an ad, and whose it is."""
    best = next(row for row in of_ad(account, ad_id) if row["reading"] == "copy")
    return best["awareness"], best["classifier"]


def test_an_owner_and_an_editor_may_correct_and_take_back(account: Account, people: People, hash_of_copy: str) -> None:
    before = stage(account)
    for db in (people.owner, people.editor):
        readings.correct(db, account.brand_id, "copy", hash_of_copy, {"awareness": "most_aware", "hook": "deal"})
        assert stage(account) == ("most_aware", "human")
        assert readings.withdraw(db, account.brand_id, "copy", hash_of_copy)
        assert stage(account) == before
        assert not readings.withdraw(db, account.brand_id, "copy", hash_of_copy)


def test_a_viewer_and_a_stranger_may_not(account: Account, people: People, hash_of_copy: str) -> None:
    """Neither correct, nor take back, nor set the budget; and nothing has changed."""
    readings.correct(people.owner, account.brand_id, "copy", hash_of_copy, {"awareness": "most_aware"})
    stored = account.stored()
    for db in (people.viewer, people.stranger):
        with pytest.raises(Refused):
            readings.correct(db, account.brand_id, "copy", hash_of_copy, {"awareness": "unaware"})
        with pytest.raises(Refused):
            readings.withdraw(db, account.brand_id, "copy", hash_of_copy)
        with pytest.raises(Refused):
            readings.set_budget(db, account.brand_id, Decimal(7))
    assert account.stored() == stored
    assert readings.costs(account.db, account.brand_id)["budget_usd"] == 50
    assert readings.ads(people.viewer, account.brand_id)["total"] == 3
    assert readings.ads(people.stranger, account.brand_id)["total"] == 0
    assert readings.of_ad(people.stranger, account.brand_id, "1")["ad"] is None
    assert readings.review_queue(people.stranger, account.brand_id)["total"] == 0


@pytest.mark.parametrize(
    "labels",
    [
        {"awareness": "enlightened"},
        {"format": "video_length"},
        {"persona": "anybody"},
        {"awareness": "unaware", "hook": "<b>"},
        {"video_length": "short_0_15"},
    ],
)
def test_a_label_outside_of_the_lists_is_refused(
    account: Account, people: People, hash_of_copy: str, labels: dict[str, str]
) -> None:
    with pytest.raises(BadInput, match="Choose a label from its list"):
        readings.correct(people.owner, account.brand_id, "copy", hash_of_copy, labels)
    assert account.stored(classifier="human") == []


def test_what_nobody_has_read_cannot_be_corrected(account: Account, people: People) -> None:
    with pytest.raises(BadInput, match="nothing to correct"):
        readings.correct(people.owner, account.brand_id, "copy", "0" * 64, {"awareness": "unaware"})


def test_the_lists_of_the_database_are_those_of_the_code(database: psycopg.Connection) -> None:
    """All but the length of a video, which is measured."""
    stored: dict[str, set[str]] = {}
    for name, label in database.execute("select list, label from app.labels").fetchall():
        stored.setdefault(name, set()).add(label)
    assert stored == {name: set(labels) for name, labels in taxonomy.LISTS.items() if name != "video_length"}


def test_a_correction_holds_for_every_ad_that_shares_the_input(
    account: Account, people: People, hash_of_copy: str
) -> None:
    other = stage(account, "3")
    readings.correct(people.editor, account.brand_id, "copy", hash_of_copy, {"awareness": "unaware", "offer": "bundle"})
    assert [stage(account, ad_id) for ad_id in ("1", "2", "3")] == [("unaware", "human")] * 2 + [other]
    found = readings.of_ad(account.db, account.brand_id, "2")
    assert found["shared"]["copy"] == 2
    assert found["readings"][0]["labels"]["offer"] == "bundle"
    listed = {
        ad["ad_id"]: (ad["awareness"], ad["reader"]) for ad in readings.ads(people.viewer, account.brand_id)["ads"]
    }
    assert listed == {"1": ("unaware", "human"), "2": ("unaware", "human"), "3": other}


def test_a_correction_outlives_force_a_newer_version_and_a_better_reader(
    account: Account, people: People, models: Models, hash_of_copy: str
) -> None:
    """Nobody asks again about what a person has said; what others say stands beside it."""
    readings.correct(people.owner, account.brand_id, "copy", hash_of_copy, {"awareness": "most_aware"})
    meter = Counting(name="rules@999")
    account.classify(models.panel(free=meter), force=True)
    assert stage(account) == ("most_aware", "human")
    assert all(given.primary_text != WORDS["primary_text"] for given in meter.asked if isinstance(given, CopyInput))
    newer = {"reading": "copy", "input_hash": hash_of_copy, "prompt_version": "copy-999", "awareness": "unaware"}
    run = account.runs()[0]["id"]
    rows = [newer | {"classifier": name} for name in ("gemini:later", RulesClassifier().name)]
    classifications.save(account.db, account.brand_id, run, rows, supersede=True)
    assert stage(account) == ("most_aware", "human")
    assert readings.withdraw(people.owner, account.brand_id, "copy", hash_of_copy)
    assert stage(account) == ("unaware", "gemini:later")


def test_what_was_replaced_is_history_and_right_as_it_is_keeps_the_evidence(
    account: Account, people: People, hash_of_copy: str
) -> None:
    said = next(row for row in of_ad(account, "1") if row["reading"] == "copy")
    readings.correct(people.owner, account.brand_id, "copy", hash_of_copy, {})
    confirmed = next(row for row in of_ad(account, "1") if row["reading"] == "copy")
    assert (confirmed["classifier"], confirmed["awareness"]) == ("human", said["awareness"])
    assert confirmed["evidence"] == said["evidence"]
    readings.correct(people.owner, account.brand_id, "copy", hash_of_copy, {"awareness": "unaware"})
    history = readings.of_ad(account.db, account.brand_id, "1")["history"]
    assert [(row["classifier"], row["awareness"]) for row in history] == [("human", said["awareness"])]


def best(account: Account, ad_id: str = "1") -> dict[str, Any]:
    """The row that counts in the words of an ad."""
    return next(row for row in of_ad(account, ad_id) if row["reading"] == "copy")


def test_a_word_on_a_label_that_nobody_saw_is_not_taken(account: Account, people: People, hash_of_copy: str) -> None:
    """A model's row that arrived meanwhile, or a colleague's word, is looked at first."""
    shown = best(account)
    newer = {"reading": "copy", "input_hash": hash_of_copy, "prompt_version": "copy-9", "awareness": "unaware"}
    run = account.runs()[0]["id"]
    classifications.save(account.db, account.brand_id, run, [newer | {"classifier": "gemini:later"}])
    for labels in ({}, {"awareness": "most_aware"}):
        with pytest.raises(BadInput, match=readings.CHANGED):
            readings.correct(people.owner, account.brand_id, "copy", hash_of_copy, labels, seen=shown["id"])
    assert account.stored(classifier="human") == []
    fresh = best(account)
    assert fresh["classifier"] == "gemini:later"
    said = readings.correct(people.owner, account.brand_id, "copy", hash_of_copy, {}, seen=fresh["id"])
    assert best(account)["id"] == said
    with pytest.raises(BadInput, match=readings.CHANGED):
        readings.correct(people.editor, account.brand_id, "copy", hash_of_copy, {}, seen=fresh["id"])
    with pytest.raises(BadInput, match=readings.CHANGED):
        readings.correct(people.owner, account.brand_id, "copy", hash_of_copy, {}, seen=shown["id"])
    assert best(account)["id"] == said


def test_the_same_word_sent_twice_is_taken_once(account: Account, people: People, hash_of_copy: str) -> None:
    """A call whose answer got lost is sent again: it finds its own word, which is no change that somebody missed."""
    shown = best(account)
    for labels in ({}, {"awareness": "most_aware", "offer": "bundle"}):
        ids = {
            readings.correct(people.owner, account.brand_id, "copy", hash_of_copy, labels, seen=shown["id"])
            for _ in range(2)
        }
        assert ids == {best(account)["id"]}
        taken = {"reading": "copy", "input_hash": hash_of_copy, "row": best(account)["id"]}
        assert [readings.withdraw(people.owner, account.brand_id, **taken) for _ in range(2)] == [True, True]
        assert best(account)["id"] == shown["id"]


def test_undo_leaves_the_later_word_of_a_colleague(account: Account, people: People, hash_of_copy: str) -> None:
    first = readings.correct(people.owner, account.brand_id, "copy", hash_of_copy, {"awareness": "most_aware"})
    later = readings.correct(people.editor, account.brand_id, "copy", hash_of_copy, {"awareness": "unaware"})
    assert not readings.withdraw(people.owner, account.brand_id, "copy", hash_of_copy, row=first)
    assert best(account)["id"] == later
    assert not readings.withdraw(people.owner, account.brand_id, "copy", hash_of_copy, row=shown_never())
    assert readings.withdraw(people.owner, account.brand_id, "copy", hash_of_copy, row=later)
    assert best(account)["classifier"] != "human"
    assert not readings.withdraw(people.owner, account.brand_id, "copy", hash_of_copy, row=shown_never())


def shown_never() -> str:
    """The id of no row."""
    return str(uuid4())


def test_two_people_who_click_at_once_do_so_one_after_the_other(
    account: Account, people: People, hash_of_copy: str
) -> None:
    """Both saw the same row: one word stands, the other one is told."""
    shown = best(account)["id"]

    def say(db: Database, label: str) -> str:
        try:
            return readings.correct(db, account.brand_id, "copy", hash_of_copy, {"awareness": label}, seen=shown)
        except BadInput as error:
            return error.message

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(say, (people.owner, people.editor), ("unaware", "most_aware")))
    assert sorted(answers) == sorted([best(account)["id"], readings.CHANGED])


def test_agreement_counts_the_same_stage_and_the_next_one(account: Account, people: People) -> None:
    """Three checked labels of the rules: one confirmed, one moved by a stage, one by two."""
    texts = ("What 1,200 dog owners told us.", *(text["primary_text"] for text in (WORDS, OTHER)))
    account.ads(*({"ad_id": str(place), "primary_text": text} for place, text in enumerate(texts)))
    account.classify()
    stages: list[str] = list(taxonomy.STAGES)
    for ad_id, steps in (("0", 0), ("1", 1), ("2", 2)):
        row = next(row for row in of_ad(account, ad_id) if row["reading"] == "copy")
        at = stages.index(row["awareness"])
        wanted = stages[at + steps] if at + steps < len(stages) else stages[at - steps]
        readings.correct(people.owner, account.brand_id, "copy", row["input_hash"], {"awareness": wanted})
    rules = RulesClassifier().name
    assert readings.agreement(people.viewer, account.brand_id) == [
        {"classifier": rules, "reading": "copy", "n": 3, "same_stage": 1, "near_stage": 2}
    ]


def test_a_label_that_was_left_unclear_is_no_disagreement(account: Account, db: Database, people: People) -> None:
    """The classifier made no claim that a person could agree with."""
    account.ads({"ad_id": "1", "primary_text": "Unser Hund kann nicht mehr auf das Sofa springen."})
    account.classify()
    assert best(account)["awareness"] == "unclear"
    readings.correct(people.owner, account.brand_id, "copy", best(account)["input_hash"], {"awareness": "unaware"})
    assert readings.agreement(db, account.brand_id) == []


def test_coverage_adds_up_one_currency_and_names_the_others(account: Account, people: People) -> None:
    """By hand: 30 + 20 dollars, of them 30 with a stage; the 40 euros of the second ad are in no sum."""
    account.ads({"ad_id": "1", "spend": 30, **WORDS}, {"ad_id": "2", "spend": 20})
    account.db.upsert(
        "ad_performance_daily",
        {"brand_id": account.brand_id, "account_id": ACCOUNT, "ad_id": "2", "date": str(DAY - timedelta(days=1)),
         "currency": "EUR", "spend": 40},
        on_conflict="brand_id,ad_id,date",
    )  # fmt: skip
    account.classify()
    first = DAY - timedelta(days=29)
    assert readings.coverage(people.viewer, account.brand_id, since=first, until=DAY) == {
        "currency": "USD",
        "left_out": ["EUR"],
        "spend": 50,
        "ads": 2,
        "by": [
            {"classifier": RulesClassifier().name, "spend": 30, "ads": 1},
            {"classifier": None, "spend": 20, "ads": 1},
        ],
    }
    none = readings.coverage(people.viewer, account.brand_id, since=first - timedelta(days=99), until=first)
    assert none == {"currency": None, "left_out": [], "spend": 0, "ads": 0, "by": []}


def test_the_list_is_ordered_searched_and_counted(account: Account, people: People, hash_of_copy: str) -> None:
    """By hand: spend 30, 20 and 10; two ads of one wording; a label that nobody has is asked for by ''."""
    account.ads({"ad_id": "4", "name": "No words: 100%_<b>", "effective_status": "PAUSED"})
    found = readings.ads(people.viewer, account.brand_id)
    assert [(ad["ad_id"], ad["spend"]) for ad in found["ads"]] == [("1", 30), ("2", 20), ("3", 10), ("4", None)]
    assert (found["first"], found["last"]) == ("2026-02-01", DAY.isoformat())
    stages = {stage(account, "1")[0]: 2, "": 1}
    stages[stage(account, "3")[0]] = stages.get(stage(account, "3")[0], 0) + 1
    assert found["awareness"] == stages

    def ids(**narrowed: Any) -> list[str]:
        answer = readings.ads(people.viewer, account.brand_id, **narrowed)
        assert answer["found"] == len(answer["ads"]) or narrowed.get("limit")
        assert answer["total"] == 4
        return [ad["ad_id"] for ad in answer["ads"]]

    assert ids(search="EASIER") == ["1", "2"]
    assert ids(search="100%_<b>") == ["4"]
    assert ids(search="%") == ["3", "4"]
    assert ids(awareness="") == ["4"]
    assert ids(awareness=stage(account, "1")[0], search="two") == ["2"]
    assert ids(limit=2, offset=1) == ["2", "3"]
    assert ids(limit=2, offset=9) == []


def test_the_queue_follows_the_spend_of_the_last_days_with_data(account: Account, db: Database) -> None:
    """Even where those are months ago; a checked label leaves it, and comes back when that is withdrawn."""
    account.ads(
        {
            "ad_id": "1",
            "spend": 5,
            "primary_text": "Unser Hund kann nicht mehr auf das Sofa springen und die Treppe ist schwer.",
        },
        {
            "ad_id": "2",
            "spend": 50,
            "primary_text": "Wir haben mit dem Tierarzt gesprochen und er hat uns von der Kur erzählt.",
        },
    )
    account.classify()
    queue = readings.review_queue(db, account.brand_id)
    assert [(item["ad_id"], item["spend"], item["currency"], item["reason"]) for item in queue["items"]] == [
        ("2", 50, "USD", "unclear"),
        ("1", 5, "USD", "unclear"),
    ]
    assert queue["total"] == 2
    first = queue["items"][0]
    run = account.runs()[0]["id"]
    row = {"reading": "copy", "input_hash": first["input_hash"], "prompt_version": "v", "classifier": "human"}
    classifications.save(db, account.brand_id, run, [row | {"awareness": "unaware"}])
    assert [item["ad_id"] for item in readings.review_queue(db, account.brand_id)["items"]] == ["1"]
    assert readings.withdraw(db, account.brand_id, "copy", first["input_hash"])
    assert readings.review_queue(db, account.brand_id, limit=1)["total"] == 2


def test_an_ad_says_what_it_spent_and_why_a_call_gave_nothing(account: Account, hash_of_copy: str) -> None:
    account.db.insert_new(
        "llm_calls",
        {"brand_id": account.brand_id, "classifier": "gemini:g", "provider": "gemini", "model": "g", "purpose": "copy",
         "reading": "copy", "input_hash": hash_of_copy, "prompt_version": "v", "state": "unanswered",
         "reason": "blocked", "expires_at": "2026-03-02T00:00:00Z", "finished_at": "2026-03-02T00:00:00Z"},
    )  # fmt: skip
    found = readings.of_ad(account.db, account.brand_id, "2")
    assert found["spend"] == {"spend": 20, "currency": "USD", "first": "2026-02-01", "last": "2026-03-02"}
    assert [(call["reading"], call["state"], call["reason"]) for call in found["unanswered"]] == [
        ("copy", "unanswered", "blocked")
    ]
    assert found["ad"]["account_id"] == ACCOUNT
