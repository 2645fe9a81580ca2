"""The models of one process, each made when it is first asked for: the SDKs take seconds to come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from viraltracker.llm.images import ImageModel
from viraltracker.llm.permits import Permits, PermitSource
from viraltracker.llm.seam import Model
from viraltracker.settings import Settings

#: The key that the sandbox's Gemini takes; it is public and opens nothing else.
SANDBOX_KEY = "sandbox-key"
#: A video is uploaded, made ready and looked through: it may take this many times as long as words.
VIDEO_TIMES = 5
#: A large picture may take this many times as long as words.
IMAGE_TIMES = 3
#: Pictures have a limit of their own at Google, and so permits of their own.
IMAGE_PERMITS = "gemini-images"


@dataclass(frozen=True, kw_only=True)
class PoolConfig:
    """Keys, models and limits. A provider without a key is not there; `per_minute` 0 is no limit."""

    gemini_key: str | None = field(default=None, repr=False)
    gemini_model: str = "gemini-3.8-flash"
    gemini_url: str | None = None
    gemini_per_minute: int = 300
    gemini_image_model: str = "gemini-3.1-flash-image"
    gemini_image_per_minute: int = 60
    claude_key: str | None = field(default=None, repr=False)
    claude_model: str = "claude-haiku-5-5"
    claude_url: str | None = None
    claude_per_minute: int = 50
    timeout_s: float = 120.0
    video_timeout_s: float = 600.0
    image_timeout_s: float = 360.0

    @classmethod
    def of(cls, settings: Settings) -> PoolConfig:
        """What the settings say."""
        return cls(
            gemini_key=settings.gemini_api_key,
            gemini_model=settings.gemini_model,
            gemini_url=settings.gemini_url,
            gemini_per_minute=settings.gemini_per_minute,
            gemini_image_model=settings.gemini_image_model,
            gemini_image_per_minute=settings.gemini_image_per_minute,
            claude_key=settings.anthropic_api_key,
            claude_model=settings.anthropic_model,
            claude_url=settings.anthropic_url,
            claude_per_minute=settings.anthropic_per_minute,
            timeout_s=settings.model_timeout,
            video_timeout_s=settings.model_timeout * VIDEO_TIMES,
            image_timeout_s=settings.model_timeout * IMAGE_TIMES,
        )


class ModelPool:
    """Hands out one `Model` per provider, and one `ImageModel`, the same to every thread."""

    def __init__(self, config: PoolConfig, permits: PermitSource) -> None:
        self._config = config
        self._source = permits
        self._lock = threading.Lock()
        self._made: dict[str, Model] = {}
        self._drawing: dict[str, ImageModel] = {}

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

    def gemini_images(self) -> ImageModel | None:
        """Gemini's model for pictures, or None where no key is set."""
        key = self._config.gemini_key
        if not key:
            return None
        permits = Permits(self._source, IMAGE_PERMITS, self._config.gemini_image_per_minute)
        return self._image_model("gemini", lambda: self._new_images(key, self._config.gemini_url, permits))

    def sandboxed_images(self, url: str) -> ImageModel:
        """The model for pictures of a sandbox that serves at `url`: free, without a limit, named as what it is."""
        address, permits = f"{url.rstrip('/')}/gemini", Permits(self._source, "sandbox", None)
        make = partial(self._new_images, SANDBOX_KEY, address, permits, label="sandbox")
        return self._image_model(f"sandbox {url}", make)

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
            made: list[Model | ImageModel] = [*self._made.values(), *self._drawing.values()]
            self._made, self._drawing = {}, {}
        for model in made:
            model.close()

    def _model(self, name: str, make: Callable[[], Model]) -> Model:
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]

    def _image_model(self, name: str, make: Callable[[], ImageModel]) -> ImageModel:
        with self._lock:
            if name not in self._drawing:
                self._drawing[name] = make()
            return self._drawing[name]

    def _new_images(self, key: str, url: str | None, permits: Permits, *, label: str | None = None) -> ImageModel:
        from viraltracker.llm import pricing  # noqa: PLC0415
        from viraltracker.llm.gemini_images import GeminiImages  # noqa: PLC0415

        config = self._config
        painter = GeminiImages(key, config.gemini_image_model, url=url, timeout_s=config.image_timeout_s)
        return ImageModel(painter, permits, price=pricing.free if label else pricing.cost, label=label)

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
