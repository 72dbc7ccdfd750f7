"""A study is checked whole, over all its files, before anything runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from analysis.errors import DataError, ModelError, SpecificationError
from analysis.sem.estimators import ESTIMATORS, choose
from analysis.study import known_studies, load_study, resolve_communes, resolve_responses

ROOT = Path(__file__).parents[1]
STUDY = "models/smartcity/study.yaml"
HYPOTHESES = "models/smartcity/hypotheses.yaml"
MULTILEVEL = "models/smartcity/multilevel.yaml"
CODEBOOK = "data/smartcity/codebook.yaml"
STRUCTURAL = "models/smartcity/structural.lav"

Edit = Callable[..., None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("models", "data"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture
def edit(root: Path) -> Edit:
    def replace(file: str, old: str, new: str) -> None:
        text = (root / file).read_text(encoding="utf-8")
        assert old in text
        (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


def problems(root: Path, name: str = "smartcity") -> list[str]:
    with pytest.raises(SpecificationError) as caught:
        load_study(root, name)
    return [f"{problem.where}: {problem.what}" for problem in caught.value.problems]


def line(root: Path, file: str, fragment: str) -> int:
    lines = (root / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, content in enumerate(lines, 1) if fragment in content)


def test_the_shipped_studies_are_whole() -> None:
    assert known_studies(ROOT) == ("elsoc2016", "smartcity")
    study = load_study(ROOT, "smartcity")
    assert list(study.models)[:2] == ["measurement", "structural"]
    assert set(study.rivals) == set(study.models) - {"measurement", "structural"} | set(study.mixed_rivals)
    assert study.population is not None
    assert study.folder == ROOT / "models/smartcity"
    assert "intention" in study.models["structural"]
    assert {STUDY, HYPOTHESES, MULTILEVEL, CODEBOOK, STRUCTURAL} <= set(study.sources)
    assert load_study(ROOT, "elsoc2016").population is None


def test_an_unknown_study_names_the_known_ones() -> None:
    with pytest.raises(SpecificationError) as caught:
        load_study(ROOT, "elsoc2061")
    assert caught.value.problems[0].hint == "did you mean 'elsoc2016'?"
    with pytest.raises(SpecificationError) as caught:
        load_study(ROOT, "x")
    assert caught.value.problems[0].hint == "known: elsoc2016, smartcity"


def test_mistakes_in_all_files_are_reported_together(root: Path, edit: Edit) -> None:
    edit(STUDY, "communes_minimum: 2", "communes_minimum: two")
    edit(CODEBOOK, "scale: agreement", "scale: agreemnt")
    edit(HYPOTHESES, 'sign: "+"', 'sign: "?"')
    edit(MULTILEVEL, "(1 | commune)", "(1 | commune")
    edit(STRUCTURAL, "satisfaction ~ a1", "satisfaction ~ ~ a1")
    found = problems(root)
    for file, fragment in [
        (STUDY, "communes_minimum: two"),
        (CODEBOOK, "agreemnt"),
        (HYPOTHESES, 'sign: "?"'),
        (MULTILEVEL, "formula:"),
        (STRUCTURAL, "~ ~ a1"),
    ]:
        assert any(problem.startswith(f"{file}:{line(root, file, fragment)}:") for problem in found), (file, found)


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        (STUDY, "study: smartcity", "study: other", "calls itself 'other' in the folder 'smartcity'"),
        (STUDY, "rule: speed", "rule: sped", "screening.5.rule"),
        (STUDY, "{rule: commune, action: exclude}", "{rule: consent, action: exclude}", "declared twice"),
        (STUDY, "threshold: 128", "threshold: -1", "screening.5: threshold -1 is not from 0"),
        (STUDY, "full_mediation: rivals", "structural: rivals", "a rival cannot be called 'structural'"),
        (STUDY, "rivals/full_mediation.lav", "rivals/absent.lav", "no file 'models/smartcity/rivals/absent.lav'"),
        (STUDY, "moderates: satisfaction_moderates", "moderates: moderation", "is no model of multilevel.yaml"),
        (STUDY, "measurement: measurement.lav", "measurement: absent.lav", "no file 'models/smartcity/absent.lav'"),
        (STUDY, "data/smartcity/codebook.yaml", "data/codebook.yaml", "no file 'data/codebook.yaml'"),
        (STUDY, "estimator: MLR", "estimator: MRL", "there is no estimator 'MRL'"),
        (STUDY, "missing: fiml", "missing: FIML", "missing values cannot be treated by 'FIML'"),
        (STUDY, "estimator: MLR", "estimator: MLM", "MLM is for complete rows"),
        (STUDY, "WLSMV, ordered: all", "WLSMV", "WLSMV is for ordinal items, and none is named"),
        (STUDY, "{estimator: WLSMV, ", "{estimator: ML, ", "ML is for continuous items"),
        (STUDY, "ordered: all", "ordered: [ie1, sat99]", "'sat99' is no item of the codebook"),
        (STUDY, "complete_rows: {", "main: {", "'main' is the name of the study's own estimation"),
        (STUDY, "estimation:\n", "estimator: ML\nestimation:\n", "unknown key 'estimator'"),
        (HYPOTHESES, "id: H1b", "id: H1a", "the hypothesis 'H1a' stands twice"),
        (HYPOTHESES, "model: structural", "model: structurel", "no structural model 'structurel'"),
        (HYPOTHESES, '"satisfaction ~ internal_efficacy"', '"internal_efficacy ~ satisfaction"', "has no parameter"),
        (HYPOTHESES, '"satisfaction ~ internal_efficacy"', '"satisfaction"', "'satisfaction' is no parameter"),
        (HYPOTHESES, "name: indirect_internal", "name: indirect_intern", "does not define the effect"),
        (HYPOTHESES, "model: corollary", "model: corolary", "no mixed model 'corolary'"),
        (HYPOTHESES, ":offer", ":ofer", "has no term with 'ofer'"),
        (MULTILEVEL, "center(age)", "center(aage)", "names 'aage', which the codebook does not know"),
        (STRUCTURAL, "=~ int1 + int2", "=~ int1 + int22", "'int22' is neither a numeric variable"),
        ("models/smartcity/population.lav", "level: 1", "level: 1\nsatisfaction ~ ~ 1", "two operators"),
        (CODEBOOK, "role: attention, expected", "role: consent, expected", "the role 'consent' is already played"),
        (CODEBOOK, "role: duration", "role: other", "the rule 'speed' finds no technical column"),
    ],
)  # fmt: skip
def test_each_mistake_between_files(root: Path, edit: Edit, file: str, old: str, new: str, what: str) -> None:
    edit(file, old, new)
    assert any(what in problem for problem in problems(root)), problems(root)


def test_mistakes_of_estimation_have_lines_and_hints_and_come_together(root: Path, edit: Edit) -> None:
    edit(STUDY, "estimator: MLR", "estimator: MLRR")
    edit(STUDY, "ordinal: {estimator: WLSMV, ordered: all}", "ordinal: {estimator: WLSM, ordered: all}")
    with pytest.raises(SpecificationError) as caught:
        load_study(root, "smartcity")
    found = {problem.where: problem.hint for problem in caught.value.problems}
    assert found == {
        f"{STUDY}:{line(root, STUDY, 'estimator: MLRR')}": "did you mean 'MLR'?",
        f"{STUDY}:{line(root, STUDY, 'estimator: WLSM,')}": "did you mean 'WLSMV'?",
    }


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("missing", ["listwise", "fiml"])
@pytest.mark.parametrize("ordered", ["", ", ordered: all"])
def test_a_study_may_choose_what_the_engine_can_do(
    root: Path, edit: Edit, estimator: str, missing: str, ordered: str
) -> None:
    chosen = f"{{estimator: {estimator}, missing: {missing}{ordered}}}"
    edit(STUDY, "complete_rows: {estimator: ML, missing: listwise}", f"complete_rows: {chosen}")
    try:
        choose(estimator, missing, ordinal=bool(ordered), clustered=False, weighted=False)
    except ModelError:
        assert problems(root)
    else:
        alternative = load_study(root, "smartcity").spec.estimation.sensitivity["complete_rows"]
        assert (alternative.estimator, alternative.missing) == (estimator, missing)


def test_a_study_that_says_nothing_is_fitted_by_maximum_likelihood_to_complete_rows(root: Path) -> None:
    text = (root / STUDY).read_text(encoding="utf-8")
    (root / STUDY).write_text(text[: text.index("estimation:")], encoding="utf-8")
    estimation = load_study(root, "smartcity").spec.estimation
    assert (estimation.estimator, estimation.missing, estimation.ordered) == ("ML", "listwise", ())
    assert estimation.sensitivity == {}


def test_a_variable_that_no_model_may_name_has_file_and_line(root: Path, edit: Edit) -> None:
    edit(STRUCTURAL, "=~ int1 + int2", "=~ int1 + int22")
    with pytest.raises(SpecificationError) as caught:
        load_study(root, "smartcity")
    problem = caught.value.problems[0]
    assert problem.where == f"{STRUCTURAL}:{line(root, STRUCTURAL, 'int22')}"
    assert problem.hint == "did you mean 'int2'?"


def test_files_that_are_not_there_or_not_text(root: Path) -> None:
    (root / MULTILEVEL).unlink()
    (root / HYPOTHESES).write_bytes(b"hypoth\xe8ses: 1")
    found = problems(root)
    assert f"{MULTILEVEL}: there is no file '{MULTILEVEL}'" in found
    assert any(problem.startswith(f"{HYPOTHESES}: not UTF-8") for problem in found)


def test_responses_are_found_by_option_project_and_variable(tmp_path: Path) -> None:
    smartcity, elsoc = load_study(ROOT, "smartcity"), load_study(ROOT, "elsoc2016")
    own = tmp_path / "own.csv"
    own.write_text("a,b\n1,2\n", encoding="utf-8")
    assert resolve_responses(smartcity, own, {}) == own
    assert resolve_responses(smartcity, None, {}) == ROOT / "data/smartcity/raw/responses.csv"
    with pytest.raises(DataError, match="no such file"):
        resolve_responses(smartcity, tmp_path / "absent.csv", {})
    file = tmp_path / elsoc.spec.data.responses
    file.parent.mkdir()
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    assert resolve_responses(elsoc, None, {"SMARTCITY_DATA": str(tmp_path)}) == file


def test_responses_that_do_not_ship_say_where_to_get_them_and_how_to_cite_them(tmp_path: Path) -> None:
    elsoc = load_study(ROOT, "elsoc2016")
    for environ in ({}, {"SMARTCITY_DATA": str(tmp_path)}):
        with pytest.raises(DataError) as caught:
            resolve_responses(elsoc, None, environ)
        hint = caught.value.problems[0].hint
        assert "Harvard Dataverse" in hint
        assert "cite ELSOC" in hint
        assert "--data" in hint


def test_communes_are_looked_for_beside_the_responses_first(root: Path, tmp_path: Path) -> None:
    study = load_study(root, "smartcity")
    shipped = root / "data/smartcity/raw/communes.csv"
    own = tmp_path / "export" / "responses.csv"
    own.parent.mkdir()
    assert resolve_communes(study, own) == shipped
    beside = own.with_name("communes.csv")
    beside.write_text("x", encoding="utf-8")
    assert resolve_communes(study, own) == beside
    beside.unlink()
    shipped.unlink()
    with pytest.raises(DataError, match="the file of communes is missing"):
        resolve_communes(study, own)
    assert resolve_communes(load_study(ROOT, "elsoc2016"), own) is None


def test_what_the_measurement_chapter_cannot_use_is_named(root: Path, edit: Edit) -> None:
    edit(STUDY, "  marker: marker\n", "  marker: marke\n")
    edit(STUDY, "    gender: []\n", "    gendre: []\n")
    edit(STUDY, "    age: [45, 60]\n", "    age: []\n")
    edit(STUDY, "    size_class: []\n", "    size_class: [10]\n")
    found = problems(root)
    assert found == [
        f"{STUDY}:{line(root, STUDY, 'marker: marke')}: 'marke' is no construct of the codebook",
        f"{STUDY}:{line(root, STUDY, 'gendre:')}: 'gendre' is no variable of respondents or communes",
        f"{STUDY}:{line(root, STUDY, 'age: []')}: 'age' is a number",
        f"{STUDY}:{line(root, STUDY, 'size_class: [10]')}: 'size_class' has answers of its own",
    ]


def test_cutoffs_that_judge_nothing_and_cuts_that_do_not_rise_are_named(root: Path, edit: Edit) -> None:
    edit(STUDY, "    age: [45, 60]\n", "    age: [50, 35]\n")
    edit(STUDY, "measurement:\n", "cutoffs: {hmtm: 0.85}\nmeasurement:\n")
    found = problems(root)
    assert f"{STUDY}:{line(root, STUDY, 'hmtm')}: no rule of thumb judges 'hmtm'" in found
    assert f"{STUDY}:{line(root, STUDY, '[50, 35]')}: the cuts of 'age' do not rise" in found


def test_an_article_of_ones_own_stands_beside_the_study(root: Path) -> None:
    assert load_study(root, "smartcity").published is None
    file = root / "models/smartcity/published.yaml"
    number = '  - {printed: "0.70", table: hypotheses, row: {id: H1a}, column: std}\n'
    file.write_text(f"citation: made up\nnumbers:\n{number}", encoding="utf-8")
    study = load_study(root, "smartcity")
    assert study.published is not None
    assert study.published.numbers[0].printed == "0.70"
    assert "models/smartcity/published.yaml" in study.sources
    file.write_text(f"numbers:\n{number.replace('0.70', 'many')}  - {{tabel: flow}}\n", encoding="utf-8")
    found = problems(root)
    assert any("'many' is no number" in what and "published.yaml:2" in what for what in found)
    assert any("citation" in what for what in found)
    assert any("tabel" in what and "published.yaml:3" in what for what in found)


def test_moderators_that_are_neither_variable_nor_construct_are_named(root: Path, edit: Edit) -> None:
    edit(STUDY, "moderators:\n  gender: []\n", "moderators:\n  gendre: []\n  intention: [3]\n")
    found = problems(root)
    assert f"{STUDY}:{line(root, STUDY, 'gendre: []')}: 'gendre' is no variable of respondents or communes" in found
    assert f"{STUDY}:{line(root, STUDY, 'intention: [3]')}: 'intention' is a construct and is not cut" in found


def test_controls_of_the_multiverse_are_numbers(root: Path, edit: Edit) -> None:
    edit(STUDY, "controls: [age, digital_ease]", "controls: [gender]")
    assert problems(root) == [
        f"{STUDY}:{line(root, STUDY, 'controls:')}: 'gender' is no numeric variable of the codebook"
    ]
