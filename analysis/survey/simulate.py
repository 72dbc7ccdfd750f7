"""Simulate the raw export of the smartcity survey: honest responses, and those that screening must find.

Answers come from the population model (``population.draw_answers``). The number of honest responses is fixed
in advance, and every other response is made to fail one declared screening rule: nothing is trimmed
afterwards. How a platform writes it all into files is the matter of ``export``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.survey.codebook import Codebook
from analysis.survey.export import Commune, Export, Language, Profile, Response, write_export
from analysis.survey.population import PopulationParameter, draw_answers

__all__ = ["Export", "PopulationParameter", "simulate"]

HONEST = 604
COMMUNES = 45
SMALLEST_COMMUNE = 2

# Responses that fail a screening rule, by rule, in the order in which they are made.
PLANTED: Mapping[str, int] = {
    "test_rows": 6,
    "consent": 15,
    "commune": 5,
    "completion": 46,
    "duplicates": 12,
    "speed": 24,
    "attention": 31,
    "long_string": 17,
}

# Honest people leave one to five of the 26 items without an answer: about 1.4 % of all answers.
SKIPPERS = 74
MOST_SKIPPED = 5
NO_OPINION = 99
IMPOSSIBLE_AGES = 3
IMPOSSIBLE_AGE = 999

# Shares of responses in English, and from an old application that sends codes and, at times, one on no scale.
ENGLISH = 0.02
CODED = 0.06
KEYED_WRONG = 0.35
OUT_OF_RANGE = (0, 8, 9)

# Size classes of communes, small to large: how many there are, and how strongly each draws respondents.
SIZE_CLASSES = ((23, 1.0), (14, 4.0), (8, 13.0))
DIPLOMAS = (0.10, 0.28, 0.47, 0.63, 0.82, 1.0)  # cumulative shares
GENDERS = (0.52, 0.985, 0.992)  # cumulative shares; the rest decline

Spoil = Callable[[Response, np.random.Generator], Response]


def simulate(parameters: Iterable[PopulationParameter], codebook: Codebook, seed: int) -> Export:
    """The raw export of the survey: two files as bytes, the same for the same seed on every platform.

    Raises SpecificationError when the population says too little of an item of the codebook.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    size_class = _size_classes(rng)
    n_drawn = HONEST + sum(PLANTED.values()) - PLANTED["duplicates"]
    commune_of = _communes_of(size_class, n_drawn, rng)
    ranges = {item: codebook.code_range(item) for item in codebook.items}
    draw = draw_answers(parameters, ranges, commune_of, COMMUNES, rng)
    clicked = _as_clicked(draw.codes, codebook)
    drawn = [_response(answers, int(c), rng) for answers, c in zip(clicked, commune_of, strict=True)]
    honest = _with_gaps(drawn[:HONEST], rng)
    responses = _in_order(honest, list(_planted(drawn[HONEST:], rng)), rng)
    communes = [
        _commune(int(kind), float(offer), rng) for kind, offer in zip(size_class, draw.context["offer"], strict=True)
    ]
    return write_export(responses, communes, codebook, rng)


def _size_classes(rng: np.random.Generator) -> NDArray[np.int64]:
    """Size class (1 to 3) of each commune, in random order."""
    counts = [count for count, _ in SIZE_CLASSES]
    return rng.permutation(np.repeat(np.arange(1, len(counts) + 1), counts))


