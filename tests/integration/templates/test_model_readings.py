"""Templates read by models, over the wire with the real SDKs: paid once, stored at once, and never taken on trust."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import psycopg
import pytest

from viraltracker import clock, settings
from viraltracker.errors import ConfigurationError, Unavailable
from viraltracker.jobs import template_approval
from viraltracker.jobs.context import JobContext
from viraltracker.sandbox.demo import competitors
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.model_desk import KEY
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import accounts, model_calls, templates
from viraltracker.store.model_calls import Caller, Ended, Wanted
from viraltracker.templates import model_reading
from viraltracker.templates.reading import AdWords

from .conftest import Json, Library, export

FLAGGED = {2: "another_brand", 8: "regulated_claim", 13: "personal_data"}
"""By the competitor's ad: what the model sees in it, or the rules in its words."""


@dataclass
class Reading:
    """A library, and the sandbox whose models read it."""

    library: Library
    sandbox: RunningSandbox
    database: psycopg.Connection

    def keyed(self, provider: str = "gemini", key: str = KEY) -> Library:
        """The library with one provider's key."""
        url = self.sandbox.base_url
        given = {
            "gemini": {"GEMINI_API_KEY": key, "GEMINI_BASE_URL": f"{url}/gemini", "GEMINI_REQUESTS_PER_MINUTE": "0"},
            "claude": {
                "ANTHROPIC_API_KEY": key,
                "ANTHROPIC_BASE_URL": f"{url}/claude",
                "ANTHROPIC_REQUESTS_PER_MINUTE": "0",
            },
        }[provider]
        home = self.library.services.settings.home
        return replace(
            self.library,
            services=replace(self.library.services, settings=replace(settings.load(given), home=home)),
        )

    def run(self, library: Library, run_id: str | None = None, epoch: int = 1) -> JobContext:
        """The context of a run that the database knows."""
        return library.context(run_id or self.job_run(), epoch)

    def job_run(self) -> str:
        brand = self.library.brand_id
        row = self.database.execute(
            "with job as (insert into public.scheduled_jobs (brand_id, job_type, name, schedule_type, status)"
            " values (%(brand)s, 'template_approval', 'x', 'one_time', 'completed') returning id)"
            " insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger,"
            "  state, lease_worker, lease_until, started_at)"
            " select id, %(brand)s, 'template_approval', '{}', now(), 'api', 'running', gen_random_uuid(),"
            "  now() + interval '1 hour', now() from job returning id::text",
            {"brand": brand},
        ).fetchone()
        assert row is not None
        return str(row[0])

    def bring(self, count: int = 14) -> None:
        """The first of the competitors' ads, with their pictures."""
        today = clock.now().date()
        with zipfile.ZipFile(io.BytesIO(competitors.export_zip(today))) as archive:
            rows = json.loads(archive.read("ads.json"))[:count]
            pictures = {row["image_file"]: archive.read(row["image_file"]) for row in rows}
        self.library.upload({"ads.json": json.dumps(rows).encode(), **pictures})

    def asked(self) -> int:
        """How many calls the models had."""
        return sum(call.kind == "generate" for call in self.sandbox.sandbox.model_calls)

    def calls(self) -> list[Json]:
        return self.library.db.rows("llm_calls", where={"brand_id": self.library.brand_id})


@pytest.fixture
def reading(library: Library, sandbox: RunningSandbox, database: psycopg.Connection) -> Iterator[Reading]:
    sandbox.sandbox.models.calls.clear()
    yield Reading(library, sandbox, database)
    sandbox.sandbox.models.set_paces({"model_seconds": 0})


