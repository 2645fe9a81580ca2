"""Addresses that people type: what is taken, and that what is not is said in a sentence without a secret."""

from __future__ import annotations

import pytest

from viraltracker import addresses


def test_several_addresses_are_read_as_people_write_them() -> None:
    text = "a@example.com, B.c+d@mail.example.com;\na@EXAMPLE.com"
    assert addresses.several(text) == ("a@example.com", "B.c+d@mail.example.com")
    assert addresses.several(" , ") == ()


@pytest.mark.parametrize(
    "text",
    [
        *("buyer", "buyer@", "@example.com", "a b@example.com", "a@example..com", "a@-example.com", "a..b@example.com"),
        *("a@example.com\rBcc: x@example.com", "a@exa\x00mple.com", "ä@example.com", f"{'a' * 65}@example.com"),
        *("<a@example.com>", f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 60}.com"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no mail address"):
        addresses.several(text)


def test_more_than_ten_are_too_many() -> None:
    with pytest.raises(ValueError, match="11 addresses"):
        addresses.several(",".join(f"a{n}@example.com" for n in range(11)))


def test_a_sender_has_a_name_or_none() -> None:
    found = addresses.mailbox("ViralTracker, Inc. <ads@example.com>".replace(",", ""))
    assert (found.name, found.address, found.domain) == ("ViralTracker Inc.", "ads@example.com", "example.com")
    assert addresses.mailbox("ads@example.com").name == ""
    for text in ("", "ViralTracker", "a@example.com\nBcc: b@example.com"):
        with pytest.raises(ValueError, match="must be one mail address"):
            addresses.mailbox(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtps://u%40x.com:p%3A%2F%40@mail.example.com", ("mail.example.com", 465, True, "u@x.com", "p:/@")),
        ("smtp://u:secret@mail.example.com:2525", ("mail.example.com", 2525, False, "u", "secret")),
        ("smtp://localhost", ("localhost", 587, False, None, None)),
    ],
)
def test_a_mail_server_is_read_from_its_address(text: str, expected: tuple[object, ...]) -> None:
    found = addresses.mail_server(text)
    assert (found.host, found.port, found.tls, found.user, found.password) == expected
    assert str(found.password) == "None" or str(found.password) not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        *("mail.example.com", "http://u:hunter2@mail.example.com", "smtp://u:hunter2@mail.example.com:x", "smtp://"),
        *("smtp://u:hunter2/x@mail.example.com", "smtp://hunter2@mail.example.com", "smtp://u:hunter2@[mail"),
    ],
)
def test_a_wrong_mail_server_is_said_without_its_password(text: str) -> None:
    with pytest.raises(ValueError, match="it must") as caught:
        addresses.mail_server(text)
    assert "hunter2" not in str(caught.value)
