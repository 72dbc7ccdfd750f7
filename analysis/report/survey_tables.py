"""Tables of the responses: who is left, what they answered, how good the scales are."""

from __future__ import annotations

import pandas as pd

from analysis.report.content import ReportContent
from analysis.report.parts import InstrumentPart
from analysis.report.rounding import Kind, show
from analysis.report.table import Column, Table

_BLANK = "\u00a0"


def flow(content: ReportContent) -> Table:
    """Received, excluded by each rule, analysed."""
    columns = (
        Column(("label",), "Step"),
        Column(("n_removed",), "Excluded", Kind.COUNT),
        Column(("n_left",), "Left", Kind.COUNT),
    )
    return Table(
        "flow",
        "Who was left out, and by which rule?",
        "Flow of responses. Each row's count left is the row before's less those it excludes.",
        content.survey.flow,
        columns,
        notes=("A response that several rules would exclude is counted under the first of them.",),
    )


def screening(content: ReportContent) -> Table:
    """The declared rules with threshold, action and effect."""
    columns = (
        Column(("rule",), "Rule"),
        Column(("action",), "Action"),
        Column(("threshold",), "Threshold", Kind.FREE, "the rule has no threshold"),
        Column(("n_excluded",), "Excluded", Kind.COUNT),
        Column(("n_flagged",), "Flagged", Kind.COUNT),
    )
    view = content.survey.screening.assign(rule=content.survey.screening["rule"].map(_spaced))
    return Table(
        "screening",
        "Which screening rules were declared?",
        "Screening rules in the order in which they were applied.",
        content.survey.screening,
        columns,
        view=view,
        notes=("Flagged responses stay in the analysis; the ledger says which they are.",),
    )


def communes(content: ReportContent) -> Table:
    """Analysed respondents of each commune."""
    sizes = content.survey.commune_sizes
    frame = pd.DataFrame({"commune": sizes.index.astype(str), "n": sizes.to_numpy()})
    frame = frame.sort_values(["n", "commune"], ascending=[False, True], ignore_index=True)
    columns = (Column(("commune",), "Commune"), Column(("n",), "Respondents", Kind.COUNT))
    caption = f"Analysed respondents in each of {len(frame)} communes."
    return Table("communes", "How large is each commune's sample?", caption, frame, columns, folded=True)


def sample(content: ReportContent) -> Table:
    """Respondent and commune variables."""
    number, category = "a category has no mean", "a number has no share"
    columns = (
        Column(("level",), "Answer", absent=""),
        Column(("n",), "n", Kind.COUNT),
        Column(("share",), "Share", Kind.PERCENT, category),
        Column(("mean",), "Mean", Kind.NUMBER, number),
        Column(("sd",), "SD", Kind.NUMBER, number),
        Column(("min",), "Min", Kind.FREE, number),
        Column(("max",), "Max", Kind.FREE, number),
    )
    frame = content.survey.sample
    level = frame["level"].where(frame["level"].astype(str) != "", "all who answered")
    return Table(
        "sample",
        "Who are the respondents?",
        "Respondents and their communes. n counts answers, so it may fall short of the number analysed.",
        frame,
        columns,
        view=frame.assign(level=level),
        group="variable",
    )


def missing(content: ReportContent) -> Table:
    """Missing answers by variable and reason."""
    frame = content.survey.missing
    share = frame["count"] / content.n_analysed
    columns = (
        Column(("variable",), "Variable"),
        Column(("reason",), "Reason"),
        Column(("count",), "Missing", Kind.COUNT),
        Column(("share",), "Share of analysed", Kind.PERCENT),
    )
    return Table(
        "missing",
        "What is missing, and why?",
        "Missing answers among analysed respondents, by variable and reason. Variables that miss nothing are left out.",
        frame.assign(share=share),
        columns,
        folded=len(frame) > 12,
    )


def constructs(content: ReportContent) -> Table:
    """Definition of each construct in two languages."""
    columns = (
        Column(("name_en",), "Construct"),
        Column(("definition_en",), "Definition"),
        Column(("name_fr",), "Construit", lang="fr"),
        Column(("definition_fr",), "Définition", lang="fr"),
        Column(("source",), "Literature followed"),
    )
    caption = "Constructs, their definitions in English and French, and the literature they follow."
    frame = content.instrument.constructs
    return Table("constructs", "What does each construct mean?", caption, frame, columns)


def items(content: ReportContent) -> Table:
    """Wording of each item in two languages."""
    columns = (
        Column(("item",), "Item"),
        Column(("en",), "Wording (English)"),
        Column(("fr",), "Formulation (français)", lang="fr"),
        Column(("reversed",), "Reversed", Kind.YES_NO),
        Column(("scale",), "Scale"),
    )
    return Table(
        "items",
        "What were respondents asked?",
        "Wording of the items, grouped by construct.",
        content.instrument.items,
        columns,
        view=_with_names(content.instrument.items, content.instrument),
        group="construct",
    )


def scales(content: ReportContent) -> Table:
    """The answer scales."""
    columns = (
        Column(("code",), "Code", Kind.COUNT),
        Column(("en",), "Answer (English)"),
        Column(("fr",), "Réponse (français)", lang="fr"),
    )
    frame = content.instrument.scales
    used = frame["scale"].isin(content.instrument.items["scale"])
    return Table(
        "scales",
        "Which answers could they give?",
        "Codes and labels of the answer scales that the items use.",
        frame,
        columns,
        view=frame[used],
        group="scale",
        folded=True,
    )


