"""The text files of a study as values: study.yaml, hypotheses.yaml, multilevel.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from analysis.checked import Mistake, mapping, repeated, sequence
from analysis.criteria import CRITERIA
from analysis.errors import nearest
from analysis.sem.estimators import ESTIMATORS
from analysis.specification import Path, Specification
from analysis.survey.codebook import Text
from analysis.survey.screening import THRESHOLDS, ScreeningRule

BASE_MODELS = ("measurement", "structural")
MAIN = "main"
MISSING = ("listwise", "fiml")
FULL_INFORMATION = ("ML", "MLR")
ORDINAL = ("DWLS", "WLSMV")

Adjustment = Literal["none", "holm", "bh"]


class Sources(Specification):
    """Where the responses are, and for responses that do not ship, how to get and cite them.

    ``codebook`` and ``responses`` are relative to the project's root; responses that are not there are looked
    for in the folder that the environment variable SMARTCITY_DATA names.
    """

    codebook: str
    responses: str
    obtain: str | None = None
    citation: str | None = None


class ModelFiles(Specification):
    """Model files, relative to the study's folder.

    A rival is a ``.lav`` file, or, for a rival that a structural model cannot state yet (a product of
    constructs), the id of a mixed model in multilevel.yaml. ``twolevel`` is a model with level blocks, set beside the
    structural one.
    """

    measurement: str
    structural: str
    rivals: dict[str, str] = Field(default={})
    twolevel: str | None = None
    population: str | None = None


class Estimation(Specification):
    """How a model is estimated, in the words of ``smartcity fit``.

    ``ordered`` is "all", or the names of the ordinal items; estimators of ordinal items have some, others none.
    """

    estimator: str = "ML"
    missing: str = "listwise"
    ordered: str | tuple[str, ...] = ()


class StudyEstimation(Estimation):
    """How the study's models are estimated, and by name how else its structural model is, as a check."""

    sensitivity: dict[str, Estimation] = Field(default={})


class MeasurementPlan(Specification):
    """What the measurement chapter adds.

    ``marker``: the construct of the marker technique. ``structure``: constructs that may be dimensions of one thing,
    which are set beside one factor, a higher-order and a general one. ``invariance``: variable of respondents or
    communes → where it is cut into groups, from below (empty: its answers are the groups). ``imputations`` of multiple
    imputation.
    """

    marker: str | None = None
    structure: tuple[str, ...] = ()
    invariance: dict[str, tuple[float, ...]] = Field(default={})
    imputations: int = Field(default=20, ge=2)


class MultiversePlan(Specification):
    """What ``smartcity multiverse`` tries beside switching rules: screening rule → other ``thresholds``; numeric
    variables as ``controls``.
    """

    controls: tuple[str, ...] = ()
    thresholds: dict[str, tuple[float, ...]] = Field(default={})


class StudyFile(Specification):
    """The content of study.yaml. ``cutoffs``: rules of thumb that the study sets itself, by what they judge.
    ``moderators``: variables whose groups, cut as for invariance, may differ in their paths; and constructs.

    ``parent`` is the study that this one extends, and whose files it refers to.
    """

    study: str
    parent: str | None = None
    title: Text
    question: Text
    simulated: bool
    data: Sources
    seed: int
    communes_minimum: int = Field(default=1, ge=1)
    screening: tuple[ScreeningRule, ...]
    models: ModelFiles
    estimation: StudyEstimation = StudyEstimation()
    measurement: MeasurementPlan = MeasurementPlan()
    multiverse: MultiversePlan = MultiversePlan()
    cutoffs: dict[str, float] = Field(default={})
    moderators: dict[str, tuple[float, ...]] = Field(default={})


class Estimand(Specification):
    """What a hypothesis is about: a parameter or defined effect of a model, or a term of a mixed model."""

    kind: Literal["parameter", "effect", "mixed"]
    model: str
    name: str


class SmallestEffect(Specification):
    """The smallest effect of interest: in units of the estimate (``b``), or standardised (``beta``)."""

    b: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    beta: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class Hypothesis(Specification):
    """One hypothesis; ``sign`` is the direction expected.

    ``family``: hypotheses whose p values are adjusted together, by default those of one ``status``. Of an effect
    smaller than ``sesoi``, in either direction, the run asks whether it can be taken for nil.
    """

    id: str
    statement: Text
    estimand: Estimand
    sign: Literal["+", "-"]
    source: str
    status: Literal["confirmatory", "exploratory"] = "confirmatory"
    family: str | None = None
    sesoi: SmallestEffect | None = None


class HypothesesFile(Specification):
    """The content of hypotheses.yaml. ``adjust``: how p values are adjusted over each family."""

    adjust: Adjustment = "none"
    hypotheses: tuple[Hypothesis, ...] = Field(min_length=1)


class MixedModel(Specification):
    """One multilevel model in lme4 syntax."""

    title: Text
    formula: str


