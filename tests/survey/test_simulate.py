"""The simulated survey: its bytes, its population, and the faults that screening has to find."""

import ast
import csv
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from analysis.errors import SpecificationError
from analysis.population_model import population_parameters
from analysis.study import load_study
from analysis.survey import export, population, simulate
from analysis.survey.clean import CleanSurvey, clean
from analysis.survey.ingest import read_table
from analysis.survey.population import PopulationParameter, draw_answers
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
RAW = ROOT / "data" / "smartcity" / "raw"
STUDY = load_study(ROOT, "smartcity")


PARAMETERS = population_parameters(STUDY.population or "")
ITEMS = list(STUDY.codebook.items)
RANGES = {item: STUDY.codebook.code_range(item) for item in ITEMS}


def _rows(content: bytes) -> list[dict[str, str]]:
    text = content.decode("cp1252")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def _cleaned(files: export.Export, folder: Path) -> CleanSurvey:
    (folder / "responses.csv").write_bytes(files.responses)
    (folder / "communes.csv").write_bytes(files.communes)
    responses, communes = (read_table(folder / f"{name}.csv") for name in ("responses", "communes"))
    return clean(responses, communes, STUDY.codebook, STUDY.spec.screening, STUDY.spec.communes_minimum)


@pytest.fixture(scope="module")
def shipped() -> list[dict[str, str]]:
    return _rows((RAW / "responses.csv").read_bytes())


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> CleanSurvey:
    files = simulate.simulate(PARAMETERS, STUDY.codebook, STUDY.spec.seed)
    return _cleaned(files, tmp_path_factory.mktemp("export"))


# --- bytes ---


def test_the_shipped_files_are_what_the_generator_writes_byte_for_byte() -> None:
    files = simulate.simulate(PARAMETERS, STUDY.codebook, STUDY.spec.seed)
    assert files.responses == (RAW / "responses.csv").read_bytes()
    assert files.communes == (RAW / "communes.csv").read_bytes()


def test_another_seed_gives_other_responses() -> None:
    files = simulate.simulate(PARAMETERS, STUDY.codebook, STUDY.spec.seed + 1)
    assert files.responses != (RAW / "responses.csv").read_bytes()


@pytest.mark.parametrize("module", [simulate, export, population])
def test_no_table_library_or_matrix_product_has_a_hand_in_the_bytes(module: object) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    products = [node for node in ast.walk(tree) if isinstance(node, ast.MatMult)]
    assert "pandas" not in imported
    assert not products


