"""One digit changed in one cell of a table: is it found, and by which check?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from analysis.review.article import Cell, key
from analysis.review.audit import review
from analysis.review.columns import COLUMNS
from analysis.review.reading import read_article
from analysis.review.result import Review
from tests.review.published_tables import GENERATORS, generate


def review_text(text: str) -> Review:
    """The review of a file that points to no other."""

    def no_file(name: str) -> str:
        raise AssertionError(name)

    return review(read_article(text, "generated.yaml", no_file))


@dataclass
class Power:
    """Counts over trials.

    ``tried`` and ``found``: by column of the changed cell. ``concerned``: by check, cells it judges; ``caught``: those
    of them that it found; ``elsewhere``: changes that it found by the verdict on another cell. ``missed``: why the
    others were not found.
    """

    tried: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    concerned: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    elsewhere: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        """Share of the changes that some check found."""
        return sum(self.found.values()) / sum(self.tried.values())


def changed(text: str, cell: Cell, rng: np.random.Generator) -> str:
    """The file with one digit of one cell replaced by another one, never the first of several to a zero."""
    lines = text.split("\n")
    words = lines[cell.line - 1].split("|")
    digits = [i for i, character in enumerate(cell.text) if character.isdigit()]
    at = int(rng.choice(digits))
    choices = [d for d in "0123456789" if d != cell.text[at] and not (d == "0" and at == digits[0] and len(digits) > 1)]
    altered = cell.text[:at] + str(rng.choice(choices)) + cell.text[at + 1 :]
    words[cell.position] = words[cell.position].replace(cell.text, altered)
    lines[cell.line - 1] = "|".join(words)
    return "\n".join(lines)


def printed_cells(outcome: Review) -> list[Cell]:
    """Cells of tables that hold a number with digits."""
    cells = (cell for cell in outcome.article.cells() if cell.row >= 0 and cell.printed is not None)
    return [cell for cell in cells if not COLUMNS[cell.column].text and any(c.isdigit() for c in cell.text)]


def trials(n: int, first_seed: int = 0) -> Iterator[tuple[Review, Cell, Review]]:
    """Reviews before and after one digit of one cell was changed, kind by kind."""
    for trial in range(n):
        kind = list(GENERATORS)[trial % len(GENERATORS)]
        rng = np.random.default_rng([first_seed, trial])
        text = generate(first_seed + trial // len(GENERATORS), kind)
        before = review_text(text)
        cells = printed_cells(before)
        cell = cells[int(rng.integers(len(cells)))]
        yield before, cell, review_text(changed(text, cell, rng))


def measure(n: int, first_seed: int = 0) -> Power:
    """Power over ``n`` changed digits."""
    power = Power()
    for before, cell, after in trials(n, first_seed):
        power.tried[cell.column] += 1
        checks = {finding.check for finding in before.findings if key(finding.cell) == key(cell)}
        power.concerned.update(checks)
        own = {finding.check for finding in after.inconsistent if key(finding.cell) == key(cell)}
        power.caught.update(own & checks)
        power.elsewhere.update({finding.check for finding in after.inconsistent} - own)
        if after.inconsistent:
            power.found[cell.column] += 1
        elif not checks and not _used(before, after):
            power.missed["no check uses the cell"] += 1
        else:
            power.missed["the changed number is possible too"] += 1
    return power


def _used(before: Review, after: Review) -> bool:
    """Whether a change moved anything that was recomputed, so that some check reads the cell."""
    return [f.recomputed for f in before.findings] != [f.recomputed for f in after.findings]
