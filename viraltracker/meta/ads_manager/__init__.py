"""Ads Manager exports (CSV, XLSX) read without API access: a pure parser, and the choice among several exports."""
