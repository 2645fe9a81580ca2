"""The models of one process, each made when it is first asked for: the SDKs take seconds to come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from viraltracker.llm.permits import Permits, PermitSource
from viraltracker.llm.seam import Model
from viraltracker.settings import Settings

#: The key that the sandbox's Gemini takes; it is public and opens nothing else.
SANDBOX_KEY = "sandbox-key"
#: A video is uploaded, made ready and looked through: it may take this many times as long as words.
VIDEO_TIMES = 5


@dataclass(frozen=True, kw_only=True)
class PoolConfig:
    """Keys, models and limits. A provider without a key is not there; `per_minute` 0 is no limit."""

    gemini_key: str | None = field(default=None, repr=False)
    gemini_model: str = "gemini-3.8-flash"
    gemini_url: str | None = None
    gemini_per_minute: int = 300
    claude_key: str | None = field(default=None, repr=False)
    claude_model: str = "claude-haiku-5-5"
    claude_url: str | None = None
    claude_per_minute: int = 50
    timeout_s: float = 120.0
    video_timeout_s: float = 600.0

    @classmethod
    def of(cls, settings: Settings) -> PoolConfig:
        """What the settings say."""
        return cls(
            gemini_key=settings.gemini_api_key,
            gemini_model=settings.gemini_model,
            gemini_url=settings.gemini_url,
            gemini_per_minute=settings.gemini_per_minute,
            claude_key=settings.anthropic_api_key,
            claude_model=settings.anthropic_model,
            claude_url=settings.anthropic_url,
            claude_per_minute=settings.anthropic_per_minute,
            timeout_s=settings.model_timeout,
            video_timeout_s=settings.model_timeout * VIDEO_TIMES,
        )


class ModelPool:
    """Hands out one `Model` per provider, the same to every thread."""

    def __init__(self, config: PoolConfig, permits: PermitSource) -> None:
        self._config = config
        self._source = permits
        self._lock = threading.Lock()
        self._made: dict[str, Model] = {}

    def gemini(self) -> Model | None:
        """Gemini, or None where no key is set."""
        key = self._config.gemini_key
        return self._model("gemini", lambda: self._new_gemini(key)) if key else None

    def claude(self) -> Model | None:
        """Claude, or None where no key is set."""
        key = self._config.claude_key
        return self._model("claude", lambda: self._new_claude(key)) if key else None

    def sandboxed(self, url: str) -> Model:
        """The Gemini of a sandbox that serves at `url`: free, without a limit, and named as what it is."""
        return self._model(f"sandbox {url}", lambda: self._new_sandboxed(url))

    def prepare(self) -> None:
        """Makes the models that there are keys for, beside whoever calls: the first to ask one then need not wait."""

        def make() -> None:
            self.gemini()
            self.claude()

        if self._config.gemini_key or self._config.claude_key:
            threading.Thread(target=make, name="models", daemon=True).start()

    def close(self) -> None:
        """Gives up all connections; a model asked for after this is made anew."""
        with self._lock:
            made, self._made = self._made, {}
        for model in made.values():
            model.close()

    def _model(self, name: str, make: Callable[[], Model]) -> Model:
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]

    def _new_gemini(self, key: str) -> Model:
        from viraltracker.llm import pricing  # noqa: PLC0415 what one model alone needs comes when it is used
        from viraltracker.llm.gemini import Gemini  # noqa: PLC0415

        config = self._config
        provider = Gemini(
            key,
            config.gemini_model,
            url=config.gemini_url,
            timeout_s=config.timeout_s,
            video_timeout_s=config.video_timeout_s,
        )
        return Model(provider, Permits(self._source, "gemini", config.gemini_per_minute), price=pricing.cost)

    def _new_claude(self, key: str) -> Model:
        from viraltracker.llm import pricing  # noqa: PLC0415
        from viraltracker.llm.claude import Claude  # noqa: PLC0415

        config = self._config
        provider = Claude(key, config.claude_model, url=config.claude_url, timeout_s=config.timeout_s)
        return Model(provider, Permits(self._source, "claude", config.claude_per_minute), price=pricing.cost)

    def _new_sandboxed(self, url: str) -> Model:
        from viraltracker.llm import pricing  # noqa: PLC0415
        from viraltracker.llm.gemini import Gemini  # noqa: PLC0415

        config = self._config
        provider = Gemini(
            SANDBOX_KEY,
            config.gemini_model,
            url=f"{url.rstrip('/')}/gemini",
            timeout_s=config.timeout_s,
            video_timeout_s=config.video_timeout_s,
        )
        return Model(provider, Permits(self._source, "sandbox", None), price=pricing.free, label="sandbox")
