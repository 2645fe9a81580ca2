"""Tests of landing pages: their addresses and their words."""
