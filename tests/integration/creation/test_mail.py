"""Mail over the wire: what a mailbox gets, what a server may say no to, and what is known when a connection breaks."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viraltracker import addresses
from viraltracker.creation import mail
from viraltracker.creation.mail import Mailer
from viraltracker.creation.parcels import Line, Parcel, Zipped
from viraltracker.creation.sending import MayHaveArrived
from viraltracker.errors import ConfigurationError, RateLimited, Refused, Unavailable, ViralTrackerError

from .postbox import PASSWORD, QUOTED, Postbox, certificate, postbox

ZIP = bytes(range(256)) * 40
PARCEL = Parcel(
    brand="Paws\r\nBcc: everybody@example.com",
    product="Chews <script>alert(1)</script>",
    run_started_at=datetime(2026, 11, 26, 18, 5, tzinfo=UTC),
    ads=(Line("VT-ABCDEFGH", "Stairs & <b>knees</b>, für alle"), Line("VT-HGFEDCBA", ".")),
    made_how=("Composed from a product photo.",),
    zipped=Zipped(ZIP, "chews.zip", ("VT-ABCDEFGH", "VT-HGFEDCBA"), "key"),
    sheet=b"\xff\xd8 a picture",
    link="https://app.example.com/new_ads?brand=b&run=r",
)
ID = "5f0c0d1e-0000-4000-8000-000000000001"


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return tmp_path


@pytest.fixture
def box(trusted: Path) -> Iterator[Postbox]:
    with postbox(trusted) as made:
        yield made


def mailer(url: str, *to: str) -> Mailer:
    sender = addresses.mailbox("ViralTracker <ads@example.com>")
    return Mailer(addresses.mail_server(url), sender, to or ("buyer@example.com",))


def test_a_mailbox_gets_words_pictures_and_the_zip(box: Postbox) -> None:
    """Untrusted names stay in their places: no header of their own, no markup in the page."""
    begun = []
    note = mailer(box.url(), "buyer@example.com", "boss@example.com").send(
        PARCEL, ID, lambda: begun.append(len(box.mails))
    )
    assert (note, begun) == (None, [0])
    [got] = box.mails
    assert box.recipients == [["buyer@example.com", "boss@example.com"]]
    assert got["Subject"] == "2 new ads of Chews <script>alert(1)</script> for Paws Bcc: everybody@example.com"
    assert (got["Bcc"], got["From"], got["Message-ID"]) == (
        None,
        "ViralTracker <ads@example.com>",
        f"<{ID}@example.com>",
    )
    words, page = got.get_body(("plain",)), got.get_body(("html",))
    assert words is not None
    assert page is not None
    assert "Stairs & <b>knees</b>, für alle [VT-ABCDEFGH]\n2. . [VT-HGFEDCBA]" in words.get_content().replace(
        "\r\n", "\n"
    )
    assert PARCEL.link in words.get_content()
    assert "<script>" not in page.get_content()
    assert "&lt;b&gt;knees" in page.get_content()
    assert "brand=b&amp;run=r" in page.get_content()
    [attached] = got.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("chews.zip", ZIP)


def test_a_second_try_is_the_same_message_to_a_mailbox(box: Postbox) -> None:
    for _ in range(2):
        mailer(box.url()).send(PARCEL, ID, lambda: None)
    assert len({got["Message-ID"] for got in box.mails}) == 1


def test_a_zip_that_is_too_large_is_left_in_the_app(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By our own measure, or by the server's."""
    with postbox(trusted, most_bytes=9_000) as small:
        mailer(small.url()).send(PARCEL, ID, lambda: None)
    with postbox(trusted) as box:
        monkeypatch.setattr(mail, "MOST_ATTACHED_BYTES", 1000)
        mailer(box.url()).send(PARCEL, ID, lambda: None)
    for got in (*small.mails, *box.mails):
        assert list(got.iter_attachments()) == []
        words = got.get_body(("plain",))
        assert words is not None
        assert "too large for a mail: download it from New ads" in words.get_content()


def test_without_the_apps_address_a_mail_says_where_to_look(box: Postbox) -> None:
    mailer(box.url()).send(replace(PARCEL, link=None), ID, lambda: None)
    words = box.mails[0].get_body(("plain",))
    assert words is not None
    said = " ".join(words.get_content().split())
    assert "the run of Nov 26, 18:05 UTC on New ads in ViralTracker" in said
    assert "APP_URL" in said
    assert "http" not in said


def test_tls_from_the_first_byte(trusted: Path) -> None:
    with postbox(trusted, tls=True) as box:
        mailer(box.url("smtps")).send(PARCEL, ID, lambda: None)
        assert len(box.mails) == 1


