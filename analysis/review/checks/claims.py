"""What the text says in words, against the numbers beside it."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.review.article import Article, Cell, Record
from analysis.review.checks.measurement import diagonal_cell
from analysis.review.checks.paths import reference_distributions, star_interval, star_levels, statistic_of
from analysis.review.distributions import two_sided
from analysis.review.interval import Interval
from analysis.review.registry import check
from analysis.review.schema import ClaimFile
from analysis.review.verdict import Finding, Verdict, lacking

_COMPARABLE = ("std", "beta1", "loading")
_SIZES = (*_COMPARABLE, "est", "indirect")


@check("claim in words", "claims")
def claims(article: Article) -> Iterator[Finding]:
    """A claim agrees with sign, significance and size of the numbers it is about.

    Formula: supported: p < level and the sign as said; strongest: largest |β| of the outcome; full mediation: indirect
    effect significant, direct one not; partial mediation: both significant; discriminant: √AVE above every |r|
    Needs: table and row of each effect, with p, stars, or estimate and SE; for 'discriminant' a triangle with √AVE
    Source: Fornell & Larcker (1981); Baron & Kenny (1986), Journal of Personality and Social Psychology 51, 1173-1182
    """
    for index, (claim, line) in enumerate(article.claims()):
        cell = Cell("", index, -1, "note", claim.words, line, of="claim")
        yield _judged(article, claim, cell)


def _judged(article: Article, claim: ClaimFile, cell: Cell) -> Finding:
    if claim.kind == "words":
        return lacking(cell, "numbers beside the words: none are printed")
    if claim.kind in {"full_mediation", "partial_mediation"}:
        return _mediation(article, claim, cell)
    if claim.kind == "discriminant":
        return _discriminant(article, claim, cell)
    record = find_row(article, claim.table, claim.row)
    if record is None:
        return lacking(cell, f"the row '{claim.row}' of table '{claim.table}'")
    return _strongest(article, record, cell) if claim.kind == "strongest" else _supported(article, claim, record, cell)


def find_row(article: Article, table: str | None, row: str | None) -> Record | None:
    """The record that a claim names by table and label; its model may stand behind ' @ '."""
    if table is None or row is None or table not in article.tables:
        return None
    label, _, of = (part.strip() for part in row.partition("@"))
    records = article.tables[table].records
    return next(
        (r for r in records if label in {r.label, r.word("predictor"), r.word("via")} and of in {"", r.of}), None
    )


def size_of(record: Record, columns: tuple[str, ...] = _SIZES) -> Interval | None:
    """The size of an effect: the standardised estimate where it is printed."""
    return next((found for name in columns if (found := record.number(name)) is not None), None)


def p_of(article: Article, record: Record) -> Interval | None:
    """The range of p: as printed, else from the statistic (z, t, t1), else from stars, else from the interval."""
    table = article.tables[record.table]
    printed = record.number("p")
    if printed is not None:
        return printed.within(0, 1)
    found = statistic_of(record)
    statistic = found[1] if found is not None else record.number("t2") or record.number("t1")
    if statistic is not None:
        ranges = [two_sided(statistic, df) for _, df in reference_distributions(article, table, record)]
        return ranges[0] if ranges else two_sided(statistic)
    for name in ("std", "est", "indirect"):
        cell = record.cell(name)
        if cell is not None and cell.printed is not None and cell.printed.stars:
            return star_interval(cell.printed.stars, star_levels(table.file.stars))
    lower, upper = record.number("ci_lower"), record.number("ci_upper")
    if lower is None or upper is None:
        return None
    apart = lower.lower > 0 or upper.upper < 0
    within = lower.upper < 0 < upper.lower
    return Interval(0.0, 0.05) if apart else Interval(0.05, 1.0) if within else Interval(0.0, 1.0)


def _supported(article: Article, claim: ClaimFile, record: Record, cell: Cell) -> Finding:
    size, p = size_of(record), p_of(article, record)
    if p is None or (claim.sign is not None and size is None):
        return lacking(cell, "the estimate and its p, stars or standard error")
    level = float(claim.level)
    may_be_significant, may_be_not = p.lower <= level, p.upper >= level
    right = claim.sign is None or size is None or (size.upper >= 0 if claim.sign == "+" else size.lower <= 0)
    wrong = claim.sign is not None and size is not None and (size.lower < 0 if claim.sign == "+" else size.upper > 0)
    holds = (may_be_significant and right) if claim.kind == "supported" else (may_be_not or wrong)
    if holds:
        return Finding(cell, Verdict.CONSISTENT, recomputed=p)
    reason = (
        "the sign is the opposite" if not right else f"p is {'above' if p.lower > level else 'below'} {claim.level}"
    )
    return Finding(cell, Verdict.INCONSISTENT, recomputed=p, remark=f"{reason} in {record.table}, {record.label}")


def _strongest(article: Article, record: Record, cell: Cell) -> Finding:
    own = size_of(record, _COMPARABLE)
    if own is None:
        return lacking(cell, "standardised estimates, which alone can be compared")
    mine = own.magnitude()
    same = (record.of, record.word("model"), record.word("outcome"))
    for other in article.tables[record.table].records:
        size = size_of(other, _COMPARABLE)
        if size is None or other is record or (other.of, other.word("model"), other.word("outcome")) != same:
            continue
        if size.magnitude().lower > mine.upper:
            remark = f"{other.label} is larger in magnitude"
            off = size.magnitude().lower - mine.upper
            return Finding(cell, Verdict.INCONSISTENT, recomputed=mine, off=off, remark=remark)
    return Finding(cell, Verdict.CONSISTENT, recomputed=mine)


def _discriminant(article: Article, claim: ClaimFile, cell: Cell) -> Finding:
    """The criterion of Fornell and Larcker, on a triangle with √AVE on its diagonal."""
    table = article.tables.get(claim.table or "")
    if table is None or table.kind != "correlations" or table.file.diagonal != "sqrt_ave":
        return lacking(cell, "a table of correlations with √AVE on its diagonal")
    roots = [diagonal_cell(table, record) for record in table.records]
    for i, row in enumerate(table.grid):
        for j, r in enumerate([c for c in row if c.column == "r"][:i]):
            size = None if r.printed is None else r.printed.interval.magnitude()
            for own in (roots[i], roots[j]):
                if size is not None and own is not None and own.printed and size.lower > own.printed.interval.upper:
                    pair = f"{table.records[i].label} and {table.records[j].label}"
                    off = size.lower - own.printed.interval.upper
                    remark = f"{pair} correlate above √AVE = {own.text}"
                    return Finding(cell, Verdict.INCONSISTENT, recomputed=size, off=off, remark=remark)
    return Finding(cell, Verdict.CONSISTENT)


def _mediation(article: Article, claim: ClaimFile, cell: Cell) -> Finding:
    direct = find_row(article, claim.table, claim.direct)
    through = find_row(article, claim.effects or claim.table, claim.indirect)
    if direct is None or through is None:
        return lacking(cell, "the rows of the direct and the indirect effect")
    p_direct, p_through, level = p_of(article, direct), p_of(article, through), float(claim.level)
    if p_direct is None or p_through is None:
        return lacking(cell, "p of the direct and the indirect effect")
    if p_through.lower > level:
        return Finding(
            cell, Verdict.INCONSISTENT, recomputed=p_through, remark="the indirect effect is not significant"
        )
    if claim.kind == "full_mediation" and p_direct.upper < level:
        return Finding(cell, Verdict.INCONSISTENT, recomputed=p_direct, remark="the direct effect is significant")
    if claim.kind == "partial_mediation" and p_direct.lower > level:
        return Finding(cell, Verdict.INCONSISTENT, recomputed=p_direct, remark="the direct effect is not significant")
    return Finding(cell, Verdict.CONSISTENT, recomputed=p_through)