def _communes_of(size_class: NDArray[np.int64], n_drawn: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Position of the commune of each response; the first ones, all honest, give each its smallest size."""
    strength = np.array([weight for _, weight in SIZE_CLASSES])[size_class - 1]
    steps = np.add.accumulate(strength * (0.3 + 1.4 * rng.random(len(size_class))))
    sure = np.repeat(np.arange(len(size_class)), SMALLEST_COMMUNE)
    others = np.searchsorted(steps, rng.random(n_drawn - len(sure)) * steps[-1], side="right")
    return np.concatenate([sure, others])


def _as_clicked(codes: Mapping[str, NDArray[np.int64]], codebook: Codebook) -> list[list[int]]:
    """Answers as given, respondents by items: reversed items in the direction of their wording."""
    columns = []
    for item, entry in codebook.items.items():
        low, high = codebook.code_range(item)
        columns.append(low + high - codes[item] if entry.reversed else codes[item])
    answers: list[list[int]] = np.column_stack(columns).tolist()
    return answers


def _commune(size_class: int, offer: float, rng: np.random.Generator) -> Commune:
    tenths = 150 * size_class + int(rng.integers(0, 400))
    return Commune(size_class, tenths, int(rng.integers(1, 4)), offer)


def _response(answers: Sequence[int], commune: int, rng: np.random.Generator) -> Response:
    """An honest and complete response: attentive, unhurried, by a resident who agreed to take part."""
    seconds = 240 + int(rng.integers(0, 200, size=3).sum())
    if rng.random() < 0.03:  # the page stayed open over lunch, or overnight
        seconds += int(rng.integers(1800, 60000))
    coded = rng.random() < CODED
    language: Language = "en" if rng.random() < ENGLISH and not coded else "fr"
    person = int(rng.integers(0, 2**40))
    return Response(tuple(answers), commune, _profile(rng), seconds, person, language, coded)


def _profile(rng: np.random.Generator) -> Profile:
    age = 18 + int(rng.integers(0, 38)) + int(rng.integers(0, 37))
    gender = int(np.searchsorted(GENDERS, rng.random(), side="right")) + 1
    education = int(np.searchsorted(DIPLOMAS, rng.random(), side="right")) + 1
    years = int(rng.integers(0, age + 1, size=2).min())
    ease = min(10, max(0, 7 - (age - 50) // 15 + int(rng.integers(-3, 4))))
    return Profile(age, gender if gender <= len(GENDERS) else None, education, years, ease)


def _with_gaps(honest: Sequence[Response], rng: np.random.Generator) -> list[Response]:
    """The same responses with the gaps that honest people leave and the codes that an application garbles."""
    order = rng.permutation(len(honest)).tolist()
    skippers, impossible = set(order[:SKIPPERS]), set(order[-IMPOSSIBLE_AGES:])
    with_gaps = []
    for position, response in enumerate(honest):
        changed = response
        if position in skippers:
            changed = _skip(response, rng)
        elif response.coded and rng.random() < KEYED_WRONG:
            changed = _garble(response, rng)
        if position in impossible and changed.profile is not None:
            changed = replace(changed, profile=replace(changed.profile, age=IMPOSSIBLE_AGE))
        with_gaps.append(changed)
    return with_gaps


def _skip(response: Response, rng: np.random.Generator) -> Response:
    answers = list(response.answers)
    how_many = int(rng.integers(1, MOST_SKIPPED + 1))
    for item in rng.permutation(len(answers))[:how_many].tolist():
        answers[item] = NO_OPINION if rng.random() < 0.4 else None
    return replace(response, answers=tuple(answers))


def _garble(response: Response, rng: np.random.Generator) -> Response:
    answers = list(response.answers)
    answers[int(rng.integers(0, len(answers)))] = OUT_OF_RANGE[int(rng.integers(0, len(OUT_OF_RANGE)))]
    return replace(response, answers=tuple(answers))


def _planted(spare: Sequence[Response], rng: np.random.Generator) -> Iterator[Response]:
    """Responses that each fail one rule; duplicates come later, when the honest responses are in order."""
    sources = iter(spare)
    for rule, spoil in SPOILERS.items():
        for _ in range(PLANTED[rule]):
            yield spoil(next(sources), rng)


def _test_row(response: Response, rng: np.random.Generator) -> Response:
    status = ("Aperçu", "Test")[int(rng.integers(0, 2))]
    return replace(response, status=status, seconds=int(rng.integers(15, 400)), comment="test, à supprimer")


def _refusal(response: Response, rng: np.random.Generator) -> Response:
    """The survey ends for those who do not agree to take part."""
    nothing = (None,) * len(response.answers)
    seconds = int(rng.integers(5, 45))
    return replace(
        response, answers=nothing, commune=None, profile=None, seconds=seconds, consent=False,
        attention=None, status="Sorti", progress=4,
    )  # fmt: skip


def _without_commune(response: Response, _rng: np.random.Generator) -> Response:
    return replace(response, commune=None)


def _broken_off(response: Response, rng: np.random.Generator) -> Response:
    """The first items alone, fewer than three quarters, and none of the questions that come after."""
    total = len(response.answers)
    answered = int(rng.integers(0, 3 * total // 4))
    answers = (*response.answers[:answered], *[None] * (total - answered))
    seconds = 40 + 9 * answered + int(rng.integers(0, 60))
    progress = 8 + 85 * answered // total
    return replace(
        response, answers=answers, profile=None, seconds=seconds, attention=None, status="Partiel",
        progress=progress,
    )  # fmt: skip


def _hurried(response: Response, rng: np.random.Generator) -> Response:
    return replace(response, seconds=int(rng.integers(38, 118)))


def _inattentive(response: Response, rng: np.random.Generator) -> Response:
    return replace(response, attention=(1, 2, 3, 4, 6, 7, None)[int(rng.integers(0, 7))])


def _straight_liner(response: Response, rng: np.random.Generator) -> Response:
    """One answer to more than half of the items in a row, reversed ones included."""
    total = len(response.answers)
    length = int(rng.integers(total // 2 + 2, total + 1))
    start = int(rng.integers(0, total - length + 1))
    answers = list(response.answers)
    answers[start : start + length] = [int(rng.integers(1, 8))] * length
    return replace(response, answers=tuple(answers))


SPOILERS: Mapping[str, Spoil] = {
    "test_rows": _test_row,
    "consent": _refusal,
    "commune": _without_commune,
    "completion": _broken_off,
    "speed": _hurried,
    "attention": _inattentive,
    "long_string": _straight_liner,
}


def _in_order(honest: Sequence[Response], planted: Sequence[Response], rng: np.random.Generator) -> list[Response]:
    """All responses in the order of the export, numbered; each duplicate comes soon after its original.

    Every second duplicate is sent twice under one number, the others are answered anew by the same person.
    """
    everyone = [*honest, *planted]
    places = rng.permutation(len(everyone)).tolist()
    numbered = [(float(place), replace(r, number=place)) for place, r in zip(places, everyone, strict=True)]
    for count, position in enumerate(rng.permutation(len(honest))[: PLANTED["duplicates"]].tolist()):
        place, original = numbered[position]
        later = place + 0.5 + int(rng.integers(0, 4))
        number = original.number if count % 2 else len(everyone) + count
        numbered.append((later, replace(original, number=number, seconds=original.seconds + count)))
    return [response for _, response in sorted(numbered, key=lambda pair: pair[0])]
