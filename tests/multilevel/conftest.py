"""The references of lme4 need rows that do not all ship; without any, their test has nothing to collect."""

from __future__ import annotations

from tests.references import case_names

collect_ignore = [] if case_names("mixed", "rows") else ["test_lme4.py"]
