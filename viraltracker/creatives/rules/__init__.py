"""The classifier that needs no key: cues in the words, and what is known of the media."""

from viraltracker.creatives.rules.engine import RulesClassifier

__all__ = ["RulesClassifier"]
