"""Coverage: what are we missing?"""

from __future__ import annotations

from viraltracker.web import cards, guard

viewer = guard.require_user()
cards.title("Coverage", "What are we missing?")
