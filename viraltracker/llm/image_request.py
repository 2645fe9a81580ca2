"""What a picture is asked for with, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from viraltracker.llm.provider import Unfit
from viraltracker.llm.request import Media, Spent, Usage

#: Google, "Generate and edit images with Gemini": the shapes that its image models draw, width to height.
AspectRatio = Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"]
#: The same page: about 1, 4 and 16 million pixels.
ImageSize = Literal["1K", "2K", "4K"]
#: Of the words that came beside a picture.
SAID_CHARACTERS = 2000

Ending = Literal["complete", "blocked", "no_image"]


@dataclass(frozen=True, kw_only=True)
class ImageRequest:
    """One picture that is wanted.

    `references` are pictures that it goes by, in the order in which `prompt` speaks of them. `purpose` says what it is
    for (`creation.scene`), in the ledger and the logs.
    """

    purpose: str
    prompt: str = field(repr=False)
    references: tuple[Media, ...] = ()
    aspect_ratio: AspectRatio = "1:1"
    image_size: ImageSize = "1K"


@dataclass(frozen=True, kw_only=True)
class Drawn(Spent):
    """A picture, untrusted: `data` may be no picture at all, or of another size.

    `mime` is what the provider calls it; `said` are the words that came beside it, at most SAID_CHARACTERS.
    """

    data: bytes = field(repr=False)
    mime: str
    said: str = ""


@dataclass(frozen=True)
class RawPicture:
    """One reply before anybody has looked at it. `detail` says why there is no picture."""

    data: bytes = field(repr=False)
    mime: str
    said: str
    usage: Usage
    ending: Ending
    detail: str = ""


class Painter(Protocol):
    """One image model of one provider. Tries once. Safe to use from many threads.

    Raises errors.ConfigurationError (the key), RateLimited, Unavailable, Unfit and Refused, and nothing of the SDK's.
    """

    @property
    def name(self) -> str:
        """`gemini`."""
        ...

    @property
    def title(self) -> str:
        """The name as people write it, for messages."""
        ...

    @property
    def model(self) -> str: ...

    def unfit(self, request: ImageRequest) -> Unfit | None:
        """Why the request can never be taken, None where it may be. Neither calls anybody nor reads the references."""
        ...

    def draw(self, request: ImageRequest) -> RawPicture:
        """One call."""
        ...

    def close(self) -> None:
        """Gives up the connections."""
        ...
