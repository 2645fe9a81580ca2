"""Gemini's image models through google-genai: a prompt and pictures to go by, all in one call.

The SDK tries nothing again by itself.
"""

from __future__ import annotations

from typing import Final

import httpx2
from google import genai
from google.genai import types

from viraltracker.llm.faults import Door
from viraltracker.llm.gemini import INLINE_LIMIT_BYTES, URL, VARIABLE
from viraltracker.llm.gemini_answers import read_picture, translated
from viraltracker.llm.image_request import ImageRequest, RawPicture
from viraltracker.llm.provider import Unfit
from viraltracker.llm.request import in_base64

#: Google, "Gemini 3 Pro Image" and "Gemini 3.1 Flash Image", technical specifications: pictures in one prompt.
MOST_REFERENCES: Final = 14
#: The same: what may be sent.
MIMES: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"})
_FRAME_BYTES: Final = 2000


class GeminiImages:
    """One image model of Gemini."""

    name = "gemini"
    title = "Gemini (pictures)"

    def __init__(
        self,
        key: str,
        model: str,
        *,
        url: str | None = None,
        timeout_s: float = 360.0,
        inline_limit: int = INLINE_LIMIT_BYTES,
    ) -> None:
        self.model = model
        self._door = Door("Gemini", VARIABLE, key)
        self._inline_limit = inline_limit
        options = types.HttpOptions(
            base_url=url or URL,
            timeout=round(timeout_s * 1000),
            client_args={"limits": httpx2.Limits(max_connections=None, max_keepalive_connections=32)},
        )
        # Kept: the SDK closes its connections when the client is gone.
        self._client = genai.Client(api_key=key, enterprise=False, http_options=options)

    def unfit(self, request: ImageRequest) -> Unfit | None:
        """References that are too many, of a type that Gemini does not take, or together too heavy for one call."""
        if len(request.references) > MOST_REFERENCES:
            return Unfit("unsupported", f"Gemini goes by {MOST_REFERENCES} pictures at most.")
        for media in request.references:
            if media.mime not in MIMES:
                return Unfit("unsupported", f"Gemini does not take {media.mime}.")
        weight = (
            len(request.prompt.encode()) + _FRAME_BYTES + sum(in_base64(media.bytes) for media in request.references)
        )
        if weight > self._inline_limit:
            return Unfit(
                "too_large", "The pictures to go by are together more than Gemini takes in one request (20 MB)."
            )
        return None

    def draw(self, request: ImageRequest) -> RawPicture:
        """One `generateContent`, with the references before the prompt."""
        pictures = [types.Part.from_bytes(data=media.read(), mime_type=media.mime) for media in request.references]
        contents = types.Content(role="user", parts=[*pictures, types.Part.from_text(text=request.prompt)])
        config = types.GenerateContentConfig(
            response_modalities=["IMAGE"],
            image_config=types.ImageConfig(aspect_ratio=request.aspect_ratio, image_size=request.image_size),
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            automatic_continuation=False,
        )
        with translated(self._door):
            response = self._client.models.generate_content(model=self.model, contents=contents, config=config)
            return read_picture(self._door, response)

    def close(self) -> None:
        """Gives up the connections."""
        self._client.close()
