"""Small populations and models, and jobs made of them."""

from __future__ import annotations

from typing import Any

from analysis.inference.power import PowerJob
from analysis.inference.power_plan import Plan, job_of
from tests.references import REFERENCE, REPOSITORY

POPULATION = (REFERENCE / "power" / "population.lav").read_text(encoding="utf-8")
MODEL = (REFERENCE / "power" / "model.lav").read_text(encoding="utf-8")
STUDY = REPOSITORY / "models" / "smartcity"

# Respondents within clusters; the slope of x varies with w, which the clusters share.
TWO_LEVELS = """
level: 1
x ~~ 1*x
y ~ 0.3*x + 0.2*x:w
y ~~ 1*y
level: 2
w ~~ 1*w
y ~ 0.25*w
y ~ 3*1
y ~~ 0.2*y
"""
CLUSTERS = (40, 30, 25, 20, 20, 15, 12, 10, 10, 8, 6, 4)


def job(model: str = MODEL, population: str = POPULATION, **options: Any) -> PowerJob:
    """The job of a plan."""
    return job_of(Plan(model, population, **options))[0]


def study_job(**options: Any) -> PowerJob:
    """The structural model of the study and its population."""
    texts = ((STUDY / name).read_text(encoding="utf-8") for name in ("structural.lav", "population.lav"))
    return job(*texts, **options)
