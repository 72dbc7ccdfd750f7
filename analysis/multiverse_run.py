"""Run a study under many specifications, one set of screening rules after the other; what is done is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from analysis import manifest
from analysis.errors import OutputError, Problem, SmartCityError
from analysis.inference.families import families_of
from analysis.inference.multiverse import (
    ALWAYS,
    CHOICES,
    Analysis,
    Outcome,
    analyses,
    outcomes,
    screening_sets,
    table_of,
)
from analysis.multilevel import MixedResult
from analysis.multilevel import fit as fit_mixed
from analysis.run import Run
from analysis.survey.clean import clean
from analysis.survey.ingest import RawTable, read_table
from analysis.survey.screening import ScreeningRule


@dataclass(frozen=True, slots=True)
class Multiverse:
    """Specifications of a study: every set of screening rules with every analysis, the study's own first.

    ``rules`` are those that may be on or off, by name; ``always`` those that stay as they are.
    """

    run: Run
    rules: Mapping[str, ScreeningRule]
    sets: tuple[frozenset[str], ...]
    ways: tuple[Analysis, ...]

    @property
    def n_specifications(self) -> int:
        """Number of specifications."""
        return len(self.sets) * len(self.ways)

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """Every choice with its levels."""
        levels = {choice: tuple(dict.fromkeys(getattr(way, choice) for way in self.ways)) for choice in CHOICES}
        return {**levels, **dict.fromkeys(self.rules, ("off", "on"))}

    @property
    def key(self) -> str:
        """Hash of all that the results depend on."""
        sets = [sorted(some) for some in self.sets]
        plan = json.dumps([sets, [asdict(way) for way in self.ways]])
        return manifest.digest("\n".join([manifest.code_digest(), *map(str, self.run.inputs.items()), plan]).encode())


def multiverse(run: Run, n_specifications: int) -> Multiverse:
    """The specifications of a study, about ``n_specifications`` of them or all, drawn from the study's seed.

    A rule that only flags is off in the study's own specification.
    """
    optional = [rule for rule in run.study.spec.screening if rule.rule not in ALWAYS]
    names = [rule.rule for rule in optional]
    rules = {rule.rule if names.count(rule.rule) == 1 else f"{rule.rule} {rule.threshold:g}": rule for rule in optional}
    own = frozenset(name for name, rule in rules.items() if rule.action == "exclude")
    ways = analyses(run.study.spec.estimation)
    n_sets = max(1, n_specifications // len(ways))
    return Multiverse(run, rules, screening_sets(list(rules), own, n_sets, run.study.spec.seed), ways)


def compute(plan: Multiverse, cache: Path, progress: Callable[[int], object] = lambda _: None) -> pd.DataFrame:
    """The outcomes under every specification, as ``table_of`` lays them out.

    Each finished set of screening rules is a line of a file in ``cache``, so that an interrupted run goes on from
    there. ``progress`` is told how many specifications were done since it was told last.
    """
    path = cache / f"multiverse-{plan.key[:16]}.jsonl"
    done = _finished(path)
    raw = read_table(plan.run.responses, drop=plan.run.study.codebook.identifying)
    communes = None if plan.run.communes is None else read_table(plan.run.communes)
    with threadpool_limits(1):
        for index, some in enumerate(plan.sets):
            if index not in done:
                done[index] = _of_set(plan, some, raw, communes)
                _append(path, index, done[index])
            progress(len(plan.ways))
    specifications = [
        (_choices(plan, some, way), done[i][j]) for i, some in enumerate(plan.sets) for j, way in enumerate(plan.ways)
    ]
    return table_of(specifications)


def _of_set(plan: Multiverse, some: frozenset[str], raw: RawTable, communes: RawTable | None) -> list[list[Outcome]]:
    """Outcomes of every analysis of the responses that one set of rules leaves."""
    study = plan.run.study
    switched = {id(rule): name for name, rule in plan.rules.items()}
    rules = [
        rule.model_copy(update={"action": "exclude"} if id(rule) in switched else {})
        for rule in study.spec.screening
        if id(rule) not in switched or switched[id(rule)] in some
    ]
    stated = study.hypotheses
    try:
        # A rule more may leave a single respondent in a commune: that is no reason to stop here.
        data = clean(raw, communes, study.codebook, rules, 1).responses
    except SmartCityError as error:
        failed = [Outcome(id=h.id, unit="", error=error.problems[0].what) for h in stated]
        return [failed] * len(plan.ways)
    mixeds = _mixeds(plan, data)
    families = families_of(stated, study.adjust)
    return [outcomes(stated, study.models, mixeds, data, way, families) for way in plan.ways]


def _mixeds(plan: Multiverse, data: pd.DataFrame) -> dict[str, MixedResult]:
    study, fitted = plan.run.study, {}
    for name in dict.fromkeys(h.estimand.model for h in study.hypotheses if h.estimand.kind == "mixed"):
        try:
            fitted[name] = fit_mixed(study.multilevel[name].formula, data, name=name)
        except SmartCityError:  # the hypothesis then finds no model, and says so
            continue
    return fitted


def _choices(plan: Multiverse, some: frozenset[str], way: Analysis) -> dict[str, object]:
    switches = {name: "on" if name in some else "off" for name in plan.rules}
    return {**{choice: getattr(way, choice) for choice in CHOICES}, **switches}


def _append(path: Path, index: int, found: Sequence[Sequence[Outcome]]) -> None:
    """One line more; a line that an interruption cut short is no line when it is read."""
    line = json.dumps([index, [[asdict(outcome) for outcome in of_way] for of_way in found]])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    except OSError as error:
        raise OutputError(Problem(f"cannot write: {error.strerror}", str(path), "free some space")) from None


def _finished(path: Path) -> dict[int, list[list[Outcome]]]:
    """Sets that are done, by number."""
    done: dict[int, list[list[Outcome]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            index, found = json.loads(line)
            done[index] = [[Outcome(**fields) for fields in of_way] for of_way in found]
        except (ValueError, TypeError):
            continue
    return done