@pytest.mark.parametrize("provider", ["gemini", "claude"])
def test_a_model_reads_every_picture_once_and_what_it_flags_waits(reading: Reading, provider: str) -> None:
    reading.bring()
    library = reading.keyed(provider)
    result = library.run(template_approval.TYPE, reading.run(library))
    assert (result["analysed"], result["failed"], result["remaining"]) == (14, 0, 0)
    assert result["reader"].startswith(f"{provider}:")
    items = {item["ad_archive_id"]: item for item in library.queue()}
    for number, flag in FLAGGED.items():
        item = items[f"77{number:013d}"]
        assert flag in item["flags"], number
        assert item["status"] == "analysed", "a flag is never approved by itself"
    assert {item["status"] for item in items.values() if not item["flags"] and item["confidence"] >= 0.8} == {
        "approved"
    }
    assert result["waiting"] == sum(item["status"] == "analysed" for item in items.values()) > 3
    read = items["77" + f"{1:013d}"]["reading"]
    assert (read["layout"], read["awareness"], read["industry"]) == ("headline_top", "problem_aware", "pets")
    assert read["text_regions"] == [{"left": 0.06, "top": 0.07, "width": 0.86, "height": 0.29}]
    assert read["unseen"] == []
    calls = reading.calls()
    assert len(calls) == reading.asked() == result["calls"] == 14
    assert {(call["state"], call["purpose"], call["provider"]) for call in calls} == {
        ("answered", "template", provider)
    }
    assert result["cost_usd"] > 0
    assert sum(float(call["cost_usd"]) for call in calls) == pytest.approx(result["cost_usd"])
    assert library.run(template_approval.TYPE, reading.run(library))["calls"] == 0
    assert reading.asked() == 14


def test_a_picture_that_is_blocked_is_asked_three_times_and_says_why(reading: Reading) -> None:
    reading.bring(1)
    reading.sandbox.sandbox.faults.add(Matcher("gemini", times=None), Fault("blocked_prompt"))
    library = reading.keyed()
    result = library.run(template_approval.TYPE, reading.run(library))
    assert (result["failed"], result["to_try_again"], result["analysed"]) == (1, 2, 0)
    [item] = library.queue()
    assert (item["status"], item["tries"]) == ("failed", 3)
    assert "Gemini blocked the request" in item["reason"]
    assert {call["state"] for call in reading.calls()} == {"unanswered"}


def test_an_answer_outside_the_schema_is_asked_for_once_more(reading: Reading) -> None:
    reading.bring(1)
    reading.sandbox.sandbox.faults.add(Matcher("gemini"), Fault("wrong_shape"))
    library = reading.keyed()
    assert library.run(template_approval.TYPE, reading.run(library))["analysed"] == 1
    [call] = reading.calls()
    assert (call["state"], call["requests"]) == ("answered", 2)


@pytest.mark.parametrize(
    ("fault", "key", "error"),
    [(Fault("model_error", {"status": 503}), KEY, Unavailable), (None, "wrong", ConfigurationError)],
    ids=["service down", "wrong key"],
)
def test_what_is_nobodys_fault_gives_the_items_back_uncounted(
    reading: Reading, fault: Fault | None, key: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viraltracker.llm.tries.FIRST_WAIT_SECONDS", 0.01)
    reading.bring(3)
    if fault is not None:
        reading.sandbox.sandbox.faults.add(Matcher("gemini", times=None), fault)
    library = reading.keyed(key=key)
    with pytest.raises(error):
        library.run(template_approval.TYPE, reading.run(library))
    assert [(item["status"], item["tries"], item["claimed_by"]) for item in library.queue()] == [
        ("pending", 0, None)
    ] * 3
    assert {call["state"] for call in reading.calls()} == {"failed"}
    reading.sandbox.sandbox.faults.clear()
    library = reading.keyed()
    assert library.run(template_approval.TYPE, reading.run(library))["analysed"] == 3


def test_two_approvals_at_once_pay_for_each_picture_once(reading: Reading) -> None:
    reading.bring()
    reading.sandbox.sandbox.models.set_paces({"model_seconds": 0.2})
    library = reading.keyed()
    runs = [reading.run(library) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda run: library.run(template_approval.TYPE, run), runs))
    assert sum(result["analysed"] for result in results) == reading.asked() == 14


