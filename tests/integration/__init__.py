"""Tests that start real processes: PostgreSQL, PostgREST, the sandbox."""
