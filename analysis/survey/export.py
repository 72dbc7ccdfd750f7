"""Write responses into files as a French survey platform exports them: labels, times, typing habits.

Semicolons, Windows-1252, CRLF line ends, decimal commas; the bytes depend on the arguments alone. All names
and communes are invented; network addresses are from the blocks kept for documentation (RFC 5737), mail
addresses from example.org (RFC 2606).
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Literal

import numpy as np

from analysis.survey.codebook import Codebook, Role, header_of

ENCODING = "cp1252"
OPENED = datetime(2024, 3, 4)
DAYS_OPEN = 28
FIRST_NUMBER = 41000

# Shares of cells typed or exported otherwise than the codebook spells them, and of responses with a comment.
MISSPELT = 0.012
COMMENTED = 0.07
NAMED = 0.4

AGREED = {"fr": "Oui, j'accepte de participer", "en": "Yes, I agree to take part"}
REFUSED = {"fr": "Non, je ne souhaite pas participer", "en": "No, I do not wish to take part"}
DEVICES = ("Ordinateur", "Téléphone", "Tablette")
OLD_APPLICATION = "Application (ancienne version)"
FIRST_NAMES = ("Aurèle", "Bérénice", "Côme", "Éloïse", "Gaëtan", "Inès", "Loïc", "Maëlle", "Noé", "Solène")
LAST_NAMES = ("Fablier", "Mirageot", "Songeval", "Contenoir", "Chimérac", "Légendre-Modèle", "Rêvaux")
NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
COMMENTS = (
    "Merci pour cette enquête.",
    "Questionnaire un peu long ; sinon très clair.",
    "Je ne sais pas bien ce qu'est une « ville intelligente ».",
    'On nous a déjà promis "une ville à l\'écoute"...',
    "Et les transports ?\nPersonne n'en parle.",
    "À quand des réunions le soir ?",
)
COMMUNE_HEADS = ("Valmire", "Orbelle", "Tressac", "Noirlande", "Fontelune", "Brivonne", "Candrelle")
COMMUNE_TAILS = ("sur-Fable", "les-Chimères", "en-Songe", "le-Conte", "sous-Mirage", "la-Légende", "l'Étoilée")

Language = Literal["fr", "en"]
LANGUAGES: Sequence[Language] = ("fr", "en")  # the order of the labels of missing codes


@dataclass(frozen=True, slots=True)
class Profile:
    """A respondent's own characteristics, as codes; None where not given."""

    age: int
    gender: int | None
    education: int
    years_in_commune: int
    digital_ease: int


@dataclass(frozen=True, slots=True)
class Response:
    """One response as it was given. ``answers`` are codes in the order of the questionnaire, None left blank.

    ``person`` is the seed of what the same person would give again: name, device, comment.
    """

    answers: tuple[int | None, ...]
    commune: int | None
    profile: Profile | None
    seconds: int
    person: int
    language: Language = "fr"
    coded: bool = False
    consent: bool = True
    attention: int | None = 5
    status: str = "Terminé"
    progress: int = 100
    comment: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune: size class (code), online services score in tenths, governance (code), offer (z score)."""

    size_class: int
    online_tenths: int
    governance: int
    offer: float


@dataclass(frozen=True, slots=True)
class Export:
    """The two files of an export, byte for byte."""

    responses: bytes
    communes: bytes


def write_export(
    responses: Sequence[Response], communes: Sequence[Commune], codebook: Codebook, rng: np.random.Generator
) -> Export:
    """Both files. ``rng`` draws what the platform and the typist add: times, devices, names, stray spaces."""
    starts = sorted(_start(rng) for _ in responses)
    rows = [_row(r, start, codebook, rng) for r, start in zip(responses, starts, strict=True)]
    return Export(export_bytes(rows), export_bytes(_commune_rows(communes, codebook)))


def export_bytes(rows: Iterable[Mapping[str, str]]) -> bytes:
    """A table of equal rows as the bytes of a file; the first row gives the order of the columns."""
    table = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue().encode(ENCODING)


def _start(rng: np.random.Generator) -> datetime:
    """A moment between 7 and 23 o'clock on one of the days on which the survey was open."""
    day, second = int(rng.integers(0, DAYS_OPEN)), int(rng.integers(7 * 3600, 23 * 3600))
    return OPENED + timedelta(days=day, seconds=second)


def _row(response: Response, start: datetime, codebook: Codebook, rng: np.random.Generator) -> dict[str, str]:
    """All cells of a response, in the order of the columns."""
    own = np.random.Generator(np.random.PCG64(response.person))
    personal = _personal_cells(response, own)
    commune = "" if response.commune is None else _commune_code(response.commune)
    if rng.random() < MISSPELT:
        commune = f" {commune.lower()} " if commune else commune
    return {
        **_platform_cells(response, start, codebook),
        **personal,
        _header("consent", codebook): (AGREED if response.consent else REFUSED)[response.language],
        codebook.commune_column: commune,
        **_answer_cells(response, codebook, rng),
        **_profile_cells(response, codebook, rng),
        "Commentaire": response.comment or _comment(response, own),
    }


