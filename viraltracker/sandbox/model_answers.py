"""What the sandbox's models say: a question as both providers put it, and who answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from viraltracker.sandbox.smallest import smallest

_PLAIN = "This is the sandbox: a model would say something here."


@dataclass(frozen=True)
class SentMedia:
    """One picture or video of a request, inline or by a file that was uploaded before."""

    mime: str
    sha256: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class PictureWanted:
    """That a picture is the answer, its shape ("4:5") and its size ("1K")."""

    aspect_ratio: str
    image_size: str


@dataclass(frozen=True)
class Asked:
    """One request. `text` is the user's turns in order, a line break between parts; `schema` is JSON Schema with its
    `$defs`, whichever dialect it came in, or None when text is wanted, or a `picture`.
    """

    provider: str
    model: str
    system: str
    text: str
    media: tuple[SentMedia, ...] = ()
    schema: dict[str, Any] | None = None
    picture: PictureWanted | None = None


class Answerer(Protocol):
    """Called in the server's event loop, one question at a time: an answer takes no longer than milliseconds."""

    def answer(self, asked: Asked) -> object:
        """A value that is sent as JSON text, or a str that is sent as it is."""


class SmallestAnswer:
    """The smallest instance of the schema, or a sentence when there is none."""

    def answer(self, asked: Asked) -> object:
        """See the class."""
        return _PLAIN if asked.schema is None else smallest(asked.schema)
