"""What a study plans, element by element; frozen in a Markdown document; and what a later run does otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis import manifest
from analysis.errors import Problem, SpecificationError
from analysis.sem.format import format_model
from analysis.sem.syntax import parse_model
from analysis.study import PREREGISTRATION, Study

_BLOCK = re.compile(r"^```json\n(.*?)^```$", flags=re.M | re.S)
# Plans that no file holds, and that a run is compared with by what it was given.
RESPONSES, SAMPLE = "responses", "sample size"

Elements = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """What is known of the sample: respondents to be analysed, if planned, and the responses' SHA-256, if there."""

    planned: int | None
    responses: str | None


@dataclass(frozen=True, slots=True)
class Deviations:
    """``table``: element, change ("added", "left out", "changed"), was, now; no rows where a run does what was planned.

    ``frozen`` is the day of the plan, ``blind`` whether that was before the responses were there.
    """

    frozen: str
    blind: bool
    table: pd.DataFrame


def elements(study: Study) -> dict[str, Any]:
    """Everything that a study plans, by name, as plain values; comments and layout of its files do not count."""
    spec = study.spec
    whole = spec.estimation.model_dump(mode="json")
    sensitivity = whole.pop("sensitivity")
    planned: dict[str, Any] = {"question": spec.question.model_dump()}
    planned |= {f"hypothesis {h.id}": h.model_dump(mode="json", exclude_none=True) for h in study.hypotheses}
    planned["adjustment of p values"] = study.adjust
    planned |= {f"model {name}": _statements(study.sources[file]) for name, file in study.files.items()}
    planned |= {f"mixed model {name}": " ".join(m.formula.split()) for name, m in study.multilevel.items()}
    planned |= {f"rival {name}": f"mixed model {model}" for name, model in study.mixed_rivals.items()}
    planned |= {
        f"screening rule {r.rule} ({r.action})": r.model_dump(mode="json", exclude_none=True) for r in spec.screening
    }
    planned["order of screening rules"] = [f"{rule.rule} ({rule.action})" for rule in spec.screening]
    planned["least respondents in a commune"] = spec.communes_minimum
    planned["estimation"] = whole
    planned |= {f"estimation {name}": how for name, how in sensitivity.items()}
    planned["measurement"] = spec.measurement.model_dump(mode="json")
    planned["multiverse"] = spec.multiverse.model_dump(mode="json")
    planned["rules of thumb"] = dict(spec.cutoffs)
    planned["seed"] = spec.seed
    planned["codebook"] = digest(study.codebook.model_dump(mode="json"))
    return planned


def _statements(text: str) -> list[str]:
    return format_model(parse_model(text)).splitlines()


def frozen_block(planned: Elements, sample: Sample, day: str) -> str:
    """The elements as JSON, each with its SHA-256, to be read again by ``deviations``."""
    whole = {**planned, RESPONSES: sample.responses, SAMPLE: sample.planned}
    content = {name: {"sha256": digest(value), "plan": value} for name, value in whole.items()}
    return json.dumps({"frozen": day, "elements": content}, indent=1, ensure_ascii=False)


def digest(value: Any) -> str:
    """SHA-256 of a plain value, whatever the order of its keys."""
    return manifest.digest(json.dumps(value, sort_keys=True, ensure_ascii=False).encode())


@dataclass(frozen=True, slots=True)
class Given:
    """What a run was given: the responses' SHA-256, and the number of respondents that were analysed."""

    responses: str
    n_analysed: int


def deviations(document: str, study: Study, given: Given | None = None) -> Deviations:
    """What ``study`` does otherwise than the frozen ``document`` plans, and what a run was ``given`` otherwise.

    Raises SpecificationError where the document is not one that ``freeze`` wrote, or was changed since.
    """
    day, plan = _read(document, f"models/{study.name}/{PREREGISTRATION}")
    sample = Sample(plan.pop(SAMPLE), plan.pop(RESPONSES))
    rows = [*_compared(plan, elements(study)), *(() if given is None else _of_sample(sample, given))]
    table = pd.DataFrame(rows, columns=["element", "change", "was", "now"])
    return Deviations(day, sample.responses is None, table)


def _read(document: str, file: str) -> tuple[str, dict[str, Any]]:
    """The day and the elements of a document."""
    try:
        (block,) = _BLOCK.findall(document)
        content = json.loads(block)
        day, entries = str(content["frozen"]), content["elements"]
        plan = {name: entry["plan"] for name, entry in entries.items()}
        changed = [name for name, entry in entries.items() if entry["sha256"] != digest(entry["plan"])]
        changed += [name for name in (RESPONSES, SAMPLE) if name not in plan]
    except (ValueError, KeyError, TypeError, AttributeError):
        what = "this is no preregistration that 'smartcity freeze' wrote"
        raise SpecificationError(Problem(what, file, "restore it, or move it away")) from None
    if changed:
        what = f"the plan was changed after it was frozen: {', '.join(changed)}"
        raise SpecificationError(Problem(what, file, "restore it; deviations are reported, not written into the plan"))
    return day, plan


def _compared(plan: Elements, now: Elements) -> Iterator[tuple[str, str, str, str]]:
    for name in dict.fromkeys([*plan, *now]):
        if name not in now:
            yield name, "left out", _words(plan[name]), ""
        elif name not in plan:
            yield name, "added", "", _words(now[name])
        elif digest(plan[name]) != digest(now[name]):
            was, is_now = _difference(plan[name], now[name])
            yield name, "changed", was, is_now


def _of_sample(plan: Sample, given: Given) -> Iterator[tuple[str, str, str, str]]:
    if plan.responses is not None and plan.responses != given.responses:
        yield RESPONSES, "changed", plan.responses, given.responses
    if plan.planned is not None and plan.planned != given.n_analysed:
        yield SAMPLE, "changed", f"{plan.planned} respondents", f"{given.n_analysed} respondents"


def _difference(was: Any, now: Any) -> tuple[str, str]:
    """The parts of two values that differ: lines of a model, keys of a mapping, or all of it."""
    if isinstance(was, list) and isinstance(now, list) and set(was) != set(now):
        return _words([line for line in was if line not in now]), _words([line for line in now if line not in was])
    if isinstance(was, dict) and isinstance(now, dict):
        keys = [key for key in dict.fromkeys([*was, *now]) if was.get(key) != now.get(key)]
        before, after = ({key: side[key] for key in keys if key in side} for side in (was, now))
        return _parts(before), _parts(after)
    return _words(was), _words(now)


def _words(value: Any) -> str:
    """A value as people read it; of a hypothesis its statement, and what would support it."""
    if isinstance(value, list):
        return "; ".join(map(_words, value))
    if isinstance(value, dict) and "statement" in value:
        about = (value["estimand"]["name"], value["sign"], value["status"])
        return f"{value['statement']['en']} ({', '.join(about)})"
    return _parts(value) if isinstance(value, dict) else "" if value is None else str(value)


def _parts(value: Mapping[str, Any]) -> str:
    """The entries of a mapping, those that are mappings themselves in braces."""
    return "; ".join(
        f"{key} {{{_parts(item)}}}" if isinstance(item, dict) else f"{key}: {_words(item)}"
        for key, item in value.items()
    )
