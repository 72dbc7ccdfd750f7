"""A Study: study.yaml, codebook, models and hypotheses, read once and checked whole before anything runs."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from analysis.checked import mapping, parse_checked, plain_value
from analysis.errors import DataError, Problem, SpecificationError, nearest
from analysis.review.ledger import LedgerFile, parse_ledger
from analysis.specification import SpecT, line_of
from analysis.study_checks import Draft, cross_problems
from analysis.study_files import (
    BASE_MODELS,
    MAIN,
    Adjustment,
    Estimand,
    Estimation,
    HypothesesFile,
    Hypothesis,
    MixedModel,
    MultilevelFile,
    StudyFile,
    hypotheses_mistakes,
    study_mistakes,
)
from analysis.survey.codebook import Codebook, parse_codebook

__all__ = [
    "MAIN",
    "Estimand",
    "Estimation",
    "HypothesesFile",
    "Hypothesis",
    "MixedModel",
    "MultilevelFile",
    "Study",
    "StudyFile",
    "known_studies",
    "load_study",
    "project_root",
    "resolve_communes",
    "resolve_responses",
]

DATA_VARIABLE = "SMARTCITY_DATA"
PREREGISTRATION = "preregistration.md"
PUBLISHED = "published.yaml"


@dataclass(frozen=True, slots=True)
class Study:
    """A study whose files are known to agree.

    models: "measurement", "structural" and the rivals that are model files → lavaan syntax.
    files: models and "twolevel" → path of their file, relative to the root, as in ``sources``.
    adjust: how p values are adjusted over a family of hypotheses.
    rivals: names of all rivals, in order; mixed_rivals: of those that are mixed models → their id.
    focus: the mixed model that is examined closely; two_level: the model with level blocks, if there is one.
    population: the population model of a simulated study.
    preregistration: the frozen plan, if there is one.
    sources: path relative to the root → text, of every file read.
    published: the numbers of the study's own article, where published.yaml stands beside study.yaml.
    """

    name: str
    root: Path
    spec: StudyFile
    codebook: Codebook
    hypotheses: tuple[Hypothesis, ...]
    adjust: Adjustment
    multilevel: Mapping[str, MixedModel]
    models: Mapping[str, str]
    files: Mapping[str, str]
    mixed_rivals: Mapping[str, str]
    focus: str | None
    two_level: str | None
    population: str | None
    preregistration: str | None
    sources: Mapping[str, str]
    published: LedgerFile | None = None

    @property
    def folder(self) -> Path:
        """Folder of the study's models."""
        return self.root / "models" / self.name

    @property
    def rivals(self) -> tuple[str, ...]:
        """Names of the rival models in the order of study.yaml."""
        return tuple(self.spec.models.rivals)


def known_studies(root: Path) -> tuple[str, ...]:
    """Names of the studies under ``root``."""
    folders = (path.parent.name for path in root.glob("models/*/study.yaml"))
    return tuple(sorted(name for name in folders if not name.startswith(".")))


