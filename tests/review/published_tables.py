"""Tables of fitted models as an article would print them: rounded, in the schema of ``smartcity review``.

``generate(seed)`` draws a population, fits a model to a sample from it, and prints what a journal would. What comes out
is right by construction, so that a verdict of 'inconsistent' on it is a false alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from analysis.multilevel import fit as fit_mixed
from analysis.sem import SemResult, fit
from analysis.sem import chi_square as chi2
from numpy.typing import NDArray

Array = NDArray[np.float64]
Cells = Iterable[Sequence[str]]

MEASURED = """
a =~ a1 + a2 + a3
b =~ b1 + b2 + b3
y =~ y1 + y2 + y3
"""
STRUCTURAL = f"{MEASURED}b ~ p*a\ny ~ q*b + r*a\nind := p*q\ntot := r + p*q\n"
REGRESSIONS = "m ~ x1 + x2 + x3\ny ~ m + x1 + x2 + x3\n"


class Style:
    """How one article prints numbers: decimals, with or without zero before the point, and how it shows p."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.decimals = int(rng.choice([2, 3]))
        self.bare = bool(rng.random() < 0.5)
        self.minus = str(rng.choice(["-", "\u2212"]))
        self.spss = bool(rng.random() < 0.3)
        self.comma = bool(rng.random() < 0.2)

    def show(self, value: float | None, decimals: int | None = None) -> str:
        """One number."""
        if value is None or not np.isfinite(value):
            return "-"
        text = f"{value:.{self.decimals if decimals is None else decimals}f}"
        if self.bare and text.lstrip("-").startswith("0."):
            text = text.replace("0.", ".", 1)
        return text.replace("-", self.minus).replace(".", "," if self.comma else ".")

    def p(self, value: float | None) -> str:
        """A p-value."""
        if value is None:
            return "-"
        small = "<,001" if self.comma else "<.001"
        return small if value < 0.001 and not self.spss else self.show(value, 3)

    def starred(self, value: float, p: float) -> str:
        """A number with its stars."""
        return self.show(value) + "*" * sum(p < level for level in (0.05, 0.01, 0.001))


def table(name: str, kind: str, columns: str, rows: Cells, **keys: str) -> str:
    """One table of the file."""
    head = [f"  {name}:", f"    kind: {kind}", *(f"    {key}: {value}" for key, value in keys.items())]
    lines = [f"      {' | '.join(row)}" for row in rows]
    return "\n".join([*head, f"    columns: {columns}", "    rows: |", *lines, ""])


def article(tables: Sequence[str], n: int, models: dict[str, str] | None = None, groups: int = 1) -> str:
    """The whole file."""
    head = f"slug: generated\ncitation: generated\nn: {n}\n" + (f"groups: {groups}\n" if groups > 1 else "")
    for name, text in (models or {}).items():
        body = "".join(f"    {line}\n" for line in text.strip().split("\n"))
        head += f"models:\n  {name}: |\n{body}"
    return head + "tables:\n" + "".join(tables)


FIT = (
    "model | npar | loglik | chisq | df | p | base_chisq | base_df | cfi | tli | nfi | rmsea | rmsea_lower | "
    "rmsea_upper | rmsea_p | aic | bic | scaling | base_scaling | chisq_scaled"
)


