"""Tests of what may be fetched, from where, and within which limits."""
