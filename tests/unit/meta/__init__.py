"""Tests of the Graph API client and of what is read from its rows."""