def fit_row(name: str, result: SemResult, style: Style) -> list[str]:
    """The fit of one model in the columns of ``FIT``."""
    m = result.fit_measures
    scaled = "chisq_scaled" in m
    index = (lambda key: m[f"{key}_scaled"]) if scaled else (lambda key: m[key])
    base = m["baseline_chisq_scaled"] if scaled else m["baseline_chisq"]
    p = m["pvalue_scaled"] if scaled else m["pvalue"]
    shown = [style.show(index(key)) for key in ("cfi", "tli", "nfi", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper")]
    return [
        name, str(result.npar), style.show(m["logl"], 3), style.show(m["chisq"]), str(m["df"]), style.p(p),
        style.show(base), str(m["baseline_df"]), *shown, style.p(index("rmsea_pvalue")), style.show(m["aic"], 2),
        style.show(m["bic"], 2), *(
            [style.show(m["chisq_scaling_factor"], 3), style.show(m["baseline_chisq_scaling_factor"], 3),
             style.show(m["chisq_scaled"])] if scaled else ["-"] * 3
        ),
    ]  # fmt: skip


def latent_correlations(result: SemResult) -> pd.DataFrame:
    """Correlations of the latent variables that a model without means implies."""
    names = list(result.latent)
    k = len(names)
    paths, residual = np.zeros((k, k)), np.zeros((k, k))
    for row in result.estimates:
        if row.lhs in names and row.rhs in names:
            i, j = names.index(row.lhs), names.index(row.rhs)
            if row.op == "~":
                paths[i, j] = row.est
            elif row.op == "~~":
                residual[i, j] = residual[j, i] = row.est
    total = np.linalg.solve(np.eye(k) - paths, np.eye(k))
    covariance = total @ residual @ total.T
    sd = np.sqrt(np.diag(covariance))
    return pd.DataFrame(covariance / np.outer(sd, sd), names, names)


def structural(rng: np.random.Generator, style: Style) -> str:
    """A structural model of three latent variables: fit, loadings, Fornell-Larcker, paths, R², effects."""
    n = int(rng.integers(150, 900))
    rows = sample_of_factors(rng, n)
    result = fit(STRUCTURAL, rows, estimator=str(rng.choice(["ML", "MLR"])))
    loadings = {name: [e for e in result.estimates if e.op == "=~" and e.lhs == name] for name in result.latent}
    quality, ave = [], {}
    for name, items in loadings.items():
        lam = np.array([item.std_all for item in items], dtype=float)
        ave[name] = float((lam**2).mean())
        cr = float(lam.sum() ** 2 / (lam.sum() ** 2 + (1 - lam**2).sum()))
        for i, item in enumerate(items):
            once = [style.show(cr), style.show(ave[name]), style.show(ave[name] ** 0.5)] if i == 0 else ["-"] * 3
            se, z, p = (None, None, None) if item.se is None else (item.se, item.z, item.pvalue)
            shown = [style.show(item.est), style.show(se), style.show(z), style.p(p)]
            quality.append([name if i == 0 else "", item.rhs, style.show(item.std_all), *shown, *once])
    latent = latent_correlations(result)
    triangle = [
        [name, *(style.show(latent.iloc[i, j]) for j in range(i)), style.show(ave[name] ** 0.5)]
        for i, name in enumerate(latent.index)
    ]
    correlated = {"correlations": "latent", "model": "structural"}
    return article(
        [
            table(
                "fit",
                "fit",
                FIT,
                [fit_row("structural", result, style)],
                estimator=result.estimator,
                model="structural",
            ),
            table(
                "loadings",
                "measurement",
                "construct | item | loading | est | se | z | p | cr | ave | sqrt_ave",
                quality,
            ),
            table("latent", "correlations", "variable | r", triangle, diagonal="sqrt_ave"),
            table("paths", "paths", PATHS, path_rows(result, style), correlations="latent"),
            table("explained", "explained", "outcome | r2 | residual", share_rows(result, style), **correlated),
            table("effects", "effects", EFFECTS, [effect_row(result, style)]),
        ],
        n,
        {"structural": STRUCTURAL},
    )


PATHS = "outcome | predictor | est | se | z | p | ci_lower | ci_upper | std"
EFFECTS = "outcome | predictor | via | direct | indirect | total | se | z | p | ci_lower | ci_upper"


def path_rows(result: SemResult, style: Style) -> list[list[str]]:
    """Every regression of a model in the columns of ``PATHS``."""
    rows = []
    for e in result.estimates:
        if e.op == "~" and e.se is not None and e.z is not None and e.pvalue is not None:
            limits = [style.show(e.ci_lower), style.show(e.ci_upper)]
            tests = [style.show(e.se), style.show(e.z), style.p(e.pvalue)]
            rows.append([e.lhs, e.rhs, style.starred(e.est, e.pvalue), *tests, *limits, style.show(e.std_all)])
    return rows


def share_rows(result: SemResult, style: Style) -> list[list[str]]:
    """R² and residual variance of every outcome."""
    outcomes = dict.fromkeys(e.lhs for e in result.estimates if e.op == "~")
    return [[name, style.show(result.r_squared[name]), style.show(1 - result.r_squared[name])] for name in outcomes]


def effect_row(result: SemResult, style: Style) -> list[str]:
    """The effect of a on y through b."""
    defined = {e.lhs: e for e in result.estimates if e.op == ":="}
    direct = next(e for e in result.estimates if (e.lhs, e.op, e.rhs) == ("y", "~", "a"))
    ind = defined["ind"]
    numbers = [style.show(x) for x in (direct.est, ind.est, defined["tot"].est, ind.se, ind.z)]
    return ["y", "a", "b", *numbers, style.p(ind.pvalue), style.show(ind.ci_lower), style.show(ind.ci_upper)]


def sample_of_factors(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Nine items of three factors that depend on each other."""
    a = rng.standard_normal(n)
    b = rng.uniform(0.1, 0.7) * a + rng.uniform(0.6, 1.0) * rng.standard_normal(n)
    y = rng.uniform(0.0, 0.5) * a + rng.uniform(0.0, 0.6) * b + 0.7 * rng.standard_normal(n)
    scale = rng.uniform(0.5, 2.0)
    return pd.DataFrame(
        {
            f"{name}{i}": scale * (rng.uniform(0.6, 1.1) * factor + rng.uniform(0.5, 0.9) * rng.standard_normal(n))
            for name, factor in (("a", a), ("b", b), ("y", y))
            for i in (1, 2, 3)
        }
    )


def regressions(rng: np.random.Generator, style: Style) -> str:
    """Path analysis of observed standardised variables, with the whole correlation matrix, R² and its F."""
    n = int(rng.integers(80, 900))
    x = rng.standard_normal((n, 3)) @ rng.uniform(-0.4, 1.0, (3, 3)) + 0.6 * rng.standard_normal((n, 3))
    m = x @ rng.uniform(-0.3, 0.6, 3) + rng.standard_normal(n)
    y = x @ rng.uniform(-0.3, 0.6, 3) + 0.5 * m + rng.standard_normal(n)
    rows = pd.DataFrame(np.column_stack([x, m, y]), columns=["x1", "x2", "x3", "m", "y"])
    rows = (rows - rows.mean()) / rows.std(ddof=0)
    result = fit(REGRESSIONS, rows)
    r = np.corrcoef(rows.to_numpy(), rowvar=False)
    triangle = [[name, *(style.show(r[i, j]) for j in range(i))] for i, name in enumerate(rows.columns)]
    paths, tests = [], []
    for outcome in ("m", "y"):
        own = [e for e in result.estimates if e.op == "~" and e.lhs == outcome]
        share, k = result.r_squared[outcome], len(own)
        f = share / (1 - share) * (n - k - 1) / k
        adjusted = 1 - (1 - share) * (n - 1) / (n - k - 1)
        tests.append([outcome, str(n), style.show(share), style.show(adjusted), style.show(f), str(k), str(n - k - 1)])
        for e in own:
            at = [rows.columns.get_loc(q.rhs) for q in own if q is not e]
            without = r[np.ix_(at, at)]
            target = r[at, rows.columns.get_loc(outcome)]
            lost = share - float(target @ np.linalg.solve(without, target))
            assert e.se is not None
            assert e.pvalue is not None
            shown = [style.starred(e.est, e.pvalue), style.show(e.se), style.show(e.z), style.p(e.pvalue)]
            paths.append([outcome, e.rhs, *shown, style.show(lost / (1 - share))])
    matrix = {"correlations": "matrix"}
    return article(
        [
            table("matrix", "correlations", "variable | r", triangle),
            table("paths", "paths", "outcome | predictor | std | se | z | p | f2", paths, estimator="OLS", **matrix),
            table("explained", "explained", "outcome | n | r2 | adj_r2 | f | df1 | df2", tests, **matrix),
        ],
        n,
    )


def two_predictors(rng: np.random.Generator, style: Style) -> str:
    """A hierarchy: one predictor, then a second one beside it."""
    n = int(rng.integers(60, 900))
    x1 = rng.standard_normal(n)
    x2 = rng.uniform(-0.6, 0.6) * x1 + rng.standard_normal(n)
    y = rng.uniform(0.2, 0.8) * x1 + rng.uniform(0.2, 0.8) * x2 + rng.standard_normal(n)
    r = np.corrcoef([x1, x2, y])
    r1, r2, r12 = r[0, 2], r[1, 2], r[0, 1]
    b1, b2 = (r1 - r12 * r2) / (1 - r12**2), (r2 - r12 * r1) / (1 - r12**2)
    share = b1 * r1 + b2 * r2
    se = np.sqrt((1 - share) / ((1 - r12**2) * (n - 3)))
    t = r1 * np.sqrt((n - 2) / (1 - r1**2))
    first = ["M1", style.show(r1**2), style.show(r1), "-", style.show(t), "-"]
    second = ["M2", *(style.show(v) for v in (share, b1, b2, b1 / se, b2 / se))]
    columns = "model | r2 | beta1 | beta2 | t1 | t2"
    return article([table("hierarchy", "regressions", columns, [first, second], zero_order="M1")], n)


STEPS: dict[str, tuple[str, ...]] = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
}


def invariance(rng: np.random.Generator, style: Style) -> str:
    """Three steps of invariance over two groups, with the differences of each from the one before."""
    n = int(rng.integers(250, 900))
    rows = sample_of_factors(rng, n).assign(group=rng.choice(["one", "two"], n))
    estimator = str(rng.choice(["ML", "MLR"]))
    results = [fit(MEASURED, rows, estimator=estimator, group="group", group_equal=equal) for equal in STEPS.values()]
    lines = []
    for i, (name, result) in enumerate(zip(STEPS, results, strict=True)):
        differences = ["-"] * 6 if i == 0 else difference_cells(results[i - 1], result, style)
        against = "" if i == 0 else list(STEPS)[i - 1]
        lines.append([*fit_row(name, result, style), against, *differences])
    columns = f"{FIT} | against | d_chisq | d_df | d_p | d_cfi | d_rmsea | d_aic"
    text = table("invariance", "fit", columns, lines, estimator=estimator, model="measured")
    return article([text], n, {"measured": MEASURED}, groups=2)


def difference_cells(before: SemResult, after: SemResult, style: Style) -> list[str]:
    """Differences of one step, scaled where the test is."""
    m0, m1 = after.fit_measures, before.fit_measures
    df = m0["df"] - m1["df"]
    chisq, suffix = m0["chisq"] - m1["chisq"], ""
    if "chisq_scaled" in m0:
        c = (m0["df"] * m0["chisq_scaling_factor"] - m1["df"] * m1["chisq_scaling_factor"]) / df
        chisq, suffix = chisq / c, "_scaled"
    indices = [style.show(m0[f"{k}{suffix}"] - m1[f"{k}{suffix}"]) for k in ("cfi", "rmsea")]
    p = style.p(chi2.upper_tail(chisq, df) if chisq > 0 else None)
    return [style.show(chisq), str(df), p, *indices, style.show(m0["aic"] - m1["aic"], 2)]


def multilevel(rng: np.random.Generator, style: Style) -> str:
    """A null model and a model with predictors: variance components, deviances, fixed effects."""
    groups, size = int(rng.integers(12, 40)), int(rng.integers(8, 25))
    n = groups * size
    of = np.repeat(np.arange(groups), size)
    x, w = rng.standard_normal(n), rng.standard_normal(groups)[of]
    y = 0.4 * x + 0.2 * w + rng.uniform(0.3, 0.8) * rng.standard_normal(groups)[of] + rng.standard_normal(n)
    rows = pd.DataFrame({"y": y, "x": x, "w": w, "g": [f"g{i}" for i in of]})
    models = {"null": "y ~ 1 + (1 | g)", "full": "y ~ x + w + (1 | g)"}
    results = {name: fit_mixed(formula, rows, reml=False) for name, formula in models.items()}
    lines = []
    for name, result in results.items():
        between, within = (row.vcov for row in result.random_effects)
        icc = between / (between + within)
        numbers = [style.show(v) for v in (between, within, icc, 1 + (size - 1) * icc)]
        ends = [style.show(v, 2) for v in (result.loglik, -2 * result.loglik, result.aic, result.bic)]
        differences = ["-", "-", "-"]
        if name == "full":
            drop = 2 * (result.loglik - results["null"].loglik)
            extra = result.npar - results["null"].npar
            differences = [style.show(drop, 2), str(extra), style.p(chi2.upper_tail(drop, extra))]
        lines.append([name, *numbers, *ends, str(result.npar), *differences])
    columns = (
        "model | var_between | var_within | icc | deff | loglik | deviance | aic | bic | npar | d_deviance | d_df | d_p"
    )
    effects = [
        [e.term, *(style.show(v) for v in (e.est, e.se)), style.show(e.df, 1), style.show(e.t), style.p(e.pvalue)]
        for e in results["full"].fixed_effects
    ]
    tables = [
        table("models", "mixed", columns, lines),
        table("fixed", "paths", "predictor | est | se | df | t | p", effects),
    ]
    return article(tables, n, groups=groups)


def descriptives(rng: np.random.Generator, style: Style) -> str:
    """Answers on a scale of five points, and the flow of exclusions."""
    n = int(rng.integers(12, 95))
    answers = rng.integers(1, 6, (n, 4))
    rows = [[f"item{i}", *(style.show(v, 2) for v in (c.mean(), c.std(ddof=1)))] for i, c in enumerate(answers.T)]
    left, flow = n + 300, [["recruited", str(n + 300), "-"]]
    for step, taken in (("careless", 120), ("incomplete", 180)):
        left -= taken
        flow.append([step, str(left), str(taken)])
    parts = rng.multinomial(n, [0.2, 0.3, 0.5])
    shares = [[f"c{i}", str(k), style.show(100 * k / n, 1)] for i, k in enumerate(parts)]
    whole = ["all", str(n), style.show(100.0, 1)]
    return article(
        [
            table("items", "descriptives", "variable | mean | sd", rows, scale="1-5", items="1", n=str(n)),
            table("flow", "counts", "step | n | removed", flow),
            table("groups", "counts", "step | n | percent", [*shares, whole], total="all"),
        ],
        n,
    )


GENERATORS: dict[str, Callable[[np.random.Generator, Style], str]] = {
    "structural": structural,
    "regressions": regressions,
    "two_predictors": two_predictors,
    "invariance": invariance,
    "multilevel": multilevel,
    "descriptives": descriptives,
}


def generate(seed: int, kind: str) -> str:
    """The file of one article of a kind; the same seed gives the same file."""
    rng = np.random.default_rng(seed)
    return GENERATORS[kind](rng, Style(rng))
