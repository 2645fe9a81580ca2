"""Made ads reach Slack and mailboxes once, whatever breaks on the way, and are found a month later by their link."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import psycopg
import pytest

from viraltracker import addresses, clock
from viraltracker.creation import deliveries as dispatching
from viraltracker.errors import BadInput, ConfigurationError, NotFound, RateLimited, Refused, Stopped, Unavailable
from viraltracker.jobs import ad_delivery
from viraltracker.jobs.context import JobContext, RunControl
from viraltracker.local.stack import Endpoints
from viraltracker.sandbox import slack
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.server import RunningSandbox, running
from viraltracker.sandbox.slack import Message
from viraltracker.store import client, creations, deliveries
from viraltracker.store.queue import ClaimedRun
from viraltracker.web import new_ads_view
from viraltracker.web.ad_view import Place

from ..conftest import User
from .conftest import Studio
from .postbox import Postbox, postbox

Json = dict[str, Any]
ONE: Json = {"num_variations": 1, "portrait": False, "story": False, "wide": False}


@dataclass
class Outbox:
    """A studio whose worker may send: to a workspace of Slack, and to a mail server."""

    studio: Studio
    slack: RunningSandbox
    box: Postbox
    database: psycopg.Connection

    def made(self, **parameters: Any) -> tuple[str, list[Json]]:
        """A run of one ad in one size, and the jobs that follow it."""
        context = self.studio.context()
        self.studio.run(context, **ONE | parameters)
        return context.run_key, context.chained

    def deliver(self, parameters: Json, *, attempt: int = 1, most: int = 3, job_run: str | None = None) -> Json:
        """One try of the job, as the worker runs it."""
        return ad_delivery.TYPE.execute(self.context(job_run, attempt, most), parameters)

    def context(self, job_run: str | None = None, attempt: int = 1, most: int = 3) -> JobContext:
        run = ClaimedRun(job_run or str(uuid4()), 1, "j", self.studio.brand_id, "ad_delivery", {}, attempt, most, None)
        return JobContext(self.studio.services, RunControl(run))

    def change(self, **settings: Any) -> None:
        services = self.studio.services
        self.studio.services = replace(services, settings=replace(services.settings, **settings))

    def states(self, run: str) -> dict[str, str]:
        """As they are stored; the list of a page also knows which job still works on them."""
        rows = self.database.execute(
            "select kind, state from public.creation_deliveries where run_id = %s order by asked_at", [run]
        ).fetchall()
        return {str(kind): str(state) for kind, state in rows}

    @property
    def messages(self) -> list[Message]:
        return self.slack.sandbox.slack.messages


@pytest.fixture(scope="module")
def workspace() -> Iterator[RunningSandbox]:
    with running() as made:
        yield made


@pytest.fixture
def outbox(
    studio: Studio,
    workspace: RunningSandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    database: psycopg.Connection,
) -> Iterator[Outbox]:
    workspace.sandbox.faults.clear()
    workspace.sandbox.slack.messages.clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with postbox(tmp_path) as box:
        made = Outbox(studio, workspace, box, database)
        made.change(
            app_url="https://app.example.com",
            slack_bot_token=slack.TOKEN,
            slack_channel=slack.CHANNEL,
            slack_url=f"{workspace.base_url}/slack/api",
            smtp_url=box.url(),
            mail_from=addresses.mailbox("ads@example.com"),
            mail_to=("buyer@example.com",),
        )
        yield made


def holds(data: bytes) -> list[str]:
    """Tokens in a zip's manifest."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [row["token"] for row in json.loads(archive.read("manifest.json"))]