def descriptives(content: ReportContent) -> Table:
    """Moments of each item."""
    columns = (
        Column(("item",), "Item"),
        Column(("n",), "n", Kind.COUNT),
        Column(("missing_share",), "Missing", Kind.PERCENT),
        Column(("mean",), "M", Kind.NUMBER),
        Column(("sd",), "SD", Kind.NUMBER),
        Column(("skew",), "Skew", Kind.NUMBER),
        Column(("kurtosis",), "Kurtosis", Kind.NUMBER),
        Column(("min",), "Min", Kind.FREE),
        Column(("max",), "Max", Kind.FREE),
    )
    frame = content.measures.descriptives
    return Table(
        "descriptives",
        "How are the answers distributed?",
        "Descriptive statistics of the items, reversed items turned. Kurtosis is in excess of the normal's.",
        frame,
        columns,
        view=_with_names(frame, content.instrument),
        group="construct",
    )


def answers(content: ReportContent) -> Table:
    """Counts and shares of each answer: one row an item on the page, one row an answer in the CSV."""
    frame = content.measures.answers
    shown = [
        f"{show(n, Kind.COUNT)} ({show(share, Kind.PERCENT)})"
        for n, share in zip(frame["n"], frame["share"], strict=True)
    ]
    cells = frame.assign(shown=shown).pivot_table(index="item", columns="code", values="shown", aggfunc="first")
    codes = sorted(cells.columns)
    cells.columns = pd.Index([show(code, Kind.FREE) for code in cells.columns])
    columns = (
        Column(("item",), "Item"),
        *(Column((show(c, Kind.FREE),), show(c, Kind.FREE), Kind.SHOWN, "not an answer of the scale") for c in codes),
    )
    return Table(
        "answers",
        "How many gave each answer?",
        "Answers to each item by code, reversed items turned: n and share of those who answered.",
        frame,
        columns,
        view=cells.reindex(frame["item"].drop_duplicates()).rename_axis("item").reset_index(),
        folded=True,
    )


def correlation(content: ReportContent) -> Table:
    """The full correlation matrix with means and standard deviations, enough to fit the models again."""
    matrix = content.measures.correlation
    names = [str(name) for name in matrix.columns]
    moments = content.measures.descriptives.set_index("item")
    known = [name for name in names if name in moments.index]
    frame = matrix.loc[known].rename_axis(None).reset_index(names="item")
    frame.insert(1, "mean", moments.loc[known, "mean"].to_numpy())
    frame.insert(2, "sd", moments.loc[known, "sd"].to_numpy())
    columns = (
        Column(("item",), "Item"),
        Column(("mean",), "M", Kind.NUMBER),
        Column(("sd",), "SD", Kind.NUMBER),
        *(Column((name,), name, Kind.SHOWN) for name in names),
    )
    return Table(
        "correlation",
        "How do the items correlate?",
        "Means, standard deviations and correlations of the items (lower triangle shown; the CSV holds all).",
        frame,
        tuple(columns),
        view=_lower_triangle(frame, names),
        folded=True,
    )


def normality(content: ReportContent) -> Table:
    """Mardia's multivariate skewness and kurtosis."""
    columns = (
        Column(("measure",), "Measure"),
        Column(("estimate",), "Estimate", Kind.NUMBER),
        Column(("statistic",), "Test statistic", Kind.NUMBER),
        Column(("df",), "df", Kind.COUNT, "the test of kurtosis is a normal deviate and has no df"),
        Column(("pvalue",), "p", Kind.PVALUE),
        Column(("n",), "n", Kind.COUNT),
    )
    return Table(
        "normality",
        "Are the answers jointly normal?",
        "Mardia's multivariate skewness and kurtosis on complete cases.",
        content.measures.normality,
        columns,
        notes=("Mardia (1970), Biometrika 57(3), 519–530.",),
    )


def reliability(content: ReportContent) -> Table:
    """Alpha, omega, composite reliability, average variance extracted."""
    columns = (
        Column(("construct",), "Construct"),
        Column(("n_items",), "Items", Kind.COUNT),
        Column(("n",), "n", Kind.COUNT),
        Column(("alpha",), "α", Kind.CORRELATION),
        Column(("alpha_ci_lower", "alpha_ci_upper"), "95 % CI", Kind.CORRELATION),
        Column(("omega",), "ω", Kind.CORRELATION, "the construct is not part of the fitted measurement model"),
        Column(("cr",), "CR", Kind.CORRELATION, "the construct is not part of the fitted measurement model"),
        Column(("ave",), "AVE", Kind.CORRELATION, "the construct is not part of the fitted measurement model"),
    )
    frame = content.measures.reliability
    return Table(
        "reliability",
        "Do the items of a scale belong together?",
        "Reliability and convergent validity: Cronbach's α with interval, McDonald's ω, composite reliability (CR), "
        "average variance extracted (AVE).",
        frame,
        columns,
        view=_with_names(frame, content.instrument),
    )


def _lower_triangle(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    view = frame.copy()
    for position, name in enumerate(names):
        shown = [show(value, Kind.CORRELATION) for value in frame[name]]
        view[name] = [_BLANK if row < position else text for row, text in enumerate(shown)]
    return view


def _with_names(frame: pd.DataFrame, instrument: InstrumentPart) -> pd.DataFrame:
    return frame.assign(construct=[instrument.name(str(c)) for c in frame["construct"]])


def _spaced(name: object) -> str:
    return str(name).replace("_", " ")