def test_the_files_are_written_as_a_french_platform_does() -> None:
    content = (RAW / "responses.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    header = content.split(b"\r\n", 1)[0].decode("cp1252")
    assert header.count(";") == 44
    assert "Durée (s)" in header


# --- what the export holds ---


def test_the_columns_are_those_of_the_codebook(shipped: list[dict[str, str]]) -> None:
    codebook = STUDY.codebook
    known = [entry.column or name for name, entry in codebook.items.items()]
    known += [variable.column or name for name, variable in codebook.respondent.items()]
    known += [*codebook.technical, *codebook.ignored, codebook.commune_column]
    assert sorted(shipped[0]) == sorted(known)


def test_some_responses_are_in_english_and_some_in_codes(shipped: list[dict[str, str]]) -> None:
    assert sum(row["Consentement"].startswith("Yes") for row in shipped) > 5
    coded = [row for row in shipped if row["Appareil"] == export.OLD_APPLICATION and row["SAT1"]]
    assert len(coded) > 20
    assert all(row["SAT1"].isdigit() for row in coded)


@pytest.mark.parametrize(
    "habit",
    [
        lambda cell: cell != cell.strip(),
        lambda cell: "  " in cell.strip(),
        lambda cell: "\u00a0" in cell,
        lambda cell: "\u2019" in cell,
        lambda cell: cell.isupper(),
        lambda cell: cell in {"Plutot d'accord", "Plutot pas d'accord", "Tout a fait d'accord"},
    ],
    ids=["outer space", "double space", "no-break space", "curly apostrophe", "capitals", "no accents"],
)
def test_some_labels_are_typed_otherwise(shipped: list[dict[str, str]], habit: object) -> None:
    columns = [entry.column or "" for entry in STUDY.codebook.items.values()]
    assert any(habit(row[column]) for row in shipped for column in columns)  # type: ignore[operator]


def test_comments_hold_separators_quotes_and_line_ends(shipped: list[dict[str, str]]) -> None:
    comments = "".join(row["Commentaire"] for row in shipped)
    assert {";", '"', "\n"} <= set(comments)


def test_nobody_real_can_be_meant(shipped: list[dict[str, str]]) -> None:
    assert all(row["Courriel"] == "" or row["Courriel"].endswith("@example.org") for row in shipped)
    assert all(row["Adresse IP"].rpartition(".")[0] in export.NETWORKS for row in shipped)
    assert all(row["Code commune"].strip().lower() == "" or "x" in row["Code commune"].lower() for row in shipped)


def test_half_of_the_duplicates_repeat_an_identifier(shipped: list[dict[str, str]]) -> None:
    counts = Counter(row["Identifiant"] for row in shipped)
    repeated = [number for number, count in counts.items() if count == 2]
    assert len(repeated) == simulate.PLANTED["duplicates"] // 2
    assert max(counts.values()) == 2


def test_the_offer_is_standardised_over_communes() -> None:
    rows = _rows((RAW / "communes.csv").read_bytes())
    offer = [float(row["Offre participative"].replace(",", ".")) for row in rows]
    assert len(rows) == simulate.COMMUNES
    assert np.mean(offer) == pytest.approx(0, abs=0.01)
    assert np.std(offer, ddof=1) == pytest.approx(1, abs=0.01)


# --- what cleaning makes of it ---


def test_each_planted_fault_leaves_by_its_rule(cleaned: CleanSurvey) -> None:
    flow = cleaned.flow.set_index("step")
    assert flow.loc["received", "n_left"] == simulate.HONEST + sum(simulate.PLANTED.values())
    assert flow["n_removed"].drop(["received", "analysed"]).to_dict() == simulate.PLANTED
    assert flow.loc["analysed", "n_left"] == simulate.HONEST


@pytest.mark.parametrize("seed", [1, 2])
def test_the_number_of_honest_responses_does_not_hang_on_the_seed(seed: int, tmp_path: Path) -> None:
    survey = _cleaned(simulate.simulate(PARAMETERS, STUDY.codebook, seed), tmp_path)
    assert len(survey.responses) == simulate.HONEST
    assert survey.flow.set_index("step")["n_removed"].drop(["received", "analysed"]).to_dict() == simulate.PLANTED


def test_communes_are_many_and_very_unequal(cleaned: CleanSurvey) -> None:
    sizes = cleaned.commune_sizes
    assert len(sizes) == simulate.COMMUNES
    assert sizes.min() >= simulate.SMALLEST_COMMUNE
    assert sizes.max() > 10 * sizes.min()


def test_honest_people_leave_few_items_unanswered(cleaned: CleanSurvey) -> None:
    absent = cleaned.responses[ITEMS].isna()
    reasons = cleaned.missing.groupby("reason")["count"].sum()
    assert 0.01 < absent.to_numpy().mean() < 0.02
    assert absent.any(axis=1).sum() >= simulate.SKIPPERS
    assert set(reasons.index) == {"no answer", "no opinion", "out of range", "declined"}
    assert len(cleaned.responses[ITEMS].dropna()) > 500


def test_names_and_addresses_stay_behind(cleaned: CleanSurvey, shipped: list[dict[str, str]]) -> None:
    personal = {row[column] for row in shipped for column in ("Nom", "Courriel", "Adresse IP")} - {""}
    derived = cleaned.responses.to_csv() + cleaned.ledger.to_csv()
    assert not [text for text in personal if text in derived]


# --- the population ---


@pytest.fixture(scope="module")
def large() -> tuple[population.Draw, np.ndarray]:
    rng = np.random.Generator(np.random.PCG64(7))
    commune_of = rng.integers(0, 1000, 40_000)
    return draw_answers(PARAMETERS, RANGES, commune_of, 1000, rng), commune_of


def _implied_covariance(level: int) -> np.ndarray:
    """Λ (I - B)⁻¹ Ψ (I - B)⁻ᵀ Λ' + Θ of one level, products left out."""
    rows = [row for row in PARAMETERS if row.level == level and ":" not in row.rhs and row.rhs != "1"]
    names = [row.lhs for row in rows if row.op == "~~" and row.lhs == row.rhs and row.lhs not in ITEMS]
    load, paths = np.zeros((len(ITEMS), len(names))), np.zeros((len(names), len(names)))
    psi, theta = np.zeros((len(names), len(names))), np.zeros(len(ITEMS))
    for row in rows:
        if row.op == "=~":
            load[ITEMS.index(row.rhs), names.index(row.lhs)] = row.value
        elif row.op == "~":
            paths[names.index(row.lhs), names.index(row.rhs)] = row.value
        elif row.lhs in ITEMS:
            theta[ITEMS.index(row.lhs)] = row.value
        else:
            i, j = names.index(row.lhs), names.index(row.rhs)
            psi[i, j] = psi[j, i] = row.value
    total = np.linalg.inv(np.eye(len(names)) - paths)
    return np.asarray(load @ total @ psi @ total.T @ load.T + np.diag(theta))


def test_answers_have_the_covariances_of_the_population() -> None:
    """On a scale so wide that no answer meets its ends, where rounding alone adds its twelfth to variances."""
    rng = np.random.Generator(np.random.PCG64(11))
    commune_of = rng.integers(0, 1000, 40_000)
    draw = draw_answers(PARAMETERS, dict.fromkeys(ITEMS, (-50, 50)), commune_of, 1000, rng)
    expected = _implied_covariance(1) + _implied_covariance(2) + np.eye(len(ITEMS)) / 12
    # Products with commune variables of variance 1 add to the variance of intention alone; satisfaction has
    # variance 1 within communes.
    loadings = {row.rhs: row.value for row in PARAMETERS if row.lhs == "intention" and row.op == "=~"}
    intention = np.array([loadings.get(item, 0.0) for item in ITEMS])
    expected += (0.18**2 + 0.12**2) * np.outer(intention, intention)
    sample = np.cov(np.column_stack([draw.codes[item] for item in ITEMS]).T)
    np.testing.assert_allclose(sample, expected, atol=0.06)


def test_answers_have_the_means_of_the_population(large: tuple[population.Draw, np.ndarray]) -> None:
    means = {row.lhs: row.value for row in PARAMETERS if row.rhs == "1"}
    for item in ITEMS:
        assert large[0].codes[item].mean() == pytest.approx(means[item], abs=0.05)


def test_offer_acts_where_satisfaction_is_high(large: tuple[population.Draw, np.ndarray]) -> None:
    draw, commune_of = large
    offer = draw.context["offer"][commune_of]
    satisfaction, intention = (
        np.mean([draw.codes[item] for item in STUDY.codebook.constructs[name].items], axis=0)
        for name in ("satisfaction", "intention")
    )
    high = satisfaction > np.quantile(satisfaction, 0.75)
    low = satisfaction < np.quantile(satisfaction, 0.25)
    slopes = [np.polyfit(offer[group], intention[group], 1)[0] for group in (high, low)]
    assert slopes[0] > 0.2
    assert abs(slopes[1]) < 0.1


@given(st.lists(st.floats(-3, 3), min_size=16, max_size=16))
def test_the_factor_of_a_covariance_matrix_gives_it_back(values: list[float]) -> None:
    half = np.array(values).reshape(4, 4)
    matrix = half @ half.T + np.eye(4)
    factor = np.array(population._cholesky(matrix.tolist()))
    np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-10)
    np.testing.assert_allclose(factor, np.tril(factor))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([p for p in PARAMETERS if p.rhs != "sat2"], "too little of sat2"),
        ([p for p in PARAMETERS if p.rhs != "1" or p.lhs != "ie1"], "too little of ie1"),
        ([*PARAMETERS, PopulationParameter(1, "satisfaction", "~", "intention", 0.1)], "circle"),
        ([*PARAMETERS, PopulationParameter(1, "belonging_cognitive", "~~", "belonging_affective", 3.0)], "larger"),
    ],
)
def test_a_population_that_cannot_be_drawn_from_says_why(parameters: list[PopulationParameter], message: str) -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    with pytest.raises(SpecificationError, match=message):
        draw_answers(parameters, RANGES, np.zeros(10, dtype=np.int64), 2, rng)


def test_a_variable_without_variance_draws_zeros() -> None:
    assert population._cholesky([[0.0, 0.0], [0.0, 4.0]]) == [[0.0, 0.0], [0.0, 2.0]]
