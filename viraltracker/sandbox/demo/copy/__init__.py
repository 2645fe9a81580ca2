"""Every ad copy of the demo account, written by hand for each awareness stage."""

from __future__ import annotations

from viraltracker.sandbox.demo.copy.most_aware import MOST_AWARE
from viraltracker.sandbox.demo.copy.problem_aware import PROBLEM_AWARE
from viraltracker.sandbox.demo.copy.product_aware import PRODUCT_AWARE
from viraltracker.sandbox.demo.copy.shape import AWARENESS_STAGES, Copy
from viraltracker.sandbox.demo.copy.solution_aware import SOLUTION_AWARE
from viraltracker.sandbox.demo.copy.unaware import UNAWARE

COPIES: tuple[Copy, ...] = UNAWARE + PROBLEM_AWARE + SOLUTION_AWARE + PRODUCT_AWARE + MOST_AWARE

__all__ = ["AWARENESS_STAGES", "COPIES", "Copy"]
