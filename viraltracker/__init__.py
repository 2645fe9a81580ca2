"""ViralTracker Ad Intelligence: which Meta ads work, why, and what to do next."""

__version__ = "0.1.0"
