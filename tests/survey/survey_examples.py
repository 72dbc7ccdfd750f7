"""A small survey for the tests: two constructs of three items, a gender, an age, two communes."""

from __future__ import annotations

import pandas as pd
from analysis.survey.codebook import Codebook, parse_codebook
from analysis.survey.ingest import RawTable
from analysis.survey.screening import ScreeningRule

CODEBOOK = """\
study: small
scales:
  agreement:
    1: {fr: "Pas du tout d'accord", en: Strongly disagree}
    2: {fr: "Plutôt pas d'accord", en: Disagree}
    3: {fr: "Ni l'un ni l'autre", en: Neither, also: ["ni d’accord ni pas d’accord"]}
    4: {fr: "Plutôt d'accord", en: Agree}
    5: {fr: "Tout à fait d'accord", en: Strongly agree}
  gender:
    1: {fr: Femme, en: Woman}
    2: {fr: Homme, en: Man}
  size:
    1: {fr: Petite, en: Small}
    2: {fr: Grande, en: Large}
missing:
  - {code: 9, reason: out of range}
  - {code: 99, reason: no opinion, labels: ["Ne se prononce pas", No opinion]}
constructs:
  trust:
    name: {fr: Confiance, en: Trust}
    definition: {fr: d, en: d}
    source: s
    items: [t1, t2, t3]
  intention:
    name: {fr: Intention, en: Intention}
    definition: {fr: d, en: d}
    source: s
    items: [i1, i2, i3]
items:
  t1: {wording: {fr: w, en: w}, scale: agreement}
  t2: {wording: {fr: w, en: w}, scale: agreement, reversed: true}
  t3: {wording: {fr: w, en: w}, scale: agreement}
  i1: {wording: {fr: w, en: w}, scale: agreement, column: Q_I1}
  i2: {wording: {fr: w, en: w}, scale: agreement}
  i3: {wording: {fr: w, en: w}, scale: agreement, reversed: true}
respondent:
  gender: {name: {fr: Genre, en: Gender}, type: category, scale: gender}
  age: {name: {fr: Âge, en: Age}, type: integer, minimum: 18, maximum: 110}
communes:
  key: commune
  file: raw/communes.csv
  column: Commune
  variables:
    size: {name: {fr: Taille, en: Size}, type: category, scale: size}
    offer: {name: {fr: Offre, en: Offer}, type: number, minimum: -5, maximum: 5}
technical:
  ID: {role: id}
  Courriel: {role: other, identifying: true}
  Statut: {role: status, values: [Test]}
  Consentement: {role: consent, expected: ["Oui"]}
  Contrôle: {role: attention, expected: ["Plutôt d'accord", "4"]}
  Durée: {role: duration}
ignored: [Commentaire]
"""


def codebook() -> Codebook:
    return parse_codebook(CODEBOOK, "codebook.yaml")


def rule(name: str, action: str = "exclude", **limits: float) -> ScreeningRule:
    return ScreeningRule.model_validate({"rule": name, "action": action, **limits})


def responses(**columns: list[object]) -> RawTable:
    """Four good responses of two communes, with the given columns in their place."""
    frame = pd.DataFrame(
        {
            "ID": ["a", "b", "c", "d"],
            "Courriel": ["a@x", "b@x", "c@x", "d@x"],
            "Statut": ["Fini", "Fini", "Fini", "Fini"],
            "Consentement": ["Oui", "oui ", "Oui", "Oui"],
            "Durée": ["300", "310,5", "290", "305"],
            "Commune": ["Aubry", "aubry", "Bréal", "Breal"],
            "gender": ["Femme", "Homme", "2", "Woman"],
            "age": ["30", "41", "99", "62"],
            "t1": ["1", "2", "4", "Tout à fait d’accord"],
            "t2": ["5", "Plutôt pas d'accord", "3", "1"],
            "t3": ["1", "2", "4", "4.0"],
            "Contrôle": ["Plutôt d'accord", "plutot d'accord", "4", "Plutôt d’accord"],
            "Q_I1": ["2", "3", "5", "99"],
            "i2": ["2", "9", "5", "5"],
            "i3": ["4", "4", "1", ""],
            "Commentaire": ["", "rien", "", ""],
        },
        dtype=object,
    )
    return RawTable(frame.assign(**columns), "responses.csv")


def communes(**columns: list[object]) -> RawTable:
    frame = pd.DataFrame(
        {"Commune": ["Aubry", "Bréal"], "size": ["Petite", "2"], "offer": ["-0,5", "1.25"]}, dtype=object
    )
    return RawTable(frame.assign(**columns), "communes.csv")