def claimed(reading: Reading, run_id: str, call_id: UUID) -> Json:
    """An item that an attempt of a run holds, with its call under way, as a killed worker leaves it."""
    library = reading.library
    [item] = templates.claim(library.db, library.brand_id, f"{run_id}:1", limit=1, lease_s=3600)
    words = AdWords(item["page_name"], item["body"], item["title"], item["cta"], ())
    asked = model_reading.question(
        item["sha256"], lambda: library.services.storage.get("assets", item["storage_key"]), words
    )
    assert isinstance(asked, model_reading.Question)
    caller = Caller(None, run_id, "gemini:gemini-3.8-flash", "gemini", "gemini-3.8-flash", 3600, force=False)
    wanted = Wanted(call_id, "template", asked.input_hash, model_reading.VERSION, "template", None)
    assert model_calls.begin(library.db, library.brand_id, caller, [wanted]) == ["go"]
    return item


def test_a_killed_run_pays_again_for_what_was_under_way_and_for_nothing_else(reading: Reading) -> None:
    reading.bring(3)
    library, run_id, call_id = reading.keyed(), reading.job_run(), uuid4()
    claimed(reading, run_id, call_id)
    assert library.run(template_approval.TYPE, reading.run(library, run_id, epoch=2))["analysed"] == 3
    states = {call["id"]: call["state"] for call in reading.calls()}
    assert states.pop(str(call_id)) == "lost"
    assert list(states.values()) == ["answered"] * 3 == ["answered"] * reading.asked()


def test_what_a_run_held_that_has_ended_is_free_at_once(reading: Reading) -> None:
    """A model's lease is an hour; nobody waits so long for a worker that is gone."""
    reading.bring(1)
    library, run_id = reading.keyed(), reading.job_run()
    claimed(reading, run_id, uuid4())
    reading.database.execute(
        "update public.scheduled_job_runs set state = 'failed', finished_at = now(), lease_worker = null,"
        " lease_until = null where id = %s",
        [run_id],
    )
    assert library.run(template_approval.TYPE, reading.run(library))["analysed"] == 1


def test_a_paid_answer_is_kept_though_its_claim_was_lost_and_the_first_of_two_stays(reading: Reading) -> None:
    reading.bring(1)
    call_id, db = uuid4(), reading.library.db
    item = claimed(reading, reading.job_run(), call_id)
    ended = Ended("answered", 1, 10, 10)
    paid: Json = {"reading": {"name": "Paid"}, "flags": ["face"], "confidence": 0.9}
    held = {"item_id": item["id"], "claim_id": "somebody:1"}
    assert templates.finish_call(db, call_id, ended, found=paid, **held) == "analysed"
    again = paid | {"reading": {"name": "Late"}}
    assert templates.finish_call(db, call_id, ended, found=again, **held) == "analysed"
    [row] = reading.library.queue()
    assert (row["reading"]["name"], row["flags"], row["claimed_by"]) == ("Paid", ["face"], None)


def test_without_money_for_models_the_pictures_wait(reading: Reading) -> None:
    reading.bring(2)
    reading.database.execute("update public.brands set model_budget_usd = 0 where id = %s", [reading.library.brand_id])
    library = reading.keyed()
    context = reading.run(library)
    result = library.run(template_approval.TYPE, context)
    assert (result["analysed"], result["remaining"], reading.asked()) == (0, 2, 0)
    assert any("money for models is spent" in event["message"] for event in context.control.take()[1])
    assert {item["tries"] for item in library.queue()} == {0}


def test_a_demo_brand_without_a_key_has_the_demos_pictures_read_and_the_rules_read_the_rest(reading: Reading) -> None:
    reading.bring(2)
    reading.library.upload(export(5))
    accounts.connect(
        reading.library.db, reading.library.brand_id, "act_100200300400", source="demo", access_token="demo-token"
    )
    library = replace(reading.library, services=replace(reading.library.services, sandbox_url=reading.sandbox.base_url))
    assert library.run(template_approval.TYPE, reading.run(library))["analysed"] == 3
    readers = {item["ad_archive_id"][:2]: item["reading"]["reader"].partition(":")[0] for item in library.queue()}
    assert readers == {"77": "sandbox", "90": "rules@1"}
