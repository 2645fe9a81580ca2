"""Fetches pages that ads lead to: from public addresses alone, within limits, and as robots.txt allows."""
