"""Who reads what, by the keys there are."""

from __future__ import annotations

import pytest

from viraltracker.creatives import classifier
from viraltracker.creatives.readings import CopyInput, CreativeInput
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.errors import BadInput
from viraltracker.llm.permits import Lease
from viraltracker.llm.pool import ModelPool, PoolConfig

FILM, PICTURE = CreativeInput("video", "a" * 64), CreativeInput("image", "b" * 64)
WORDS = CopyInput("x", "", "", "")


class NoPermits:
    """A source that nobody asks: no call is made."""

    def lease(self, provider: str, per_minute: int, wanted: int) -> Lease:
        raise AssertionError(provider, per_minute, wanted)

    def hold(self, provider: str, seconds: float) -> None:
        raise AssertionError(provider, seconds)


def pool(**keys: str) -> ModelPool:
    return ModelPool(PoolConfig(**keys), NoPermits())  # type: ignore[arg-type]


def test_without_a_key_rules_read_and_an_unknown_name_is_said() -> None:
    rules = RulesClassifier().name
    assert classifier.choose(pool()).name == rules
    assert {classifier.named(name, pool()).name for name in ("rules", rules, None)} == {rules}
    with pytest.raises(BadInput, match=f"there is: {rules}. Set GEMINI_API_KEY"):
        classifier.named("tarot", pool())


def test_with_both_keys_gemini_comes_first_and_claude_reads_no_video() -> None:
    both = classifier.choose(pool(gemini_key="g", claude_key="c"))
    assert [reader.name.partition(":")[0] for reader in both.models] == ["gemini", "claude"]
    assert both.best(FILM) is both.best(WORDS) is both.best(PICTURE) is both.models[0]
    claude = classifier.choose(pool(claude_key="c"))
    assert claude.best(FILM) is None
    assert claude.best(WORDS) is claude.best(PICTURE) is claude.models[0]
    assert classifier.named("claude", pool(gemini_key="g", claude_key="c")).name.startswith("claude:")


def test_the_demos_sandbox_looks_at_pictures_and_videos_and_leaves_words_to_the_rules() -> None:
    demo = classifier.choose(pool(), sandbox_url="http://127.0.0.1:1")
    assert demo.name.startswith("sandbox:")
    assert demo.best(FILM) is demo.best(PICTURE) is demo.models[0]
    assert demo.best(WORDS) is None
    assert demo.comparing is None
    assert classifier.choose(pool(claude_key="c"), sandbox_url="http://127.0.0.1:1").name.startswith("claude:")