class MultilevelFile(Specification):
    """The content of multilevel.yaml: models by id, in the order of the table.

    ``focus`` is the model whose assumptions, influential communes and coverage the report examines.
    """

    models: dict[str, MixedModel]
    focus: str | None = None


def study_mistakes(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the parts of study.yaml say against each other."""
    rules = [
        (("screening", index), f"{mapping(rule).get('rule')}: {mapping(rule).get('action')}")
        for index, rule in enumerate(sequence(raw, "screening"))
    ]
    for path, rule, _ in repeated(rules):
        yield Mistake(path, f"the rule '{rule}' is declared twice", "keep one of the two")
    for name in mapping(raw, "models", "rivals"):
        if name in BASE_MODELS:
            what = f"a rival cannot be called '{name}': this is the name of the study's own model"
            yield Mistake(("models", "rivals", name), what, "rename the rival")
    for name in mapping(raw, "cutoffs"):
        if name not in CRITERIA:
            yield Mistake(("cutoffs", name), f"no rule of thumb judges '{name}'", nearest(str(name), CRITERIA))
    for place in (("measurement", "invariance"), ("moderators",)):
        for name, cuts in mapping(raw, *place).items():
            numbers = [cut for cut in cuts if isinstance(cut, int | float)] if isinstance(cuts, list) else []
            if sorted(set(numbers)) != numbers:
                what = f"the cuts of '{name}' do not rise"
                yield Mistake((*place, name), what, "write each cut once, from low to high")
    yield from _threshold_mistakes(raw)
    yield from _estimation_mistakes(("estimation",), mapping(raw, "estimation"))
    for name, alternative in mapping(raw, "estimation", "sensitivity").items():
        path = ("estimation", "sensitivity", name)
        if name == MAIN:
            yield Mistake(path, f"'{MAIN}' is the name of the study's own estimation", "rename the alternative")
        yield from _estimation_mistakes(path, mapping(alternative))


def _threshold_mistakes(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """Other thresholds of rules that are not declared, or have none, and thresholds that cannot be."""
    declared = [str(mapping(rule).get("rule")) for rule in sequence(raw, "screening")]
    for rule, values in mapping(raw, "multiverse", "thresholds").items():
        path = ("multiverse", "thresholds", rule)
        known = [name for name in declared if name in THRESHOLDS]
        if rule not in known:
            yield Mistake(path, f"'{rule}' is no declared rule with a threshold", nearest(str(rule), known))
            continue
        meaning, low, high = THRESHOLDS[rule]
        for value in values if isinstance(values, list) else []:
            if isinstance(value, int | float) and not low <= value <= high:
                yield Mistake(path, f"threshold {value:g} is not from {low:g} to {high:g}: {meaning}", "")


def _estimation_mistakes(path: Path, raw: Mapping[Any, Any]) -> Iterator[Mistake]:
    """Names that are not known, and what does not go together."""
    name, missing, ordered = raw.get("estimator", "ML"), raw.get("missing", "listwise"), raw.get("ordered", ())
    if missing not in MISSING:
        what = f"missing values cannot be treated by '{missing}'"
        yield Mistake((*path, "missing"), what, nearest(str(missing), MISSING))
    if name not in ESTIMATORS:
        what = f"there is no estimator '{name}'"
        yield Mistake((*path, "estimator"), what, nearest(str(name), ESTIMATORS))
        return
    if missing == "fiml" and name not in FULL_INFORMATION:
        what = f"{name} is for complete rows"
        yield Mistake((*path, "missing"), what, f"full information (fiml) goes with {' or '.join(FULL_INFORMATION)}")
    if name in ORDINAL and not ordered:
        what = f"{name} is for ordinal items, and none is named"
        yield Mistake((*path, "estimator"), what, "add 'ordered: all', or the names of the ordinal items")
    if ordered and name not in ORDINAL:
        what = f"{name} is for continuous items"
        yield Mistake((*path, "ordered"), what, f"ordinal items (ordered) go with {' or '.join(ORDINAL)}")


def hypotheses_mistakes(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """Hypotheses with one id, and smallest effects that are in no unit, in two, or in one that is not there."""
    entries = [(index, mapping(entry)) for index, entry in enumerate(sequence(raw, "hypotheses"))]
    ids = [(("hypotheses", index, "id"), entry.get("id")) for index, entry in entries]
    for path, identifier, _ in repeated(ids):
        yield Mistake(path, f"the hypothesis '{identifier}' stands twice", "give each its own id")
    for index, entry in entries:
        path = ("hypotheses", index, "sesoi")
        units = sorted({"b", "beta"} & set(mapping(entry, "sesoi")))
        if isinstance(entry.get("sesoi"), Mapping) and len(units) != 1:
            yield Mistake(path, "the smallest effect of interest has one unit", "write {b: 0.1} or {beta: 0.1}")
        if units == ["beta"] and mapping(entry, "estimand").get("kind") == "mixed":
            yield Mistake(path, "a term of a mixed model is not standardised", "write {b: …}, in its own units")
