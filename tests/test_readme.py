"""The README is true: its commands run, its snippets work, its tables are those of the code.

The commands are run from top to bottom in one copy of the project, as a reader would.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from analysis import cli
from tests.references import REPOSITORY, load_case

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Snippet:
    """A fenced block of the README."""

    language: str
    text: str


SNIPPETS = [Snippet(*found) for found in re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.M | re.S)]
COMMANDS = [line for s in SNIPPETS if s.language == "sh" for line in s.text.splitlines()]

# Commands that a test cannot run, each with the reason and with what is checked in its place.
NOT_RUN = {
    "git": "needs the network",
    "make": "would run this test within itself, or set up an environment over the network",
    "python3": "sets up an environment over the network",
    ".venv/bin/python": "sets up an environment over the network",
    "conda": "needs conda and the network",
    "pip": "works on the environment that conda made",
    "Rscript": "needs R",
    "uv": "needs uv and the network",
}
RUN = [line for line in COMMANDS if line.split()[0] not in NOT_RUN]


def test_every_command_is_run_or_has_a_reason_not_to_be() -> None:
    assert {line.split()[0] for line in RUN} == {"smartcity"}
    assert {line.split()[0] for line in COMMANDS} == {*NOT_RUN, "smartcity"}


# What cannot be run


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make ")])
def test_make_has_the_target_and_takes_the_variables(line: str) -> None:
    target, *variables = line.split()[1:]
    assert re.search(rf"^{target}: ", MAKEFILE, flags=re.M)
    for variable in variables:
        assert f"$({variable.partition('=')[0]})" in MAKEFILE


@pytest.mark.parametrize("line", [x for x in COMMANDS if x.split()[0] in {"python3", ".venv/bin/python", "pip"}])
def test_the_lines_without_make_are_what_make_does(line: str) -> None:
    words = line.partition(" -m ")[2] or line
    plain = MAKEFILE.replace("$(VENV)", ".venv").replace(" --quiet --disable-pip-version-check", "")
    assert words in plain


@pytest.mark.parametrize("line", [x for x in COMMANDS if x.split()[0] in {"conda", "Rscript", "uv"}])
def test_the_files_and_names_of_other_commands_are_there(line: str) -> None:
    words = shlex.split(line)
    for word in words[1:]:
        if "/" in word or Path(word).suffix:
            assert (REPOSITORY / word).is_file()
    if words[0] == "Rscript":
        assert load_case(words[-1]).name == words[-1]
    if words[:2] == ["conda", "activate"]:
        assert yaml.safe_load((REPOSITORY / "environment.yml").read_text(encoding="utf-8"))["name"] == words[-1]


# What is run


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the README was followed from top to bottom."""
    root = tmp_path_factory.mktemp("readme")
    for folder in ("models", "data", "tests/reference"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    shutil.copy(root / "data/smartcity/raw/responses.csv", root / "my-export.csv")
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}
    for snippet in SNIPPETS:
        if snippet.language == "yaml":
            _edit(root / "models" / "mine", snippet.text)
        if snippet.language == "lav":
            with (root / "models" / "mine" / "structural.lav").open("a", encoding="utf-8") as model:
                model.write(snippet.text)
        for line in _commands(snippet):
            words = shlex.split(line)
            done = subprocess.run(words, check=False, cwd=root, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
    return root


def _commands(snippet: Snippet) -> Iterator[str]:
    """The lines of a block that are run; a block of Python is one command."""
    if snippet.language == "sh":
        yield from (line for line in snippet.text.splitlines() if line in RUN)
    if snippet.language == "python":
        yield shlex.join([sys.executable, "-c", snippet.text])


def _edit(study: Path, text: str) -> None:
    """Do by hand what the README tells: append a hypothesis, or set values of study.yaml."""
    if text.lstrip().startswith("-"):
        path = study / "hypotheses.yaml"
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
        return
    path = study / "study.yaml"
    content = re.sub(r"^  population:.*\n", "", path.read_text(encoding="utf-8"), flags=re.M)
    for line in text.splitlines():
        content, count = re.subn(rf"^{line.partition(':')[0]}:.*$", line, content, flags=re.M)
        assert count == 1
    path.write_text(content, encoding="utf-8")


def test_the_commands_leave_what_the_readme_says(walk: Path) -> None:
    assert sorted(path.name for path in (walk / "my-clean").iterdir()) == ["clean.csv", "flow.csv", "ledger.csv"]
    assert (walk / "structural.json").is_file()
    hypotheses = (walk / "reports/mine/tables/hypotheses.csv").read_text(encoding="utf-8")
    assert "\nH7," in hypotheses
    assert "collected" in hypotheses
    listed = re.findall(r"^\| `([\w.]+)/?` \| ", README, flags=re.M)
    written = {path.name for path in (walk / "reports" / "smartcity").iterdir()}
    assert written <= set(listed)


def test_links_and_pictures_lead_somewhere(walk: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not ((REPOSITORY / link).is_file() or (walk / link).is_file())] == []


def test_files_that_are_named_are_there(walk: Path) -> None:
    text = README.replace("/STUDY/", "/smartcity/")
    names = re.findall(r"`((?:analysis|models|data|tests|reports)/[\w/.]+)`", text)
    assert names
    assert [name for name in names if not ((REPOSITORY / name).exists() or (walk / name).exists())] == []


# What is listed


def _options(parser: argparse.ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings} - {"-h", "--help"}


def test_the_table_of_commands_is_that_of_the_command_line() -> None:
    (commands,) = [a for a in cli._parser()._actions if isinstance(a, argparse._SubParsersAction)]
    listed: dict[str, set[str]] = {}
    for name, usage in re.findall(r"^\| `smartcity (\w+)(.*?)` \|", README, flags=re.M):
        listed.setdefault(name, set()).update(re.findall(r"--[\w-]+", usage))
    assert listed == {name: _options(parser) for name, parser in commands.choices.items()}


def test_every_direct_dependency_is_explained() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    required = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[<>=!~\[ ]", requirement)[0] for requirement in required}
    table = README.partition("## Dependencies")[2].partition("\n## ")[0]
    explained = {name for row in re.findall(r"^\| ([\w, -]+) \|", table, flags=re.M) for name in row.split(", ")}
    assert explained - {"package"} == names