def test_a_run_is_sent_to_both_once_however_often_its_job_runs(outbox: Outbox) -> None:
    run, [job] = outbox.made(export="all", recipients="boss@example.com; buyer@example.com")
    assert job["job_type"] == "ad_delivery"
    assert outbox.deliver(job["parameters"]) == {
        "creation_run": run,
        "ads": 1,
        "held_back": 0,
        "exports": [outbox.studio.gallery(run)["runs"][0]["exports"][0]["file_name"]],
        "slack": "sent",
        "email": "sent",
    }
    for job_run in (None, str(uuid4())):
        outbox.deliver(job["parameters"], job_run=job_run)
    [message], [got] = outbox.messages, outbox.box.mails
    assert outbox.box.recipients == [["boss@example.com", "buyer@example.com"]]
    [attached] = got.iter_attachments()
    ads = outbox.studio.gallery(run)["ads"]
    assert holds(attached.get_content()) == [ad["token"] for ad in ads]
    names = {file.name: file for file in message.files}
    [zip_file] = [file for name, file in names.items() if name.endswith(".zip")]
    assert outbox.slack.sandbox.slack.data[zip_file.id] == attached.get_content()
    assert all(ad["token"] in message.text for ad in ads)
    listed = deliveries.of_run(outbox.studio.db, outbox.studio.brand_id, run)
    assert [(each["state"], each["ads"], each["tries"]) for each in listed] == [("sent", 1, 1)] * 2
    assert sorted(each["sent_to"] for each in listed) == [[slack.CHANNEL], ["boss@example.com", "buyer@example.com"]]


