"""Raw files of every kind, and the ways in which they can be broken."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from analysis.errors import DataError
from analysis.survey.encoding import decode
from analysis.survey.ingest import detect_separator, read_table, without
from hypothesis import example, given
from hypothesis import strategies as st

TEXT = 'id;réponse;commentaire\r\n1;Plutôt d’accord;"une; deux\r\nlignes"\r\n2;5;\r\n'


def write(folder: Path, content: bytes, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp1252", "cp1252"),
        ("utf-16", "utf-16"),
        ("mac_roman", "mac_roman"),
        ("utf-16-le", "utf_16_le"),
    ],
)
def test_encoding_is_found(tmp_path: Path, encoding: str, found: str) -> None:
    table = read_table(write(tmp_path, TEXT.encode(encoding)))
    assert table.encoding == found
    assert table.separator == ";"
    assert table.frame.to_numpy().tolist() == [["1", "Plutôt d’accord", "une; deux\r\nlignes"], ["2", "5", ""]]


@example("à««")
@given(st.text(st.sampled_from("abcéèêàùçôîïÉœ’«» -;\n12"), min_size=1))
def test_french_text_survives_each_usual_encoding(text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "cp1252"):
        content = text.encode(encoding)
        # Bytes such as those of "à««" in cp1252 are a Gujarati letter in UTF-8: nobody could tell.
        if encoding != "cp1252" or text.isascii() or not _is_utf8(content):
            assert decode(content, "f")[0] == text


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_found(tmp_path: Path, separator: str) -> None:
    rows = [["id", "a b", "c"], ["1", '"x, y; z"', "3,5" if separator != "," else "3"]]
    content = "\n".join(separator.join(row) for row in rows).encode()
    table = read_table(write(tmp_path, content))
    assert table.separator == separator
    assert table.frame.shape == (1, 3)


def test_a_comma_inside_cells_does_not_win_over_the_separator() -> None:
    assert detect_separator("a;b\n1,5;2,5\n2,5;3,5\n") == ";"


def test_cells_stay_text(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, b"id,x\n007,NA\n008,1.0\n"))
    assert table.frame.to_numpy().tolist() == [["007", "NA"], ["008", "1.0"]]


def test_rows_that_end_early_are_noted(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, b"id,x,y\n1,2\n2,3,4\n"))
    assert table.frame.iloc[0].tolist() == ["1", "2", ""]
    assert any("1 rows end before" in note for note in table.notes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"a,b\n", "header and no row"),
        (b"a,b,a\n1,2,3\n", "'a' stands 2 times"),
        (b"a,,c\n1,2,3\n", "no header above column 2"),
        (b"a,b\n1,2\n1,2,3\n", "more cells than the header: data row 2"),
        (b'a,b\n1,"2\n', "line 2"),
        (b"a,b\n1,\x00\xe9\x81\n", "the encoding is not known: byte 0xe9 in line 2"),
        (b"\xff\xfea", "not utf-16"),
        (random.Random(1).randbytes(400), "encoding is not known"),
        (b"a,b\n1,\x01\n", "control characters"),
    ],
)
def test_broken_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(write(tmp_path, content))


@pytest.mark.parametrize("kind", ["xlsx", "sav", "dta", "parquet"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(DataError, match="can be read"):
        read_table(write(tmp_path, b"plain text", f"export.{kind}"))


def test_missing_file_and_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(DataError, match=r"kind '\.doc'"):
        read_table(write(tmp_path, b"x", "export.doc"))


def test_excel(tmp_path: Path) -> None:
    path = tmp_path / "export.xlsx"
    pd.DataFrame({"id": [1, 2], "réponse": ["Plutôt d'accord", None], "x": [1.5, 2.0]}).to_excel(path, index=False)
    table = read_table(path)
    assert list(table.frame) == ["id", "réponse", "x"]
    assert table.frame["id"].tolist() == [1, 2]
    assert table.frame["réponse"][1] is None


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_value_labels_come_beside_the_codes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"export.{kind}"
    frame = pd.DataFrame({"id": [1.0, 2.0], "x": [1.0, 5.0]})
    write_it = pyreadstat.write_sav if kind == "sav" else pyreadstat.write_dta
    write_it(frame, str(path), variable_value_labels={"x": {1: "Pas du tout d'accord", 5: "Tout à fait d'accord"}})
    table = read_table(path)
    assert table.frame["x"].tolist() == [1.0, 5.0]
    assert table.value_labels == {"x": {1.0: "Pas du tout d'accord", 5.0: "Tout à fait d'accord"}}


def test_user_missing_codes_of_spss_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "export.sav"
    pyreadstat.write_sav(pd.DataFrame({"x": [1.0, 99.0]}), str(path), missing_ranges={"x": [99]})
    assert read_table(path).frame["x"].tolist() == [1.0, 99.0]


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "export.parquet"
    frame = pd.DataFrame({"id": [1, 2], "x": pd.Categorical(["Oui", None]), "y": ["a", "b"]})
    frame.to_parquet(path)
    table = read_table(path)
    assert list(table.frame) == ["id", "x", "y"]
    assert table.frame["x"].isna().tolist() == [False, True]


def test_identifying_columns_are_dropped_at_reading(tmp_path: Path) -> None:
    path = write(tmp_path, b"id,Courriel,x\n1,a@x,3\n")
    table = read_table(path, drop=["Courriel", "Nom"])
    assert list(table.frame) == ["id", "x"]
    assert table.dropped == ("Courriel",)
    assert without(table, ["Courriel"]) is table
