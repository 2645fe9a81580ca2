"""Tests that use the app as a person would: a real browser, a real server, the embedded stack."""
