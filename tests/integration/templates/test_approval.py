"""Who reads an item, who decides about it, and that neither happens twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from tests.integration.conftest import User
from viraltracker.errors import BadInput, Refused
from viraltracker.jobs import template_approval
from viraltracker.local.stack import Endpoints
from viraltracker.store import client, templates
from viraltracker.store.client import Database

from .conftest import Library, export, picture

FLAGGED = "Write to jo@shop.example about your dog. Two soft chews a day help."


def test_what_is_sure_is_approved_and_what_is_flagged_waits(library: Library) -> None:
    library.upload(export(1, 2))
    library.upload(export(3, body=FLAGGED))
    result = library.approve()
    assert (result["analysed"], result["approved"], result["waiting"], result["remaining"]) == (3, 2, 1, 0)
    [waiting] = templates.review(library.db, library.brand_id, limit=5)["items"]
    assert waiting["flags"] == ["personal_data"]
    assert {row["decided_how"] for row in library.queue()} == {"rules", None}
    assert [row["name"] for row in library.templates()] == [row["name"] for row in library.page()["items"]]


def test_nothing_is_approved_where_nobody_asked_for_it(library: Library) -> None:
    library.upload(export(1))
    assert library.approve(auto_approve=False)["waiting"] == 1
    assert library.approve(threshold=0.86)["approved"] == 0, "rules are never surer than .85"
    assert library.templates() == []


def test_two_approvals_at_once_share_the_work_and_take_nothing_twice(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.upload(export(*range(60)), max_ads=100)
    taken: list[list[str]] = []
    meet = threading.Barrier(2, timeout=30)
    claim = templates.claim
    waited = threading.local()

    def note(*given: object, **named: object) -> list[dict[str, object]]:
        found = claim(*given, **named)  # type: ignore[arg-type]
        taken.append([str(item["id"]) for item in found])
        if not getattr(waited, "once", False):
            waited.once = True
            meet.wait()
        return found

    monkeypatch.setattr(templates, "claim", note)
    with ThreadPoolExecutor(2) as pool:
        results = [work.result() for work in [pool.submit(library.approve) for _ in range(2)]]
    every = [item for items in taken for item in items]
    assert len(every) == len(set(every)) == 60
    assert sum(result["analysed"] for result in results) == 60
    assert min(result["analysed"] for result in results) > 0
    assert len(library.templates()) == 60


def test_a_lost_lease_is_taken_over_and_its_late_answer_is_not_taken(
    library: Library, database: psycopg.Connection
) -> None:
    library.upload(export(1))
    [held] = templates.claim(library.db, library.brand_id, "dead:1", limit=5, lease_s=300)
    assert library.approve()["analysed"] == 0, "while it is held"
    database.execute("update public.template_queue set claimed_until = now() - interval '1 second'")
    assert library.approve(auto_approve=False)["analysed"] == 1
    late = [{"id": held["id"], "reading": {"name": "Late"}, "flags": [], "confidence": 1.0}]
    assert templates.finish_readings(library.db, "dead:1", late)["analysed"] == 0
    [item] = library.queue()
    assert item["reading"]["name"] != "Late"


def test_a_run_goes_on_at_once_with_what_its_killed_attempt_held(library: Library) -> None:
    library.upload(export(1))
    run_id = library.context().run_key
    templates.claim(library.db, library.brand_id, f"{run_id}:1", limit=5, lease_s=300)
    context = library.context(run_id, epoch=2)
    assert library.run(template_approval.TYPE, context)["analysed"] == 1


def test_a_stopped_run_gives_back_what_it_held_without_counting_a_try(library: Library) -> None:
    library.upload(export(1))
    templates.claim(library.db, library.brand_id, "r:1", limit=5, lease_s=300)
    assert templates.release(library.db, "r:1") == 1
    [item] = library.queue()
    assert (item["tries"], item["claimed_by"]) == (0, None)


def test_an_item_that_cannot_be_read_fails_after_three_tries_with_its_reason(
    library: Library, database: psycopg.Connection
) -> None:
    library.upload(export(1))
    database.execute(
        "update public.template_queue set storage_key = brand_id || '/' || repeat('0', 64) where organization_id = %s",
        [library.organization_id],
    )
    assert library.approve() | {"waiting": 0} == {
        "analysed": 0, "failed": 1, "to_try_again": 2, "approved": 0, "waiting": 0, "remaining": 0,
    }  # fmt: skip
    [item] = library.queue()
    assert (item["status"], item["tries"], item["reason"]) == ("failed", 3, "The stored file is gone.")


def test_an_item_whose_readers_died_three_times_has_failed(library: Library) -> None:
    """What kills a worker must not kill the next one for ever."""
    library.upload(export(1))
    for number in range(3):
        assert templates.claim(library.db, library.brand_id, f"{number}:1", limit=5, lease_s=-1)
    assert templates.claim(library.db, library.brand_id, "4:1", limit=5, lease_s=-1) == []
    [item] = library.queue()
    assert (item["status"], item["reason"]) == ("failed", "Reading it ended without an answer three times.")


@pytest.fixture
def member(
    endpoints: Endpoints,
    http: httpx.Client,
    database: psycopg.Connection,
    new_user: Callable[[str], User],
    library: Library,
) -> Callable[[str], Database]:
    def make(role: str) -> Database:
        user = new_user(role)
        if role != "stranger":
            database.execute(
                "insert into public.memberships (organization_id, user_id, role) values (%s, %s, %s)",
                [library.organization_id, user.id, role],
            )
        return client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=user.key)

    return make


def waiting(library: Library) -> str:
    library.upload({"a.png": picture(5)})
    library.approve(auto_approve=False)
    return str(library.queue()[0]["id"])


def test_approving_twice_makes_one_template_with_the_persons_words(
    library: Library, member: Callable[[str], Database]
) -> None:
    item, editor = waiting(library), member("editor")
    edits = {"name": "Stairs", "layout": "headline_top", "status": "not a field of it"}
    first = templates.decide(editor, item, "approve", edits)
    second = templates.decide(editor, item, "approve", {"name": "Other"})
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["template_id"] == second["template_id"]
    [made] = library.templates()
    assert (made["name"], made["layout"]) == ("Stairs", "headline_top")
    [decided] = library.queue()
    assert (decided["status"], decided["decided_how"]) == ("approved", "person")
    assert decided["decided_by"]


def test_a_rejected_item_makes_no_template_and_no_run_approves_it_later(
    library: Library, member: Callable[[str], Database]
) -> None:
    item = waiting(library)
    assert templates.decide(member("editor"), item, "reject")["status"] == "rejected"
    library.approve(threshold=0.5)
    assert library.templates() == []


@pytest.mark.parametrize("role", ["viewer", "stranger"])
def test_who_may_only_read_decides_nothing(library: Library, member: Callable[[str], Database], role: str) -> None:
    item, person = waiting(library), member(role)
    with pytest.raises(Refused):
        templates.decide(person, item, "approve")
    templates.decide(library.db, item, "approve")
    [made] = library.templates()
    with pytest.raises(Refused):
        templates.edit(person, made["id"], {"name": "Mine"})
    shown = templates.library(person, library.brand_id, templates.Filter())
    assert len(shown["items"]) == (1 if role == "viewer" else 0)


def test_a_template_is_edited_archived_and_found(library: Library, member: Callable[[str], Database]) -> None:
    library.upload(export(1, 2))
    library.approve()
    editor = member("editor")
    one, other = library.templates()
    templates.edit(editor, one["id"], {"name": "Biscuit tin", "hook": "story"})
    templates.edit(editor, other["id"], {"archived": True})
    assert [row["name"] for row in library.page(search="biscuit")["items"]] == ["Biscuit tin"]
    assert [row["id"] for row in library.page(archived=True)["items"]] == [other["id"]]
    page = library.page(hook="story", running=True, sort="name")
    assert (page["templates"], page["found"], page["hooks"]) == (1, 1, {"story": 1})
    with pytest.raises(BadInput):
        templates.edit(editor, one["id"], {"awareness": "wide awake"})
