"""Files to fill in from a PDF, by the kind of study. Their numbers are examples, which hold together."""

_HEAD = """\
# Copy numbers as they are printed: 0.70 is not 0.7, stars and footnote letters stay ('.45**', '0.12a'), '-' where nothing
# is printed. One row a line, cells between '|'. A heading as printed may stand behind '=', a model or outcome that a
# column belongs to behind ':' ('t:protest'). In place of 'rows: |' a table may have 'csv: table.csv' (headings in
# the first line). Leave out columns, tables and keys that the article does not have.
slug: author2024_short_title
citation: Author, A. (2024). Title. Journal 1(1), 1-20.
doi: 10.0000/example
"""

_CLAIMS = """\
claims:
  # kind: supported, not_supported, strongest, full_mediation, partial_mediation, or words (nothing to hold it to)
  - {words: "H1: satisfaction furthers intention. Supported.", kind: supported, table: paths, row: intention ~ satisfaction, sign: "+"}
  - {words: Satisfaction is the strongest predictor, kind: strongest, table: paths, row: intention ~ satisfaction}
not_printed: [item wording]
"""

_SEM = """\
n: 400
models:
  structural: |
    satisfaction =~ s1 + s2 + s3
    efficacy =~ e1 + e2 + e3
    intention =~ i1 + i2 + i3
    intention ~ satisfaction + efficacy
tables:
  fit:
    kind: fit
    title: Table 1
    estimator: ML            # MLR, MLM, WLSMV where it is not ML
    model: structural
    columns: model | chisq = χ² | df | p | cfi = CFI | tli = TLI | rmsea = RMSEA | rmsea_lower | rmsea_upper | base_chisq | base_df
    rows: |
      structural | 40.21 | 24 | .020 | .988 | .981 | .041 | .016 | .063 | 1348.60 | 36
  loadings:
    kind: measurement
    title: Table 2
    columns: construct | item | loading = λ | cr = CR | ave = AVE
    rows: |
      satisfaction | s1 | .78 | .82 | .60
      | s2 | .81 | - | -
      | s3 | .73 | - | -
      efficacy | e1 | .70 | .77 | .53
      | e2 | .76 | - | -
      | e3 | .72 | - | -
  correlations:
    kind: correlations
    title: Table 3, √AVE on the diagonal
    diagonal: sqrt_ave       # none, one, sqrt_ave, ave, alpha
    measurement: loadings
    columns: variable | r
    rows: |
      satisfaction | .77
      efficacy | .40 | .73
      intention | .54 | .45 | -
  paths:
    kind: paths
    title: Table 4
    correlations: correlations   # only where the paths are least-squares ones of these correlations
    columns: outcome | predictor | std = β | se = SE | z | p
    rows: |
      intention | satisfaction | .43*** | .05 | 8.60 | <.001
      intention | efficacy | .28*** | .05 | 5.60 | <.001
  explained:
    kind: explained
    correlations: correlations
    columns: outcome | r2 = R²
    rows: |
      intention | .36
"""

_PLS = """\
n: 300
models:
  inner: |
    intention ~ satisfaction + efficacy
tables:
  measurement:
    kind: measurement
    columns: construct | item | loading | cr = CR | ave = AVE | alpha = α
    rows: |
      satisfaction | s1 | 0.860 | 0.890 | 0.730 | 0.815
      | s2 | 0.871 | - | - | -
      | s3 | 0.831 | - | - | -
  correlations:
    kind: correlations
    title: Fornell-Larcker, √AVE on the diagonal
    diagonal: sqrt_ave
    measurement: measurement
    columns: variable | r
    rows: |
      satisfaction | 0.854
      efficacy | 0.410 | -
      intention | 0.560 | 0.440 | -
  paths:
    kind: paths
    correlations: correlations
    intervals: bootstrap
    columns: outcome | predictor | std = β | se = SE | t | p | ci_lower = 2.5 % | ci_upper = 97.5 % | f2 = f²
    rows: |
      intention | satisfaction | 0.456 | 0.047 | 9.702 | 0.000 | 0.361 | 0.547 | 0.269
      intention | efficacy | 0.253 | 0.050 | 5.060 | 0.000 | 0.153 | 0.351 | 0.083
  explained:
    kind: explained
    correlations: correlations
    model: inner
    columns: outcome | r2 = R²
    rows: |
      intention | 0.367
"""

_MULTILEVEL = """\
n: 604
groups: 40
tables:
  models:
    kind: mixed
    title: Variance components
    columns: model | var_between = τ² | var_within = σ² | icc = ICC | deff = design effect | deviance | npar | d_deviance | d_df | d_p = p
    rows: |
      null | 0.12 | 0.88 | .12 | 2.69 | 1712.4 | 3 | - | - | -
      full | 0.07 | 0.61 | .10 | - | 1490.2 | 6 | 222.2 | 3 | <.001
  paths:
    kind: paths
    title: Fixed effects of the full model
    columns: model | outcome | predictor | level | est = b | se = SE | df | t | p
    rows: |
      full | intention | (Intercept) | 2 | 3.41 | 0.06 | 38.2 | 56.83 | <.001
      | | satisfaction | 1 | 0.38 | 0.04 | 588.1 | 9.50 | <.001
      | | efficacy | 1 | 0.21 | 0.04 | 590.4 | 5.25 | <.001
      | | size of commune | 2 | -0.05 | 0.04 | 37.6 | -1.25 | .219
"""

_INVARIANCE = """\
n: 604
groups: 2
models:
  measurement: |
    satisfaction =~ s1 + s2 + s3
    efficacy =~ e1 + e2 + e3
tables:
  invariance:
    kind: fit
    model: measurement
    estimator: ML            # with MLR or MLM give the scaling factors in a column 'scaling'
    columns: model | against | chisq = χ² | df | p | cfi = CFI | rmsea = RMSEA | d_chisq = Δχ² | d_df = Δdf | d_p = p(Δ) | d_cfi = ΔCFI | d_rmsea = ΔRMSEA
    rows: |
      configural | | 24.10 | 16 | .087 | .993 | .041 | - | - | - | - | -
      metric | configural | 29.02 | 20 | .087 | .992 | .039 | 4.92 | 4 | .296 | -.001 | -.002
      scalar | metric | 41.37 | 24 | .015 | .985 | .049 | 12.35 | 4 | .015 | -.007 | .010
"""

TEMPLATES: dict[str, str] = {
    "sem": _HEAD + _SEM + _CLAIMS,
    "pls": _HEAD + _PLS + _CLAIMS,
    "multilevel": _HEAD + _MULTILEVEL + _CLAIMS,
    "invariance": _HEAD + _INVARIANCE,
}
