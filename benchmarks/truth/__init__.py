"""Simulated accounts with planted causes, and how often each verdict finds them: `python -m benchmarks.truth`."""
