"""What a call cost, and what one would cost before it is made.

Prices are the list prices that genai-prices carries, in US dollars, without a look-up on the network. Both providers
charge half for batches (Google, "Batch API"; Anthropic, "Batch processing").
"""

from __future__ import annotations

import math
from decimal import Decimal

import genai_prices

from viraltracker import clock
from viraltracker.llm.request import Media, Request, Usage, json_schema

PROVIDER_IDS = {"gemini": "google", "claude": "anthropic"}
BATCH_SHARE = Decimal("0.5")

#: Google, "Understand and count tokens": a token is about 4 characters. Anthropic's are of the same order.
TEXT_CHARACTERS_PER_TOKEN = 4
#: Google, "Media resolution", token counts of Gemini 3 at the default resolution: one image, whatever its size.
GEMINI_IMAGE_TOKENS = 1120
#: The same page: one frame of a video, of which one a second is read ("Video understanding").
GEMINI_VIDEO_TOKENS_PER_SECOND = 70
#: Google, "Understand and count tokens": the sound of a video.
GEMINI_AUDIO_TOKENS_PER_SECOND = 32
#: Anthropic, "Images and vision": a token for each 28 × 28 pixels begun, near the older width × height / 750.
CLAUDE_PATCH_PIXELS = 28
#: The same page: larger pictures are scaled down to this many tokens (models with high-resolution pictures).
CLAUDE_MOST_IMAGE_TOKENS = 4784
#: An ad's usual picture, where nobody knows its size.
TYPICAL_PIXELS = (1080, 1080)
#: An ad's usual video, where nobody knows its length.
TYPICAL_VIDEO_SECONDS = 30.0
#: What a reading's JSON takes, thinking included.
TYPICAL_OUTPUT_TOKENS = 700
#: US dollars, for estimates with a model whose price is not known. High on purpose (Claude Opus 5.5 is at 4 and 20), so
#: that a budget which counts on it stops too early rather than too late.
FALLBACK_INPUT_PER_MILLION = 5
FALLBACK_OUTPUT_PER_MILLION = 25


def cost(model: str, provider: str, usage: Usage, *, batch: bool) -> Decimal | None:
    """The price of these tokens at `provider` (`gemini`, `claude`); None for a model whose price is not known."""
    if not (usage.input_tokens or usage.output_tokens):
        return Decimal(0)
    counted = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=min(usage.cached_input_tokens, usage.input_tokens),
        output_image_tokens=min(usage.output_image_tokens, usage.output_tokens) or None,
    )
    try:
        found = genai_prices.calc_price(
            counted, model, provider_id=PROVIDER_IDS.get(provider, provider), genai_request_timestamp=clock.now()
        )
    except LookupError:
        return None
    return found.total_price * BATCH_SHARE if batch else found.total_price


def is_priced(model: str, provider: str) -> bool:
    """Whether the model's price is known, so that `cost` gives one and `estimate` goes by it."""
    return cost(model, provider, Usage(1, 1), batch=False) is not None


def free(model: str, provider: str, usage: Usage, *, batch: bool) -> Decimal | None:  # noqa: ARG001 a price like any
    """The price of the sandbox."""
    return Decimal(0)


def estimate(
    request: Request, model: str, provider: str, *, batch: bool, output_tokens: int = TYPICAL_OUTPUT_TOKENS
) -> Decimal:
    """About what asking once will cost, in US dollars.

    For a model whose price is not known (see `is_priced`): at FALLBACK_INPUT_PER_MILLION and
    FALLBACK_OUTPUT_PER_MILLION.
    """
    characters = len(request.instructions) + len(request.content) + len(str(json_schema(request.schema)))
    tokens = characters // TEXT_CHARACTERS_PER_TOKEN + 1
    if request.media is not None:
        tokens += media_tokens(request.media, provider)
    usage = Usage(tokens, min(output_tokens, request.max_output_tokens))
    known = cost(model, provider, usage, batch=batch)
    return _fallback(usage, batch=batch) if known is None else known


def _fallback(usage: Usage, *, batch: bool) -> Decimal:
    millionths = usage.input_tokens * FALLBACK_INPUT_PER_MILLION + usage.output_tokens * FALLBACK_OUTPUT_PER_MILLION
    whole = Decimal(millionths) / 1_000_000
    return whole * BATCH_SHARE if batch else whole


def media_tokens(media: Media, provider: str) -> int:
    """About how many tokens a picture or video is at `provider`."""
    if provider == "gemini":
        if media.kind != "video":
            return GEMINI_IMAGE_TOKENS
        seconds = TYPICAL_VIDEO_SECONDS if media.seconds is None else media.seconds
        return math.ceil(seconds * (GEMINI_VIDEO_TOKENS_PER_SECOND + GEMINI_AUDIO_TOKENS_PER_SECOND))
    width, height = media.width or TYPICAL_PIXELS[0], media.height or TYPICAL_PIXELS[1]
    patches = math.ceil(width / CLAUDE_PATCH_PIXELS) * math.ceil(height / CLAUDE_PATCH_PIXELS)
    return min(patches, CLAUDE_MOST_IMAGE_TOKENS)
