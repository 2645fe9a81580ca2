"""What the numbers of an ad account mean: pure functions over frames, with no database, model or clock."""

from __future__ import annotations

from viraltracker.intelligence.analyse import Analysis, analyse
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.windows import Window, default_window, freshness_note, window_before, window_between

__all__ = [
    "Analysis",
    "AnalysisContext",
    "Window",
    "analyse",
    "default_window",
    "freshness_note",
    "window_before",
    "window_between",
]
