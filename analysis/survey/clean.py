"""Raw responses in; analysed responses, the ledger of every raw row and the flow of the sample out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import DataError, Problem
from analysis.survey.codebook import Codebook, header_of, scale_mean
from analysis.survey.coding import (
    CodedItems,
    CodedTable,
    answer_problems,
    checks,
    code_duration,
    code_items,
    code_variables,
    column_problems,
    expected_answers,
    respondent_ids,
    rule_columns,
    trial_values,
)
from analysis.survey.communes import (
    CommuneTable,
    Membership,
    code_communes,
    commune_column_problems,
    commune_problems,
    join_communes,
    place,
)
from analysis.survey.ingest import RawTable, without
from analysis.survey.rules import Bools, Candidates, Floats, Texts, constant_items
from analysis.survey.screening import Screened, ScreeningRule, screen

ANSWERED_SHARE = 0.5  # of the items of a scale, for its mean to be defined


@dataclass(frozen=True, slots=True)
class CleanSurvey:
    """Responses ready for analysis, and the account of how they came to be these.

    responses: one row per analysed respondent, in raw order; index "respondent" (str). Columns: the commune,
    respondent variables, commune variables (English label of a category, float of a number), every item as a
    float code with reversed items turned (NaN = missing), and the mean of each construct's items ("_mean")
    where at least half of them are answered.
    ledger: one row per raw response: row (from 1), respondent, decision ("kept" or "excluded"), rule, value (what
    the rule saw) and flags ("rule=value" of rules that only flag, joined by ";").
    flow: step, label, n_removed, n_left: received, one row per excluding rule, analysed.
    missing: variable, reason, count over the analysed respondents.
    dropped_columns: identifying columns that were dropped at reading.
    notes: sentences for the report.
    """

    responses: pd.DataFrame
    ledger: pd.DataFrame
    flow: pd.DataFrame
    missing: pd.DataFrame
    commune_key: str
    dropped_columns: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def n_communes(self) -> int:
        """Number of communes with an analysed respondent."""
        return len(self.commune_sizes)

    @property
    def commune_sizes(self) -> pd.Series:
        """Analysed respondents by commune, in alphabetical order."""
        return self.responses.groupby(self.commune_key).size().rename("n")


@dataclass(frozen=True, slots=True)
class _Coded:
    """All raw rows, coded."""

    respondents: Texts
    items: CodedItems
    variables: CodedTable
    membership: Membership
    communes: CommuneTable | None
    duration: Floats | None


def clean(
    raw: RawTable,
    communes: RawTable | None,
    codebook: Codebook,
    rules: Sequence[ScreeningRule],
    communes_minimum: int,
) -> CleanSurvey:
    """Code, screen and assemble the responses of ``raw``.

    Raises DataError with every column and answer that the codebook does not know, and when nobody is left, an
    item is constant, or a commune has fewer than ``communes_minimum`` analysed respondents.
    """
    raw = without(raw, codebook.identifying)
    if communes is not None:
        communes = without(communes, codebook.identifying)
    coded = _code(raw, communes, codebook, rules)
    screened = screen(_candidates(raw, coded, codebook), rules)
    if not screened.kept.any():
        what = f"no response is left: {_removals(rules, screened)}"
        raise DataError(Problem(what, raw.source, "relax the screening rules in study.yaml"))
    responses = _responses(coded, screened.kept, codebook)
    _check_responses(responses, coded.items.names, codebook, communes_minimum)
    return CleanSurvey(
        responses,
        _ledger(coded, screened),
        _flow(rules, screened),
        _missing(coded, screened.kept, codebook),
        codebook.communes.key,
        tuple(dict.fromkeys((*raw.dropped, *(communes.dropped if communes else ())))),
        tuple(_notes(raw, communes, coded)),
    )


def _code(raw: RawTable, communes: RawTable | None, codebook: Codebook, rules: Sequence[ScreeningRule]) -> _Coded:
    """Code both files; all unknown columns are reported in one go, and then all unknown answers."""
    _stop_on(_column_problems(raw, communes, codebook, rules))
    table = None if communes is None else code_communes(communes, codebook)
    items = code_items(raw, codebook)
    variables = code_variables(raw, codebook.respondent, codebook)
    membership = place(raw, codebook, table)
    duration, unknown = code_duration(raw, codebook)
    strange = (*items.unknown, *variables.unknown, *membership.unknown, *unknown)
    problems = list(answer_problems(raw.source, strange))
    if communes is not None and table is not None:
        problems += commune_problems(communes.source, table)
    _stop_on(problems)
    return _Coded(respondent_ids(raw, codebook), items, variables, membership, table, duration)


def _column_problems(
    raw: RawTable, communes: RawTable | None, codebook: Codebook, rules: Sequence[ScreeningRule]
) -> Iterator[Problem]:
    needed = [header_of(name, item) for name, item in codebook.items.items()]
    needed += [header_of(name, variable) for name, variable in codebook.respondent.items()]
    needed += [codebook.commune_column, *rule_columns(codebook, [rule.rule for rule in rules])]
    yield from column_problems(raw, needed, [*codebook.technical, *codebook.ignored])
    if communes is not None:
        yield from commune_column_problems(communes, codebook)
    elif codebook.communes.variables:
        hint = "put the file beside the responses"
        yield Problem(f"the file of communes, '{codebook.communes.file}', is missing", raw.source, hint)


def _stop_on(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise DataError(found)


def _candidates(raw: RawTable, coded: _Coded, codebook: Codebook) -> Candidates:
    position = {name: index for index, name in enumerate(coded.items.names)}
    return Candidates(
        rows=np.arange(1, len(raw.frame) + 1),
        respondents=coded.respondents,
        communes=coded.membership.names,
        raw=coded.items.raw,
        turned=coded.items.turned,
        scales=tuple(
            np.array([position[item] for item in construct.items], dtype=np.intp)
            for construct in codebook.constructs.values()
        ),
        identity=coded.variables.codes,
        duration=coded.duration,
        consent=next(iter(checks(raw, expected_answers(codebook, "consent"))), None),
        attention=checks(raw, expected_answers(codebook, "attention")),
        tests=checks(raw, trial_values(codebook)),
        items=coded.items.names,
    )


def _responses(coded: _Coded, kept: Bools, codebook: Codebook) -> pd.DataFrame:
    """The analysed rows; raises DataError when two of them have one identifier."""
    rows = np.flatnonzero(kept)
    named = [coded.respondents[row] or f"row {row + 1}" for row in rows]
    index = pd.Index(named, name="respondent", dtype=object)
    if not index.is_unique:
        twice = ", ".join(sorted(set(index[index.duplicated()])))
        hint = "declare the rule 'duplicates' in study.yaml"
        raise DataError(Problem(f"respondents that stand twice: {twice}", hint=hint))
    joined, _ = join_communes(coded.membership, coded.communes)
    parts = [
        pd.DataFrame({codebook.communes.key: coded.membership.names}),
        coded.variables.values,
        joined,
        pd.DataFrame(coded.items.turned, columns=list(coded.items.names)),
    ]
    frame = pd.concat(parts, axis=1).iloc[rows].set_axis(index)
    return frame.assign(**_scale_means(frame, codebook))


def _scale_means(frame: pd.DataFrame, codebook: Codebook) -> dict[str, pd.Series]:
    means: dict[str, pd.Series] = {}
    for name, construct in codebook.constructs.items():
        answers = frame[list(construct.items)]
        enough = answers.notna().mean(axis=1) >= ANSWERED_SHARE
        means[scale_mean(name)] = answers.mean(axis=1).where(enough)
    return means


def _check_responses(responses: pd.DataFrame, items: Sequence[str], codebook: Codebook, communes_minimum: int) -> None:
    """Raise DataError with all that stands in the way of a model."""
    problems: list[Problem] = []
    constant = [item for item in items if responses[item].nunique() < 2]
    if constant:
        problems += constant_items(constant).problems
    key = codebook.communes.key
    absent = int(responses[key].isna().sum())
    if absent:
        hint = "declare the rule 'commune' in study.yaml to leave them out"
        problems.append(Problem(f"{absent} analysed responses name no commune", f"column '{key}'", hint))
    sizes = responses.groupby(key).size()
    small = [f"{name} ({size})" for name, size in sizes.items() if size < communes_minimum]
    if small:
        what = f"communes with fewer than {communes_minimum} analysed respondents: {', '.join(small)}"
        hint = "lower 'communes_minimum' in study.yaml, or merge these communes in the raw file"
        problems.append(Problem(what, f"column '{key}'", hint))
    _stop_on(problems)


def _ledger(coded: _Coded, screened: Screened) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": np.arange(1, len(screened.value) + 1),
            "respondent": coded.respondents,
            "decision": np.where(screened.kept, "kept", "excluded"),
            "rule": screened.excluded_by,
            "value": screened.value,
            "flags": screened.flags,
        }
    )


def _flow(rules: Sequence[ScreeningRule], screened: Screened) -> pd.DataFrame:
    excluding = [rule for rule in rules if rule.action == "exclude"]
    removed = np.array([0, *screened.removed, 0])
    return pd.DataFrame(
        {
            "step": ["received", *(rule.rule for rule in excluding), "analysed"],
            "label": ["Responses received", *(rule.label for rule in excluding), "Responses analysed"],
            "n_removed": removed,
            "n_left": len(screened.value) - np.cumsum(removed),
        }
    )


def _removals(rules: Sequence[ScreeningRule], screened: Screened) -> str:
    names = [rule.rule for rule in rules if rule.action == "exclude"]
    return ", ".join(f"{name} excludes {n}" for name, n in zip(names, screened.removed, strict=True) if n)


def _missing(coded: _Coded, kept: Bools, codebook: Codebook) -> pd.DataFrame:
    _, joined = join_communes(coded.membership, coded.communes)
    reasons: Mapping[str, Texts] = {
        codebook.communes.key: coded.membership.reasons,
        **coded.variables.reasons,
        **joined,
        **coded.items.reasons,
    }
    rows = [
        (name, str(reason), int(count))
        for name, column in reasons.items()
        for reason, count in sorted(pd.Series(column[kept]).value_counts().items())
        if reason
    ]
    return pd.DataFrame(rows, columns=["variable", "reason", "count"])


def _notes(raw: RawTable, communes: RawTable | None, coded: _Coded) -> Iterator[str]:
    for table in (raw, communes):
        if table is not None:
            yield from (f"{table.source}: {note}" for note in table.notes)
    relabelled = coded.items.relabelled + coded.variables.relabelled
    if relabelled:
        yield f"{relabelled} answers stood as labels and became codes."
    if coded.membership.respelled:
        yield f"{coded.membership.respelled} names of communes were brought to one spelling."
