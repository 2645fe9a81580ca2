"""Tests of the pure maths behind every number and verdict."""
