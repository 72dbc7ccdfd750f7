"""Shared by all tests: makes ``references`` importable, and says which reference data this run has."""

from __future__ import annotations

from references import shared_data


def pytest_report_header() -> str:
    """Name the part of the suite that this machine can't run, instead of leaving it out without a word."""
    if shared_data() is None:
        return "reference data: none (SMARTCITY_DATA not set); those cases run from their stored moments only"
    return "reference data: rows and moments"
