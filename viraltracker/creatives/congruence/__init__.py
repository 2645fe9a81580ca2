"""Whether the page keeps what the ad promises: five components of 0 to 5, each with words from both sides."""

from viraltracker.creatives.congruence.components import (
    JUDGED,
    WEIGHTS,
    CongruenceAnswer,
    CongruenceInput,
    Judged,
    awareness_step,
    total,
)

__all__ = ["JUDGED", "WEIGHTS", "CongruenceAnswer", "CongruenceInput", "Judged", "awareness_step", "total"]
