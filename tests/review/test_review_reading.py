"""The file of a published article: every mistake at once, with its line; templates and CSV files are read."""

from __future__ import annotations

import pytest
from analysis.errors import DataError, Problem, SpecificationError
from analysis.review.article import Article
from analysis.review.columns import COLUMNS, KINDS
from analysis.review.reading import read_article
from analysis.review.schema import PublishedFile
from analysis.review_command import TEMPLATES
from tests.references import REPOSITORY
from tests.review.one_digit import review_text

HEAD = "slug: x\ncitation: A (2020)\n"


def read(text: str, **files: str) -> Article:
    def read_file(name: str) -> str:
        if name not in files:
            raise DataError(Problem("cannot read", name))
        return files[name]

    return read_article(text, "p.yaml", read_file)


def mistakes(text: str) -> list[str]:
    with pytest.raises(SpecificationError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_numbers_stay_text() -> None:
    article = read(HEAD + "n: 0604\ntables:\n  t:\n    kind: fit\n    columns: model | chisq\n    rows: 'no | 0.70'\n")
    cell = article.tables["t"].records[0].cells["chisq"]
    assert (cell.text, cell.line, article.numbers["n"].text) == ("0.70", 8, "0604")
    assert article.tables["t"].records[0].label == "no"


def test_all_mistakes_come_at_once_with_line_and_hint() -> None:
    text = (
        HEAD
        + """n: many
models:
  m: "f =~ + x1"
tables:
  fit:
    kind: fit
    model: n
    columns: model | chi | df
    rows: |
      A | 1.0 | 2
  paths:
    kind: paths
    correlations: matrix
    columns: outcome | predictor | est | se
    rows: |
      y | x | 0.38 (0.07) | 0.07
      y | z | 0.2
      y | w | abc | .1
  empty:
    kind: counts
    columns: step | n
  tiangle:
    kind: correlations
    rows: |
      a
      b | .5 | .3
claims:
  - {words: w, kind: supported, table: pahts, row: y ~ x}
colour: red
"""
    )
    found = mistakes(text)
    expected = [
        ("p.yaml:3", "'many' is no number", "copy the number as printed"),
        ("p.yaml:5", "model 'm'", ""),
        ("p.yaml:9", "no model 'n'", "known: m"),
        ("p.yaml:10", "no column 'chi'", "'chisq'"),
        ("p.yaml:15", "no table 'matrix'", ""),
        ("p.yaml:18", "'0.38(0.07)", "two numbers in one cell are two columns"),
        ("p.yaml:19", "the row has 3 cells, 4 are expected", ""),
        ("p.yaml:20", "'abc' is no number", ""),
        ("p.yaml:21", "needs its cells once", "'rows:' or 'csv:'"),
        ("p.yaml:28", "the row has 3 cells, at most 2", ""),
        ("p.yaml:30", "no table 'pahts'", "'paths'"),
        ("p.yaml:31", "unknown key 'colour'", ""),
    ]
    for where, what, hint in expected:
        told = [line for line in found if line.startswith(f"{where}:")]
        assert told, (where, found)
        assert any(what in line.replace(" (0", "(0") and hint in line for line in told), (where, what, told)
    numbers = [int(line.split(":")[1]) for line in found]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("- a\n- b\n", ""),
        ("slug: [", "not valid YAML"),
        ("[" * 3000, "nested too deeply"),
        ("a: &a [x]\nb: *a\n", "aliases"),
        ("slug: !!python/object/apply:os.system [ls]\ncitation: x\n", "could not determine a constructor"),
        (HEAD + "tables:\n  t:\n    kind: fot\n    rows: a\n", "fit"),
        (HEAD + "tables:\n  t:\n    kind: fit\n    csv: none.csv\n", "cannot read"),
        (HEAD + "tables:\n  t:\n    kind: fit\n    columns: model | p | p\n    rows: a | 1 | 1\n", "stands twice"),
        (HEAD + "tables:\n  t: 3\n", "table"),
        (HEAD + "tables:\n  t:\n    kind: fit\n    columns: model | p\n    rows: ''\n", "no rows"),
        (HEAD + "slug: y\n", "given twice"),
    ],
)
def test_bad_files_are_told(text: str, reason: str) -> None:
    assert any(reason in line for line in mistakes(text))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_file_is_pointed_to(separator: str) -> None:
    table = separator.join(["model", "chisq", "df", "p"]) + "\n" + separator.join(["A", "12.30", "5", "*.031*"]) + "\n"
    text = HEAD + "tables:\n  t:\n    kind: fit\n    csv: fit.csv\n"
    with pytest.raises(SpecificationError, match=r"fit\.csv line 2: p-value: '\*\.031\*' is no number"):
        read(text, **{"fit.csv": table})
    article = read(text, **{"fit.csv": table.replace("*", "")})
    cell = article.tables["t"].records[0].cells["p"]
    assert (cell.text, cell.line) == (".031", 2)
    named = read(
        text + "    columns: model | chisq | df | p\n", **{"fit.csv": table.replace("*", "").replace("chisq", "χ²")}
    )
    assert named.tables["t"].headings == ("model", "χ²", "df", "p")


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_hold_together(name: str) -> None:
    path = REPOSITORY / "analysis" / "review" / "templates" / f"{name}.yaml"
    outcome = review_text(path.read_text(encoding="utf-8"))
    assert outcome.consistent
    assert len(outcome.verdicts) >= 15


def test_wide_tables_fall_into_models() -> None:
    text = (
        HEAD
        + """tables:
  t:
    kind: paths
    columns: predictor | est:one | se:one | est:two = B2 | se:two
    rows: |
      x | .5 | .1 | - | -
      z | .2 | .1 | .3 | .1
"""
    )
    table = read(text).tables["t"]
    assert [(r.of, r.label, r.cell("est") is not None) for r in table.records] == [
        ("one", "x", True), ("two", "x", False), ("one", "z", True), ("two", "z", True),
    ]  # fmt: skip
    assert table.headings[3] == "B2"


def test_blank_names_take_the_name_above() -> None:
    rows = "      y | x | .5\n      | z | .2\n      v | x | .1\n"
    text = f"{HEAD}tables:\n  t:\n    kind: paths\n    columns: outcome | predictor | est\n    rows: |\n{rows}"
    assert [record.label for record in read(text).tables["t"].records] == ["y ~ x", "y ~ z", "v ~ x"]


def test_every_kind_has_known_columns_and_is_in_the_schema() -> None:
    for kind in KINDS.values():
        assert set(kind.columns) <= set(COLUMNS)
        assert set(kind.key) <= set(kind.columns)
    schema = PublishedFile.model_json_schema()["$defs"]["TableFile"]["properties"]["kind"]["enum"]
    assert set(schema) == set(KINDS)
