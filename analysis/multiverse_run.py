"""Run a study under many specifications, one setting of the screening rules after the other; what is done is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from analysis import manifest
from analysis.errors import OutputError, Problem, SmartCityError
from analysis.inference.executor import Executor, InProcess
from analysis.inference.families import families_of
from analysis.inference.multiverse import (
    ALWAYS,
    CHOICES,
    OFF,
    Analysis,
    Outcome,
    analyses,
    outcomes,
    screening_settings,
    table_of,
)
from analysis.multilevel import MixedResult
from analysis.multilevel import fit as fit_mixed
from analysis.run import Run
from analysis.study_files import Adjustment, Hypothesis
from analysis.survey.clean import clean
from analysis.survey.codebook import Codebook
from analysis.survey.ingest import RawTable, read_table
from analysis.survey.screening import ScreeningRule


@dataclass(frozen=True, slots=True)
class Multiverse:
    """Specifications of a study: every setting of its screening rules with every analysis, the study's own first.

    ``rules`` are those that may be on, off, or at another threshold: name → level → the rule at that level.
    """

    run: Run
    rules: Mapping[str, Mapping[str, ScreeningRule]]
    settings: tuple[dict[str, str], ...]
    ways: tuple[Analysis, ...]

    @property
    def n_specifications(self) -> int:
        """Number of specifications."""
        return len(self.settings) * len(self.ways)

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """Every choice with its levels."""
        levels = {choice: tuple(dict.fromkeys(getattr(way, choice) for way in self.ways)) for choice in CHOICES}
        return {**levels, **{rule: (OFF, *at) for rule, at in self.rules.items()}}

    @property
    def key(self) -> str:
        """Hash of all that the results depend on."""
        plan = json.dumps([self.settings, [asdict(way) for way in self.ways]])
        return manifest.digest("\n".join([manifest.code_digest(), *map(str, self.run.inputs.items()), plan]).encode())


def multiverse(run: Run, n_specifications: int) -> Multiverse:
    """The specifications of a study, about ``n_specifications`` of them or all, drawn from the study's seed.

    A rule that only flags is off in the study's own specification. A rule that stands twice, to exclude and to flag,
    counts once, as it excludes.
    """
    spec = run.study.spec
    excluding = {str(rule.rule): rule for rule in spec.screening if rule.action == "exclude"}
    declared = {str(rule.rule): rule for rule in spec.screening if rule.rule not in ALWAYS} | excluding
    optional = {name: rule for name, rule in declared.items() if name not in ALWAYS}
    others = spec.multiverse.thresholds
    rules = {name: _levels(rule, others.get(name, ())) for name, rule in optional.items()}
    own = {name: next(iter(levels)) if name in excluding else OFF for name, levels in rules.items()}
    ways = analyses(spec.estimation, spec.multiverse.controls)
    n_settings = max(1, n_specifications // len(ways))
    levels = {name: (OFF, *of_rule) for name, of_rule in rules.items()}
    return Multiverse(run, rules, screening_settings(levels, own, n_settings, spec.seed), ways)


def _levels(rule: ScreeningRule, others: Sequence[float]) -> dict[str, ScreeningRule]:
    """The rule as one that excludes, at its own threshold first: "on", or the threshold where there are others."""
    excluding = rule.model_copy(update={"action": "exclude"})
    if not others:
        return {"on": excluding}
    return {f"{at:g}": excluding.model_copy(update={"threshold": at}) for at in (rule.threshold or 0.0, *others)}


@dataclass(frozen=True, slots=True)
class _Work:
    """What a worker needs: texts and responses of a study, as plain values. It is called with a setting of rules."""

    codebook: Codebook
    screening: tuple[ScreeningRule, ...]
    rules: dict[str, dict[str, ScreeningRule]]
    hypotheses: tuple[Hypothesis, ...]
    adjust: Adjustment
    models: dict[str, str]
    formulas: dict[str, str]
    ways: tuple[Analysis, ...]
    raw: RawTable
    communes: RawTable | None

    def __call__(self, setting: Mapping[str, str]) -> list[list[Outcome]]:
        """Outcomes of every analysis of the responses that the setting leaves."""
        rules: list[ScreeningRule] = []
        for name in dict.fromkeys(rule.rule for rule in self.screening):
            if name not in self.rules:
                rules += [rule for rule in self.screening if rule.rule == name]
            elif setting[name] != OFF:
                rules.append(self.rules[name][setting[name]])
        try:
            # A rule more may leave a single respondent in a commune: that is no reason to stop here.
            data = clean(self.raw, self.communes, self.codebook, rules, 1).responses
        except SmartCityError as error:
            failed = [Outcome(id=h.id, unit="", error=error.problems[0].what) for h in self.hypotheses]
            return [failed] * len(self.ways)
        mixeds = self._mixeds(data)
        families = families_of(self.hypotheses, self.adjust)
        return [outcomes(self.hypotheses, self.models, mixeds, data, way, families) for way in self.ways]

    def _mixeds(self, data: pd.DataFrame) -> dict[str, MixedResult]:
        fitted = {}
        for name in dict.fromkeys(h.estimand.model for h in self.hypotheses if h.estimand.kind == "mixed"):
            try:
                fitted[name] = fit_mixed(self.formulas[name], data, name=name)
            except SmartCityError:  # the hypothesis then finds no model, and says so
                continue
        return fitted


def work_of(plan: Multiverse) -> _Work:
    """The responses read, and all that a setting's outcomes depend on."""
    study, communes = plan.run.study, plan.run.communes
    return _Work(
        codebook=study.codebook,
        screening=study.spec.screening,
        rules={name: dict(levels) for name, levels in plan.rules.items()},
        hypotheses=study.hypotheses,
        adjust=study.adjust,
        models=dict(study.models),
        formulas={name: model.formula for name, model in study.multilevel.items()},
        ways=plan.ways,
        raw=read_table(plan.run.responses, drop=study.codebook.identifying),
        communes=None if communes is None else read_table(communes),
    )


def compute(
    plan: Multiverse,
    cache: Path,
    progress: Callable[[int], object] = lambda _: None,
    executor: Executor = InProcess(),  # noqa: B008 (frozen)
) -> pd.DataFrame:
    """The outcomes under every specification, as ``table_of`` lays them out: the same whoever computes them.

    Each finished setting of the screening rules is a line of a file in ``cache``, so that an interrupted run goes on
    from there. ``progress`` is told how many specifications were done since it was told last.
    """
    path = cache / f"multiverse-{plan.key[:16]}.jsonl"
    done = _finished(path)
    if done:
        progress(len(plan.ways) * len(done))
    waiting = [index for index in range(len(plan.settings)) if index not in done]
    for position, found in executor.run(work_of(plan), [plan.settings[index] for index in waiting]):
        done[waiting[position]] = found
        _append(path, waiting[position], found)
        progress(len(plan.ways))
    specifications = [
        ({**{choice: getattr(way, choice) for choice in CHOICES}, **setting}, done[i][j])
        for i, setting in enumerate(plan.settings)
        for j, way in enumerate(plan.ways)
    ]
    return table_of(specifications)


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
    """Settings that are done, by number."""
    done: dict[int, list[list[Outcome]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            index, found = json.loads(line)
            done[index] = [[Outcome(**fields) for fields in of_way] for of_way in found]
        except (ValueError, TypeError):
            continue
    return done
