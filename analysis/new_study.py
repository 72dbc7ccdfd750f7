"""The text files of a study that extends another: its own where a student edits, the parent's where not."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from analysis.errors import Problem, SpecificationError, nearest
from analysis.sem.defaults import roles_of
from analysis.sem.syntax import parse_model
from analysis.study import Study, known_studies, load_study

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
# Windows takes these for devices, whatever their case.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
STRUCTURAL = "structural.lav"
# Files of the study's own folder that a run reads under these names.
_COPIED = ("hypotheses.yaml", "multilevel.yaml")


@dataclass(frozen=True, slots=True)
class _Example:
    """A hypothesis that the parent does not have: its id, and the path that it is about."""

    id: str
    outcome: str
    predictor: str


def new_study(root: Path, name: str, parent: str) -> dict[str, str]:
    """The files of a new study ``name`` that extends ``parent``: name in its folder → text.

    study.yaml refers to the parent's codebook, data and models; the structural model, the hypotheses and the mixed
    models are copies to edit. Raises SpecificationError where the name is taken or cannot be one, and where the parent
    is unknown or has mistakes.
    """
    problems = list(_name_problems(root, name))
    if parent not in known_studies(root):
        known = nearest(parent, known_studies(root))
        problems.append(Problem(f"there is no study '{parent}' to start from", "--from", known))
    if problems:
        raise SpecificationError(problems)
    study = load_study(root, parent)
    folder = f"models/{parent}"
    copied = {file: study.sources[f"{folder}/{file}"] for file in _COPIED}
    return {
        "study.yaml": _study_file(study, name),
        STRUCTURAL: study.models["structural"],
        **copied,
        "README.md": _readme(name, parent, _example(study)),
    }


def _name_problems(root: Path, name: str) -> Iterator[Problem]:
    if not _NAME.fullmatch(name) or name.lower() in _DEVICES:
        hint = "begin with a letter, and take up to 40 letters, digits, '_' and '-' (no accents, no spaces)"
        yield Problem(f"'{name}' cannot be the name of a study", "NAME", hint)
        return
    models = root / "models"
    # On some systems names that differ by case alone are one folder.
    taken = [path.name for path in models.iterdir() if path.name.lower() == name.lower()] if models.is_dir() else []
    if taken:
        yield Problem(f"models/{taken[0]} is already there", "NAME", "choose another name")


def _study_file(study: Study, name: str) -> str:
    """The parent's study.yaml, comments and all, with other values where the new study differs."""
    source = study.sources[f"models/{study.name}/study.yaml"]
    values: dict[tuple[str, ...], str] = {("study",): f"{name}\nparent: {study.name}"}
    for path, file in _model_paths(study):
        values[path] = posixpath.relpath(posixpath.normpath(f"models/{study.name}/{file}"), f"models/{name}")
    values[("models", "structural")] = STRUCTURAL
    return _without_parent(_replaced(source, values))


def _model_paths(study: Study) -> Iterator[tuple[tuple[str, ...], str]]:
    models = study.spec.models
    single = {"measurement": models.measurement, "twolevel": models.twolevel, "population": models.population}
    yield from ((("models", name), file) for name, file in single.items() if file is not None)
    yield from ((("models", "rivals", rival), file) for rival, file in models.rivals.items() if file.endswith(".lav"))


def _replaced(text: str, values: Mapping[tuple[str, ...], str]) -> str:
    """``text`` with the scalars at the given paths replaced where they stand, from the last to the first."""
    spans = sorted(((*_span(yaml.compose(text, Loader=yaml.SafeLoader), path), new) for path, new in values.items()))
    for start, end, new in reversed(spans):
        text = text[:start] + new + text[end:]
    return text


def _span(node: yaml.Node | None, path: tuple[str, ...]) -> tuple[int, int]:
    for key in path:
        assert isinstance(node, yaml.MappingNode)
        node = next(value for name, value in node.value if name.value == key)
    assert node is not None
    return node.start_mark.index, node.end_mark.index


def _without_parent(text: str) -> str:
    """A parent that has a parent itself: the first of the two lines is the new one."""
    lines = text.splitlines(keepends=True)
    later = [i for i, line in enumerate(lines) if line.startswith("parent:")][1:]
    return "".join(line for i, line in enumerate(lines) if i not in later)


def _example(study: Study) -> _Example | None:
    """The first path that the structural model lacks, from a latent variable that nothing explains."""
    statements = parse_model(study.models["structural"]).statements
    roles = roles_of(statements)
    paths = {(s.lhs, s.rhs) for s in statements if s.op == "~"}
    ends = [name for name in roles.outcomes if name in roles.latent]
    sources = [name for name in roles.latent if name not in {*roles.outcomes, *roles.indicators}]
    missing = [(outcome, source) for outcome in ends for source in sources if (outcome, source) not in paths]
    numbers = [int(n) for hypothesis in study.hypotheses for n in re.findall(r"\d+", hypothesis.id)]
    letter = re.match(r"[A-Za-z]*", study.hypotheses[0].id)
    prefix = letter.group() if letter else "H"
    return _Example(f"{prefix}{max(numbers, default=0) + 1}", *missing[0]) if missing else None


def _readme(name: str, parent: str, example: _Example | None) -> str:
    found = example or _Example("H8", "OUTCOME", "PREDICTOR")
    path = f"{found.outcome} ~ {found.predictor}"
    return f"""# {name}: a study that extends `{parent}`

Its codebook, its responses and the models that are not here are those of `{parent}`: `study.yaml` says where they are.
Nothing you change here changes `{parent}`.

| file | what you edit there |
|---|---|
| `study.yaml` | title, question, screening rules, how models are estimated, names of rival models |
| `structural.lav` | the structural model, in lavaan syntax |
| `hypotheses.yaml` | what you expect: statement, parameter, sign, source |
| `multilevel.yaml` | mixed models, in lme4 syntax |
| `rivals/NAME.lav` | rival models, if you write any; name each under `rivals:` in `study.yaml` |

## Five next steps

1. Write what your study asks: `title` and `question` in `study.yaml`.
2. Add the path of your hypothesis to `structural.lav`, one line:

```
{path}
```

3. Add the hypothesis at the end of `hypotheses.yaml`:

```yaml
  - id: {found.id}
    statement:
      fr: "Votre hypothèse, en une phrase."
      en: "Your hypothesis, in one sentence."
    estimand: {{kind: parameter, model: structural, name: "{path}"}}
    sign: "+"
    source: "the theory or the study it comes from"
    status: exploratory
```

   `status: confirmatory` is for what was written down before the data were seen. `family: NAME` adjusts its p value
   with the others of that name, as `adjust: holm` (or `bh`) at the head of the file says. `sesoi: {{beta: 0.1}}` also
   asks whether the effect is smaller than the smallest one of interest.

4. See whether all files agree, and freeze what you plan before you look at results:

```sh
smartcity check {name}
smartcity freeze {name}
```

5. Run the study; the report says what deviates from the plan. Then see whether any verdict hangs on one choice:

```sh
smartcity reproduce {name}
smartcity multiverse {name}
```
"""