def project_root() -> Path:
    """The project: the nearest folder from here upwards that holds studies, else the one this code came from.

    Raises DataError where there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parent.parent):
        if any(folder.glob("models/*/study.yaml")):
            return folder
    what = "no study is found from here"
    raise DataError(Problem(what, str(here), "change to the project's folder, which holds models/"))


def load_study(root: Path, name: str) -> Study:
    """Read and check the study ``name`` under ``root``, the folder that holds models/ and data/.

    Raises SpecificationError with every mistake of all its files, each with file and line.
    """
    if name not in known_studies(root):
        hint = nearest(name, known_studies(root)) or f"there is no models/*/study.yaml under {root}"
        raise SpecificationError(Problem(f"there is no study '{name}'", f"models/{name}/study.yaml", hint))
    reader = _Reader(root, f"models/{name}")
    draft = reader.read()
    published = reader.published()
    problems = [*reader.problems, *cross_problems(draft, name)]
    spec, codebook, hypotheses, multilevel = draft.study, draft.codebook, draft.hypotheses, draft.multilevel
    if problems or spec is None or codebook is None or hypotheses is None or multilevel is None:
        raise SpecificationError(problems)
    rivals = spec.models.rivals
    beside = {} if draft.two_level_file is None else {"twolevel": draft.two_level_file}
    return Study(
        name=name,
        root=root,
        spec=spec,
        codebook=codebook,
        hypotheses=hypotheses.hypotheses,
        adjust=hypotheses.adjust,
        multilevel=MappingProxyType(multilevel.models),
        models=MappingProxyType({model: draft.sources[file] for model, file in draft.model_files.items()}),
        files=MappingProxyType({**draft.model_files, **beside}),
        mixed_rivals=MappingProxyType({rival: key for rival, key in rivals.items() if not is_model_file(key)}),
        focus=multilevel.focus,
        two_level=None if draft.two_level_file is None else draft.sources[draft.two_level_file],
        population=None if draft.population_file is None else draft.sources[draft.population_file],
        preregistration=draft.sources.get(f"{draft.folder}/{PREREGISTRATION}"),
        sources=MappingProxyType(draft.sources),
        published=published,
    )


def is_model_file(rival: str) -> bool:
    """Whether a rival is a model file, and not the id of a mixed model."""
    return rival.endswith(".lav")


def resolve_responses(study: Study, data: Path | None, environ: Mapping[str, str]) -> Path:
    """The file of raw responses: ``data``, else the one that ships, else the one in $SMARTCITY_DATA.

    Raises DataError that says where to get the responses and how to cite them.
    """
    if data is not None:
        if not data.is_file():
            raise DataError(Problem("there is no such file", str(data), "check the path given by --data"))
        return data
    responses = study.spec.data.responses
    folders = [study.root, *([Path(environ[DATA_VARIABLE])] if environ.get(DATA_VARIABLE) else [])]
    for folder in folders:
        if (folder / responses).is_file():
            return folder / responses
    raise DataError(Problem(f"the responses of '{study.name}' are not here", responses, _how_to_obtain(study)))


def _how_to_obtain(study: Study) -> str:
    sources = study.spec.data
    if sources.obtain is None:
        return "they ship with the project: restore the file from the repository"
    cite = f"; cite {sources.citation.strip()}" if sources.citation else ""
    place = f"give the file by --data, or put it at {sources.responses} in the folder that {DATA_VARIABLE} names"
    return f"get them from {sources.obtain.strip()}{cite}; then {place}"


def resolve_communes(study: Study, responses: Path) -> Path | None:
    """The file of communes: beside the responses, else relative to the codebook's folder; None without one.

    Raises DataError when it is in neither place.
    """
    file = study.codebook.communes.file
    if file is None:
        return None
    own = (study.root / study.spec.data.codebook).parent / file
    for path in (responses.parent / Path(file).name, own):
        if path.is_file():
            return path
    hint = f"put '{Path(file).name}' beside the responses"
    raise DataError(Problem("the file of communes is missing", str(own), hint))


class _Reader:
    """Reads the files of one study and gathers what is wrong with each of them."""

    def __init__(self, root: Path, folder: str) -> None:
        self.root, self.folder = root, folder
        self.problems: list[Problem] = []
        self.sources: dict[str, str] = {}

    def read(self) -> Draft:
        """All files, with None for those that cannot be read."""
        study_file = f"{self.folder}/study.yaml"
        study = self._parse(study_file, lambda text: parse_checked(text, study_file, StudyFile, study_mistakes))
        hypotheses_file = f"{self.folder}/hypotheses.yaml"
        hypotheses = self._parse(
            hypotheses_file,
            lambda text: parse_checked(text, hypotheses_file, HypothesesFile, hypotheses_mistakes),
        )
        multilevel_file = f"{self.folder}/multilevel.yaml"
        multilevel = self._parse(
            multilevel_file, lambda text: parse_checked(text, multilevel_file, MultilevelFile, lambda _: ())
        )
        named = self._named_files(study_file)
        source = named.pop("codebook", None)
        codebook = None
        if source is not None:
            codebook = self._parse(source, lambda text: parse_codebook(text, source))
        population, two_level = named.pop("population", None), named.pop("twolevel", None)
        if (self.root / self.folder / PREREGISTRATION).is_file():
            self._text(f"{self.folder}/{PREREGISTRATION}")
        return Draft(self.folder, study, codebook, hypotheses, multilevel, named, population, two_level, self.sources)

    def published(self) -> LedgerFile | None:
        """The numbers of the study's own article; None where the study has no such file."""
        file = f"{self.folder}/{PUBLISHED}"
        if not (self.root / file).exists():
            return None
        return self._parse(file, lambda text: parse_ledger(text, file))

    def _named_files(self, study_file: str) -> dict[str, str]:
        """The files that study.yaml names and that are there: "codebook", "twolevel", "population" and models → path.

        They are taken from the plain value, so that a mistake in study.yaml hides none in the others.
        """
        plain = plain_value(self.sources.get(study_file, ""))
        models = mapping(plain, "models")
        gone = self._parent_gone(study_file, plain.get("parent"))
        wanted: list[tuple[str, tuple[str, ...], Any, str]] = [
            ("codebook", ("data", "codebook"), mapping(plain, "data").get("codebook"), "")
        ]
        for name in (*BASE_MODELS, "twolevel", "population"):
            wanted.append((name, ("models", name), models.get(name), f"{self.folder}/"))
        for name, file in mapping(models, "rivals").items():
            if isinstance(file, str) and is_model_file(file):
                wanted.append((str(name), ("models", "rivals", str(name)), file, f"{self.folder}/"))
        found = {}
        for name, path, file, folder in wanted:
            if isinstance(file, str):
                place = posixpath.normpath(f"{folder}{file}")
                if not place.startswith(gone) and self._text(place, (study_file, path)) is not None:
                    found[name] = place
        return found

    def _parent_gone(self, study_file: str, parent: object) -> tuple[str, ...]:
        """The folder of a parent study that is not there any more: one mistake, not one for each of its files."""
        known = [name for name in known_studies(self.root) if f"models/{name}" != self.folder]
        if not isinstance(parent, str) or parent in known:
            return ()
        what = f"the study '{parent}', which this one extends, is not under models/ any more"
        hint = f"put it back, or mend its name here and under 'models:'; {nearest(parent, known)}"
        self.problems.append(Problem(what, f"{study_file}:{line_of(self.sources[study_file], ('parent',))}", hint))
        return (f"models/{parent}/",)

    def _parse(self, file: str, parse: Callable[[str], SpecT]) -> SpecT | None:
        text = self.sources[file] if file in self.sources else self._text(file)
        if text is None:
            return None
        try:
            return parse(text)
        except SpecificationError as error:
            self.problems += error.problems
            return None

    def _text(self, file: str, named: tuple[str, tuple[str, ...]] | None = None) -> str | None:
        """The text of a file under the root; ``named`` is the file and value that ask for it."""
        where = file if named is None else f"{named[0]}:{line_of(self.sources[named[0]], named[1])}"
        if file.startswith(("../", "/")):
            hint = "name a file of the project"
            self.problems.append(Problem(f"the file '{file}' lies outside the project", where, hint))
            return None
        try:
            self.sources[file] = (self.root / file).read_text(encoding="utf-8")
        except OSError:
            hint = "create it, or mend its name"
            self.problems.append(Problem(f"there is no file '{file}'", where, hint))
            return None
        except UnicodeDecodeError as error:
            self.problems.append(Problem(f"not UTF-8: {error.reason}", file, "save the file as UTF-8"))
            return None
        return self.sources[file]