def test_a_recipient_who_is_refused_is_named_and_the_others_get_it(box: Postbox) -> None:
    box.refused = {"gone@example.com": "550 5.1.1 User unknown", "busy@example.com": "452 4.2.2 Mailbox full"}
    note = mailer(box.url(), "gone@example.com", "buyer@example.com").send(PARCEL, ID, lambda: None)
    assert note == "Not sent to gone@example.com (550 5.1.1 User unknown)."
    assert box.recipients == [["buyer@example.com"]]
    begun: list[int] = []
    with pytest.raises(Refused, match=r"gone@example\.com"):
        mailer(box.url(), "gone@example.com").send(PARCEL, ID, lambda: begun.append(1))
    with pytest.raises(RateLimited) as later:
        mailer(box.url(), "gone@example.com", "busy@example.com").send(PARCEL, ID, lambda: begun.append(1))
    assert (later.value.retry_after, begun) == (timedelta(minutes=5), [])


@pytest.mark.parametrize(
    ("answer", "error"), [("451 4.7.1 Greylisted, try later", RateLimited), ("554 5.7.1 Spam", Refused)]
)
def test_a_server_that_says_no_to_the_mail(box: Postbox, answer: str, error: type[ViralTrackerError]) -> None:
    """For now, or for good; it surely was not sent."""
    box.answers = [answer]
    with pytest.raises(error, match=answer[:3]) as caught:
        mailer(box.url()).send(PARCEL, ID, lambda: None)
    assert not isinstance(caught.value, MayHaveArrived)
    mailer(box.url()).send(PARCEL, ID, lambda: None)
    assert len(box.mails) == 1


def test_a_connection_that_breaks_before_all_was_sent_is_tried_again(box: Postbox) -> None:
    """The server cannot have seen the mail's end."""
    box.cut = "reading"
    large = replace(PARCEL, zipped=replace(PARCEL.zipped, data=b"x" * 9_000_000))
    with pytest.raises(Unavailable, match="broke the connection"):
        mailer(box.url()).send(large, ID, lambda: None)


def test_a_connection_that_breaks_after_the_mail_leaves_it_open(box: Postbox) -> None:
    box.cut = "answering"
    with pytest.raises(MayHaveArrived, match="may have been sent"):
        mailer(box.url()).send(PARCEL, ID, lambda: None)


def test_a_mail_that_may_not_begin_is_not_sent(box: Postbox) -> None:
    def refuse() -> None:
        raise Unavailable

    with pytest.raises(Unavailable):
        mailer(box.url()).send(PARCEL, ID, refuse)
    assert box.mails == []


def test_no_password_goes_over_an_unsafe_connection(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on this machine may be without TLS; any other that does not offer it gets nothing."""
    with postbox(trusted, starttls=False) as box:
        mailer(box.url()).send(PARCEL, ID, lambda: None)
        monkeypatch.setattr(mail, "_is_here", lambda _: False)
        with pytest.raises(ConfigurationError, match="no safe connection"):
            mailer(box.url()).send(PARCEL, ID, lambda: None)
    assert len(box.mails) == 1


def test_what_is_wrong_with_a_server_is_said_without_its_secrets(
    box: Postbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the sentence, in the trace, and in every log."""
    caplog.set_level(logging.DEBUG)
    box.refused = {"echo@example.com": f"550 you said {PASSWORD}"}
    cases = [
        (
            mailer(box.url(user=QUOTED.replace("hunter2", "hunter3") + "@")),
            ConfigurationError,
            "refused the user or the",
        ),
        (mailer(box.url("smtps")), ConfigurationError, "does not speak TLS"),
        (mailer(f"smtp://{QUOTED}@127.0.0.1:1"), Unavailable, "was not reached"),
        (mailer(f"smtp://{QUOTED}@no-such-host.invalid"), Unavailable, "was not reached"),
        (mailer(box.url(), "echo@example.com"), Refused, "550 you said …"),
    ]
    said = []
    for each, error, words in cases:
        with pytest.raises(error, match=words) as caught:
            each.send(PARCEL, ID, lambda: None)
        said.append("".join(traceback.format_exception(caught.value)) + repr(each))
    (tmp_path / "other").mkdir()
    certificate(tmp_path / "other")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other" / "ca.pem"))
    with pytest.raises(ConfigurationError, match="certificate"):
        mailer(box.url()).send(PARCEL, ID, lambda: None)
    ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]  # that is the server's own
    everything = "\n".join((*said, *ours))
    assert "hunter" not in everything
