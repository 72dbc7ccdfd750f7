"""A study with the files of its responses: what every stage of the pipeline is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis import manifest
from analysis.study import Study, resolve_communes, resolve_responses

Results = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A study with the files of its responses."""

    study: Study
    responses: Path
    communes: Path | None

    @cached_property
    def inputs(self) -> dict[str, str]:
        """SHA-256 of every input: texts by their path in the project, data files as ``data:name``."""
        contents = {name: text.encode() for name, text in self.study.sources.items()}
        for path in filter(None, (self.responses, self.communes)):
            contents[f"data:{path.name}"] = path.read_bytes()
        return {name: manifest.digest(content) for name, content in sorted(contents.items())}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the reader of the report must know of the responses that were taken."""
        spec = self.study.spec
        own = self.study.root / spec.data.responses
        if not spec.simulated or (own.is_file() and own.read_bytes() == self.responses.read_bytes()):
            return ()
        return (
            f"the responses are those of {self.responses.name}, and models/{self.study.name}/study.yaml declares "
            "them simulated; if people gave them, make them a study of their own that says 'simulated: false'",
        )

    @property
    def scales(self) -> dict[str, tuple[str, ...]]:
        """Items by construct."""
        return {name: construct.items for name, construct in self.study.codebook.constructs.items()}


def open_run(study: Study, data: Path | None, environ: Mapping[str, str]) -> Run:
    """Find the responses of a study; raises DataError that says where to get them."""
    responses = resolve_responses(study, data, environ)
    return Run(study, responses, resolve_communes(study, responses))