def test_the_link_leads_to_the_zip_a_month_later(
    outbox: Outbox, endpoints: Endpoints, new_user: Callable[[str], User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way of a signed-in member: the page's address, its read, the stored file; sixty newer runs are in between."""
    run, [job] = outbox.made(export="email")
    outbox.deliver(job["parameters"])
    words = outbox.box.mails[0].get_body(("plain",))
    assert words is not None
    link = next(part for part in words.get_content().split() if part.startswith("https://app.example.com/"))
    brand_id = outbox.studio.brand_id
    member = new_user("viewer")
    outbox.database.execute(
        "insert into public.memberships (organization_id, user_id, role)"
        " select organization_id, %s, 'viewer' from public.brands where id = %s",
        [member.id, brand_id],
    )
    outbox.database.execute(
        "insert into public.creation_runs (brand_id, id, product_id, parameters, wanted, sizes, status, started_at)"
        " select brand_id, gen_random_uuid(), product_id, parameters, wanted, sizes, 'failed',"
        " now() + make_interval(hours => n)"
        " from public.creation_runs, generate_series(1, 60) n where id = %s",
        [run],
    )
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    address = urlsplit(link)
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert (address.path, asked) == ("/new_ads", {"brand": brand_id, "run": run})
    db = client.connect(endpoints.rest_url, endpoints.anon_key, outbox.studio.services.http, jwt=member.key)
    found = new_ads_view.read(Place(db, asked["brand"], False, clock.now(), "UTC"), asked["run"])
    shown = next(each for each in found["runs"] if each["id"] == found["run"])
    data = outbox.studio.services.storage.get("assets", shown["exports"][-1]["storage_key"])
    [attached] = outbox.box.mails[0].iter_attachments()
    assert data == attached.get_content()
    assert len(found["runs"]) == 51
    for nothing in ("not-a-run", str(uuid4())):
        found = new_ads_view.read(Place(db, brand_id, False, clock.now(), "UTC"), nothing)
        assert (len(found["runs"]), found["ads"]) == (50, [])


def test_only_what_is_approved_now_is_sent(outbox: Outbox) -> None:
    """A person's no counts, and so does a check that nobody's word makes up for."""
    run, _ = outbox.made(export="zip", num_variations=2)
    first, second = outbox.studio.gallery(run)["ads"]
    brand_id = outbox.studio.brand_id
    creations.decide(outbox.studio.db, brand_id, [{"id": first["id"], "decision": "reject"}])
    assert outbox.deliver({"creation_run": run, "to": "slack"})["ads"] == 1
    export = outbox.studio.gallery(run)["runs"][0]["exports"][-1]
    assert (
        export["tokens"]
        == [second["token"]]
        == holds(outbox.studio.services.storage.get("assets", export["storage_key"]))
    )
    outbox.database.execute(
        "update public.generated_ads set status = 'approved', decided_how = 'person', findings = %s where id = %s",
        [json.dumps([{"check": "invented_price", "passed": False, "hard": True, "sentence": "x"}]), first["id"]],
    )
    result = outbox.deliver({"to": "slack"})
    assert (result["ads"], result["held_back"]) == (1, 1)
    creations.decide(outbox.studio.db, brand_id, [{"id": second["id"], "decision": "reject"}])
    with pytest.raises(BadInput, match="fails a check that has to pass"):
        outbox.deliver({"creation_run": run, "to": "all"})
    creations.decide(outbox.studio.db, brand_id, [{"id": first["id"], "decision": "reject"}])
    with pytest.raises(BadInput, match="approve on New ads"):
        outbox.deliver({"creation_run": run, "to": "all"})
    assert len(outbox.messages) == 2
    assert outbox.box.mails == []


@pytest.mark.parametrize("kind", ["slack", "email"])
def test_a_worker_killed_while_it_sends_sends_nothing_again_by_itself(
    outbox: Outbox, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have arrived; a person looks, and asks anew."""
    run, [job] = outbox.made(export=kind)
    end = deliveries.end
    monkeypatch.setattr(deliveries, "end", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    job_run = str(uuid4())
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver(job["parameters"], job_run=job_run)
    monkeypatch.setattr(deliveries, "end", end)
    assert outbox.states(run) == {kind: "sending"}
    [listed] = deliveries.of_run(outbox.studio.db, outbox.studio.brand_id, run)
    assert listed["state"] == "uncertain", "nobody works on it any more"
    for again in (job_run, str(uuid4())):
        with pytest.raises(Refused, match="may have been sent"):
            outbox.deliver(job["parameters"], job_run=again, attempt=2)
    assert outbox.states(run) == {kind: "uncertain"}
    assert len(outbox.messages) + len(outbox.box.mails) == 1
    outbox.deliver(job["parameters"] | {"order": str(uuid4())})
    assert len(outbox.messages) + len(outbox.box.mails) == 2


def test_a_worker_killed_before_it_sends_is_gone_on_with(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    run, [job] = outbox.made(export="slack")
    monkeypatch.setattr(deliveries, "begin_sending", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver(job["parameters"])
    monkeypatch.undo()
    assert (outbox.states(run), outbox.messages) == ({"slack": "waiting"}, [])
    outbox.deliver(job["parameters"], attempt=2)
    assert (outbox.states(run), len(outbox.messages)) == ({"slack": "sent"}, 1)


def test_two_workers_with_one_delivery_send_it_once(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """One froze before the last step, and wakes up when another has done it."""
    run, [job] = outbox.made(export="slack")
    begin_sending = deliveries.begin_sending
    job_run = str(uuid4())

    def late(*arguments: Any) -> bool:
        monkeypatch.setattr(deliveries, "begin_sending", begin_sending)
        outbox.deliver(job["parameters"], job_run=job_run, attempt=2)
        return begin_sending(*arguments)

    monkeypatch.setattr(deliveries, "begin_sending", late)
    with pytest.raises(Stopped):
        outbox.deliver(job["parameters"], job_run=job_run)
    assert (outbox.states(run), len(outbox.messages)) == ({"slack": "sent"}, 1)


def test_one_that_fails_holds_up_neither_the_ads_nor_the_other(outbox: Outbox) -> None:
    """The run is completed with its zip; the delivery says what to do, and one click later it is there."""
    outbox.change(slack_channel="C0ELSEWHERE")
    run, [job] = outbox.made(export="all")
    [made] = outbox.studio.gallery(run)["runs"]
    assert (made["status"], len(made["exports"])) == ("completed", 1)
    job_run = str(uuid4())
    for attempt in (1, 2):
        with pytest.raises(Refused, match=r"Slack: .*C0ELSEWHERE.*/invite"):
            outbox.deliver(job["parameters"], job_run=job_run, attempt=attempt)
    assert outbox.states(run) == {"slack": "failed", "email": "sent"}
    outbox.change(slack_channel=slack.CHANNEL)
    outbox.deliver(job["parameters"])
    assert outbox.states(run) == {"slack": "sent", "email": "sent"}
    assert (len(outbox.messages), len(outbox.box.mails)) == (1, 1)


def test_a_service_that_is_away_is_asked_again_and_in_the_end_given_up(outbox: Outbox) -> None:
    """A wait that was asked for is kept; what was sent meanwhile stays sent."""
    outbox.slack.sandbox.faults.add(
        Matcher("/slack/api/files.complete"), Fault("slack_error", {"error": "ratelimited", "retry_after": 45})
    )
    run, [job] = outbox.made(export="all")
    with pytest.raises(RateLimited) as asked:
        outbox.deliver(job["parameters"])
    assert asked.value.retry_after == timedelta(seconds=45)
    assert outbox.states(run) == {"slack": "waiting", "email": "sent"}
    outbox.slack.sandbox.faults.add(Matcher("/slack/upload", times=None), Fault("html_502"))
    for attempt, state in ((2, "waiting"), (3, "failed")):
        with pytest.raises(Unavailable):
            outbox.deliver(job["parameters"], attempt=attempt)
        assert outbox.states(run) == {"slack": state, "email": "sent"}
    assert (outbox.messages, len(outbox.box.mails)) == ([], 1)


def test_an_answer_that_was_cut_is_not_sent_again(outbox: Outbox) -> None:
    outbox.slack.sandbox.faults.add(Matcher("/slack/api/files.complete"), Fault("done_then_cut"))
    outbox.box.cut = "answering"
    run, [job] = outbox.made(export="all")
    for _ in range(2):
        with pytest.raises(Refused, match=r"Slack: .*may have been sent.*E-mail: .*may have been sent"):
            outbox.deliver(job["parameters"])
    assert outbox.states(run) == {"slack": "uncertain", "email": "uncertain"}
    assert len(outbox.messages) == 1


def test_what_is_not_set_up_is_named_and_loses_nothing(outbox: Outbox) -> None:
    outbox.change(slack_bot_token=None, smtp_url=None, mail_to=())
    context = outbox.studio.context()
    result = outbox.studio.run(context, **ONE, export="all")
    assert (result["approved"], len(result["exports"])) == (1, 1)
    _, events = context.control.take()
    warned = [event["message"] for event in events if event["level"] == "warning"]
    assert [("SLACK_BOT_TOKEN" in said, "SMTP_URL" in said) for said in warned] == [(True, False), (False, True)]
    with pytest.raises(Refused, match=r"SLACK_BOT_TOKEN.*SMTP_URL"):
        outbox.deliver(context.chained[0]["parameters"])
    outbox.change(smtp_url=outbox.box.url())
    with pytest.raises(Refused, match="MAIL_TO"):
        outbox.deliver({"to": "email"})
    with pytest.raises(NotFound, match="New ads"):
        outbox.deliver({"creation_run": str(uuid4())})
    with pytest.raises(BadInput, match="“boss@” is no mail address"):
        outbox.studio.run(**ONE, export="email", recipients="boss@, me@example.com")


def test_no_secret_of_slacks_is_in_what_people_read(outbox: Outbox) -> None:
    """Neither in events nor in what is stored, whatever Slack says of the token."""
    outbox.change(slack_bot_token="xoxb-hunter2")
    run, [job] = outbox.made(export="slack")
    context = outbox.context()
    with pytest.raises(Refused, match="refused the token") as caught:
        ad_delivery.TYPE.execute(context, job["parameters"])
    [listed] = deliveries.of_run(outbox.studio.db, outbox.studio.brand_id, run)
    assert "SLACK_BOT_TOKEN" in listed["reason"]
    said = (caught.value.message, listed, context.control.take(), repr(outbox.studio.services.settings))
    assert "hunter2" not in repr(said)
    assert isinstance(caught.value, Refused)
    assert not isinstance(caught.value, ConfigurationError)
    assert dispatching.NAMES["slack"] in caught.value.message


def test_a_zip_that_cannot_be_stored_is_sent_all_the_same(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ads are made; the run says that its zip is missing, and goes on."""
    stored = creations.store_file

    def refuse(storage: Any, brand_id: str, data: bytes, mime: str) -> tuple[str, str]:
        if mime == "application/zip":
            raise BadInput("The file is larger than the project's Storage allows.")
        return stored(storage, brand_id, data, mime)

    monkeypatch.setattr(creations, "store_file", refuse)
    run, [job] = outbox.made(export="email")
    assert outbox.studio.gallery(run)["runs"][0]["status"] == "completed"
    assert outbox.deliver(job["parameters"])["email"] == "sent"
    assert len(list(outbox.box.mails[0].iter_attachments())) == 1
    assert outbox.studio.gallery(run)["runs"][0]["exports"] == []
