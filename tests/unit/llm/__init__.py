"""Tests of the seam to the models, in simulated time."""