def _header(role: Role, codebook: Codebook) -> str:
    return codebook.with_role(role)[0]


def _platform_cells(response: Response, start: datetime, codebook: Codebook) -> dict[str, str]:
    end = start + timedelta(seconds=response.seconds)
    cells: dict[Role, str] = {
        "id": str(FIRST_NUMBER + 3 * response.number),
        "status": response.status,
        "start": f"{start:%d/%m/%Y %H:%M:%S}",
        "end": f"{end:%d/%m/%Y %H:%M:%S}",
        "duration": str(response.seconds),
        "progress": str(response.progress),
    }
    return {_header(role, codebook): cell for role, cell in cells.items()}


def _personal_cells(response: Response, rng: np.random.Generator) -> dict[str, str]:
    """Device, and address and name, which must never leave the raw file."""
    device = OLD_APPLICATION if response.coded else _pick(DEVICES, rng)
    address = f"{_pick(NETWORKS, rng)}.{int(rng.integers(1, 255))}"
    first, last = _pick(FIRST_NAMES, rng), _pick(LAST_NAMES, rng)
    named = rng.random() < NAMED and response.profile is not None
    mail = f"{_unaccented(first)}.{_unaccented(last)}{int(rng.integers(1, 1000))}@example.org".lower()
    return {
        "Appareil": device,
        "Adresse IP": address,
        "Nom": f"{first} {last}" if named else "",
        "Courriel": mail if named else "",
    }


def _answer_cells(response: Response, codebook: Codebook, rng: np.random.Generator) -> dict[str, str]:
    """Answers in the order of the questionnaire, the attention check in the middle."""
    cells: dict[str, str] = {}
    items = list(codebook.items.items())
    for position, (entry, code) in enumerate(zip((entry for _, entry in items), response.answers, strict=True)):
        if position == len(items) // 2:
            cells[_header("attention", codebook)] = _answer(response.attention, entry.scale, response, codebook)
        cells[header_of(items[position][0], entry)] = _typed(_answer(code, entry.scale, response, codebook), rng)
    return cells


def _profile_cells(response: Response, codebook: Codebook, rng: np.random.Generator) -> dict[str, str]:
    """Respondent variables; a category that the respondent declined to give has a label of its own."""
    profile = response.profile
    cells: dict[str, str] = {}
    for name, variable in codebook.respondent.items():
        code = None if profile is None else getattr(profile, name)
        if profile is None or variable.scale is None:
            cell = "" if code is None else str(code)
        elif code is None:
            cell = _declined(response.language, codebook)
        else:
            cell = _typed(_answer(code, variable.scale, response, codebook), rng)
        cells[header_of(name, variable)] = cell
    return cells


def _declined(language: Language, codebook: Codebook) -> str:
    labels = next(entry.labels for entry in codebook.missing if entry.reason == "declined")
    return labels[LANGUAGES.index(language)]


def _answer(code: int | None, scale: str, response: Response, codebook: Codebook) -> str:
    """A code as the platform writes it: as it is, or by the label of the questionnaire's language."""
    if code is None or response.coded:
        return "" if code is None else str(code)
    if code in codebook.scales[scale]:
        return str(getattr(codebook.scales[scale][code], response.language))
    labels = next(entry.labels for entry in codebook.missing if entry.code == code)
    return labels[LANGUAGES.index(response.language)]


def _typed(label: str, rng: np.random.Generator) -> str:
    """The label, rarely with a stray space, without accents, in capitals or with a typographic apostrophe."""
    chance, habit = rng.random(), int(rng.integers(0, len(HABITS)))
    return HABITS[habit](label) if chance < MISSPELT else label


def _unaccented(text: str) -> str:
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


HABITS: Sequence[Callable[[str], str]] = (
    lambda label: f"{label} ",
    lambda label: f"  {label}",
    lambda label: label.replace(" ", "  ", 1),
    lambda label: label.replace(" ", "\u00a0"),
    lambda label: label.replace("'", "\u2019"),
    str.upper,
    _unaccented,
)


def _comment(response: Response, rng: np.random.Generator) -> str:
    chance, comment = rng.random(), _pick(COMMENTS, rng)
    return comment if chance < COMMENTED and response.status == "Terminé" else ""


def _pick(choices: Sequence[str], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(0, len(choices)))]


def _commune_code(position: int) -> str:
    return f"X{position + 1:02d}"


def _commune_rows(communes: Sequence[Commune], codebook: Codebook) -> list[dict[str, str]]:
    variables = codebook.communes.variables
    names = [f"{head}-{tail}" for tail, head in product(COMMUNE_TAILS, COMMUNE_HEADS)]
    rows = []
    for position, commune in enumerate(communes):
        cells = {
            "commune_name": names[position],
            "size_class": codebook.scales["size"][commune.size_class].fr,
            "online_services": f"{commune.online_tenths // 10},{commune.online_tenths % 10}",
            "governance": codebook.scales["governance"][commune.governance].fr,
            "offer": f"{commune.offer:.2f}".replace(".", ","),
        }
        row = {codebook.commune_column: _commune_code(position)}
        rows.append(row | {header_of(name, variables[name]): cell for name, cell in cells.items()})
    return rows
