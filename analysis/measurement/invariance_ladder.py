"""The ladder of invariance: what groups share at each rung, written as lavaan syntax and equalities.

Constructs have unit variance in the first group, and are free to vary in the others once loadings are equal; means are
zero in the first group, and free in the others once intercepts are equal. Ordinal items follow Wu & Estabrook (2016),
Identification of confirmatory factor analysis models of different levels of invariance for ordered categorical
outcomes, Psychometrika 81(4), 1014-1045: with equal thresholds, intercepts and scales of the latent responses are free
after the first group. Equal thresholds of three answers restrict nothing; those of two leave thresholds, loadings and
intercepts to be tested together alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from analysis.sem.partable import ParameterTable, TableOptions, build_table
from analysis.sem.syntax import ParsedModel, Statement, parse_model

_NAMES = {"thresholds": "thresholds", "loadings": "metric", "intercepts": "scalar", "residuals": "strict"}
_KINDS = ("thresholds", "loadings", "intercepts")


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung: kinds of parameters that are ``equal`` there (words of ``--group-equal``), and those that were not
    equal on the rung before (``new``).
    """

    name: str
    equal: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def whole_items(self) -> bool:
        """Whether items are let go as wholes, since the kinds of their parameters cannot be told apart."""
        return "thresholds" in self.new and "loadings" in self.new


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured in which groups: ``text`` in lavaan syntax with constructs of unit variance, but for the
    ``rigid`` ones, which have several loadings at given numbers; ``factors``: construct → items; ``thresholds``: their
    number by ordinal item, empty for continuous ones.
    """

    name: str
    text: str
    factors: Mapping[str, tuple[str, ...]]
    rigid: frozenset[str]
    groups: tuple[str, ...]
    thresholds: Mapping[str, int]

    @property
    def items(self) -> tuple[str, ...]:
        """All items, each once."""
        return tuple(dict.fromkeys(item for members in self.factors.values() for item in members))

    def factors_of(self, item: str) -> list[str]:
        """The constructs that an item measures."""
        return [factor for factor, members in self.factors.items() if item in members]


def ladder(measured: Measured) -> tuple[Rung, ...]:
    """The rungs from configural to strict that suit the items."""
    configural = Rung("configural", (), ())
    if not measured.thresholds:
        tested: list[tuple[str, ...]] = [("loadings",), ("intercepts",)]
    elif min(measured.thresholds.values()) == 1:
        tested = [_KINDS]
    else:
        tested = [("thresholds",), ("loadings",), ("intercepts",)]
    rungs = [configural]
    for new in (*tested, ("residuals",)):
        rungs.append(Rung(_NAMES[new[-1]], (*rungs[-1].equal, *new), new))
    return tuple(rungs)


def table_at(measured: Measured, rung: Rung, released: Collection[str]) -> ParameterTable:
    """The parameter table of a rung with the parameters ``released`` (as they are written: ``f =~ x1``, ``x1 ~ 1``,
    ``x1 | t1``, ``x1 ~~ x1``; an item's name alone stands for all of its own) free in every group.
    """
    parsed = parse_model(measured.text, measured.name)
    text = "\n".join([measured.text, *_lines(measured, rung, released, parsed)])
    options = TableOptions(
        std_lv=True,
        meanstructure=True,
        groups=measured.groups,
        group_equal=rung.equal,
        group_partial=tuple(_partial(measured, released)),
        thresholds=tuple(measured.thresholds.items()),
    )
    return build_table(parse_model(text, measured.name), options)


def _partial(measured: Measured, released: Collection[str]) -> Iterator[str]:
    for name in released:
        if name not in measured.items:
            yield name
            continue
        yield from (f"{factor} =~ {name}" for factor in measured.factors_of(name))
        yield from (f"{name} | t{k + 1}" for k in range(measured.thresholds.get(name, 0)))
        yield f"{name} ~ 1"


def _lines(measured: Measured, rung: Rung, released: Collection[str], parsed: ParsedModel) -> Iterator[str]:
    """What lavaan's defaults do not give: moments of rigid constructs, and those that thresholds identify."""
    strict = bool(measured.thresholds) and "residuals" in rung.equal
    if not strict:
        yield from (f"{factor} ~~ NA*{factor}" for factor in sorted(measured.rigid))
    if "thresholds" not in rung.equal:
        return
    later = ["NA"] * (len(measured.groups) - 1)
    for factor in measured.factors:
        yield f"{factor} ~ {_c('0', *(later if 'intercepts' in rung.equal else ['0'] * len(later)))}*1"
    for item in measured.thresholds:
        if item in released:
            yield f"{item} ~*~ {_c(*['1'] * len(measured.groups))}*{item}"
        elif "intercepts" not in rung.equal or f"{item} ~ 1" in released:
            yield f"{item} ~ {_c('0', *later)}*1"
    if strict:
        yield from _equal_residuals(measured, released, parsed)


def _c(*values: str) -> str:
    return f"c({', '.join(values)})"


def _equal_residuals(measured: Measured, released: Collection[str], parsed: ParsedModel) -> Iterator[str]:
    """Equal residual variances of latent responses: 1 / delta^2 less what the constructs explain, in each group.

    They are no parameters where responses have unit variance in the first group, so that loadings, moments of
    constructs and scales get labels for the constraints.
    """
    groups = range(1, len(measured.groups) + 1)
    number = {(s.lhs, s.rhs): value for s in parsed.statements if (value := _fixed(s)) is not None}
    loadings = {(f, i): k for k, (f, i) in enumerate((f, i) for f, items in measured.factors.items() for i in items)}
    for (factor, item), k in loadings.items():
        own = f"{factor} =~ {item}" in released or item in released
        if (factor, item) not in number:
            yield f"{factor} =~ {_c(*(f'inv.l{k}.{g if own else 1}' for g in groups))}*{item}"
    factors = list(measured.factors)
    for a, b in combinations_with_replacement(range(len(factors)), 2):
        if (factors[a], factors[b]) in number or (factors[b], factors[a]) in number:
            continue
        labels = _c(*(f"inv.v{a}.{b}.{g}" for g in groups))
        if a == b:
            free = _c("NA" if factors[a] in measured.rigid else "1", *["NA"] * (len(groups) - 1))
            labels = f"{free}*{factors[b]} + {labels}"
        yield f"{factors[a]} ~~ {labels}*{factors[b]}"
    for j, item in enumerate(measured.thresholds):
        if item in released:
            continue
        labels = _c(*(f"inv.d{j}.{g}" for g in groups))
        yield f"{item} ~*~ {_c('1', *['NA'] * (len(groups) - 1))}*{item} + {labels}*{item}"
        if f"{item} ~~ {item}" in released:
            continue
        first, *others = (_explained(item, measured, released, number, loadings, g) for g in groups)
        others = [explained.replace(" - ", " + ") for explained in others]
        yield from (f"inv.d{j}.{g} == 1 / sqrt(1{first}{explained})" for g, explained in enumerate(others, 2))


def _explained(
    item: str, measured: Measured, released: Collection[str], number: Mapping[tuple[str, str], float],
    loadings: Mapping[tuple[str, str], int], group: int,
) -> str:  # fmt: skip
    """ " - l_a l_b v_ab" over the constructs that an item measures."""
    factors = list(measured.factors)
    own = [factors.index(factor) for factor in measured.factors_of(item)]

    def loading(a: int) -> str:
        if (factors[a], item) in number:
            return repr(number[factors[a], item])
        is_free = f"{factors[a]} =~ {item}" in released
        return f"inv.l{loadings[factors[a], item]}.{group if is_free else 1}"

    def moment(a: int, b: int) -> str:
        if a == b and group == 1 and factors[a] not in measured.rigid:
            return "1"
        pairs = [pair for pair in ((factors[a], factors[b]), (factors[b], factors[a])) if pair in number]
        return repr(number[pairs[0]]) if pairs else f"inv.v{a}.{b}.{group}"

    return "".join(
        f" - {'' if a == b else '2 * '}{loading(a)} * {loading(b)} * {moment(a, b)}"
        for a, b in combinations_with_replacement(own, 2)
    )


def _fixed(statement: Statement) -> float | None:
    values: Sequence[object] = [m.values[0] for m in statement.modifiers if m.kind == "fixed"]
    return values[0] if values and isinstance(values[0], float) else None
