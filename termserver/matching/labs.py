"""Laboratory axes: specimen and kind of property, read from Nordic names, units, NPU definitions and LOINC names.

`fP-Gluk` says plasma, `mmol/L` says substance concentration; `Glucose [Moles/volume] in Serum or Plasma` says the same in LOINC's
words. Axes that disagree push a candidate down and are shown.

Sources: NPU terminology (Pure Appl. Chem. 67, 1563, 1995); LOINC Users' Guide, properties; Finnish Kuntaliitto naming rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from termserver.matching.normalise.common import fold

SPECIMENS = (
    "serum or plasma",
    "blood",
    "urine",
    "cerebrospinal fluid",
    "stool",
    "red cells",
    "white cells",
    "capillary blood",
    "arterial blood",
    "pleural fluid",
    "ascites",
    "amniotic fluid",
    "synovial fluid",
    "saliva",
    "bone marrow",
    "semen",
    "patient",
    "secretion or swab",
    "body fluid",
    "dialysis fluid",
    "venous blood",
    "tissue",
    "sputum",
    "milk",
    "hair",
    "cord blood",
)
PROPERTIES = (
    "substance concentration",
    "mass concentration",
    "number concentration",
    "catalytic concentration",
    "arbitrary concentration",
    "fraction",
    "presence",
    "volume",
    "mass",
    "time",
    "susceptibility",
    "titre",
    "entitic",
    "rate",
    "pressure",
    "temperature",
    "substance content",
    "identification",
    "ratio substance",
    "osmolality",
    "velocity",
    "genotype",
)
_PREFIXES = {
    "s": "serum or plasma",
    "p": "serum or plasma",
    "sp": "serum or plasma",
    "fs": "serum or plasma",
    "fp": "serum or plasma",
    "b": "blood",
    "fb": "blood",
    "vb": "venous blood",
    "ab": "arterial blood",
    "cb": "capillary blood",
    "ckb": "capillary blood",
    "u": "urine",
    "du": "urine",
    "nu": "urine",
    "cu": "urine",
    "tu": "urine",
    "pu": "urine",
    "csf": "cerebrospinal fluid",
    "li": "cerebrospinal fluid",
    "cs": "cerebrospinal fluid",
    "sv": "cerebrospinal fluid",
    "f": "stool",
    "df": "stool",
    "e": "red cells",
    "erc": "red cells",
    "fe": "red cells",
    "l": "white cells",
    "lkc": "white cells",
    "pl": "pleural fluid",
    "pf": "pleural fluid",
    "as": "ascites",
    "af": "amniotic fluid",
    "am": "amniotic fluid",
    "sy": "synovial fluid",
    "sf": "synovial fluid",
    "sa": "saliva",
    "spytt": "saliva",
    "bm": "bone marrow",
    "sl": "semen",
    "sem": "semen",
    "pt": "patient",
    "is": "patient",
    "sk": "secretion or swab",
    "ps": "secretion or swab",
    "ns": "secretion or swab",
    "pu ": "secretion or swab",
    "di": "dialysis fluid",
    "dv": "dialysis fluid",
    "ts": "tissue",
    "ex": "sputum",
    "ekspekt": "sputum",
    "ubs": "cord blood",
    "plasma": "serum or plasma",
    "serum": "serum or plasma",
    "blod": "blood",
    "urin": "urine",
    "hår": "hair",
    "kb": "capillary blood",
    "avf": "stool",
    "faeces": "stool",
}
_SPECIMEN_WORDS = (
    ("cerebral spinal fluid", "cerebrospinal fluid"),
    ("cerebrospinal", "cerebrospinal fluid"),
    ("liikvor", "cerebrospinal fluid"),
    ("spinalvaske", "cerebrospinal fluid"),
    ("cord blood", "cord blood"),
    ("capillary blood", "capillary blood"),
    ("arterial blood", "arterial blood"),
    ("venous blood", "venous blood"),
    ("serum, plasma or blood", "serum or plasma"),
    ("serum or plasma", "serum or plasma"),
    ("platelet poor plasma", "serum or plasma"),
    ("in serum", "serum or plasma"),
    ("in plasma", "serum or plasma"),
    ("seerum", "serum or plasma"),
    ("plasmas", "serum or plasma"),
    ("red blood cells", "red cells"),
    ("erythrocytes", "red cells"),
    ("in leukocytes", "white cells"),
    ("in blood", "blood"),
    ("in urine", "urine"),
    ("urine sediment", "urine"),
    ("uriinis", "urine"),
    ("veres", "blood"),
    ("in stool", "stool"),
    ("valjaheites", "stool"),
    ("roojas", "stool"),
    ("pleural fluid", "pleural fluid"),
    ("peritoneal fluid", "ascites"),
    ("amniotic fluid", "amniotic fluid"),
    ("synovial fluid", "synovial fluid"),
    ("saliva", "saliva"),
    ("suljes", "saliva"),
    ("bone marrow", "bone marrow"),
    ("luuudi", "bone marrow"),
    ("semen", "semen"),
    ("in body fluid", "body fluid"),
    ("dialysis fluid", "dialysis fluid"),
    ("in sputum", "sputum"),
    ("rogas", "sputum"),
    ("in tissue", "tissue"),
    ("koes", "tissue"),
    ("breast milk", "milk"),
    ("in hair", "hair"),
)
_PROPERTY_WORDS = (
    ("moles/volume", "substance concentration"),
    ("subst.c.", "substance concentration"),
    ("stoffmengdekons", "substance concentration"),
    ("stofk.", "substance concentration"),
    ("mass/volume", "mass concentration"),
    ("mass c.", "mass concentration"),
    ("massekonsentrasjon", "mass concentration"),
    ("massekonc", "mass concentration"),
    ("massk.", "mass concentration"),
    ("#/volume", "number concentration"),
    ("num.c.", "number concentration"),
    ("antallskonsentrasjon", "number concentration"),
    ("num.k.", "number concentration"),
    ("enzymatic activity/volume", "catalytic concentration"),
    ("cat.c.", "catalytic concentration"),
    ("katalytisk aktivitetskons", "catalytic concentration"),
    ("cat.act.c", "catalytic concentration"),
    ("units/volume", "arbitrary concentration"),
    ("arb.subst.c.", "arbitrary concentration"),
    ("arb.c.", "arbitrary concentration"),
    ("arbitraer", "arbitrary concentration"),
    ("arbitrar", "arbitrary concentration"),
    ("number fraction", "fraction"),
    ("num.fr", "fraction"),
    ("pure mass fraction", "fraction"),
    ("mass fr", "fraction"),
    ("subst.fr", "fraction"),
    ("vol.fr", "fraction"),
    ("fraksjon", "fraction"),
    ("fraktsioon", "fraction"),
    ("volume fraction", "fraction"),
    ("/100 ", "fraction"),
    ("suhtarv", "fraction"),
    ("presence", "presence"),
    ("susceptibility", "susceptibility"),
    ("resistens", "susceptibility"),
    ("titer", "titre"),
    ("[volume]", "volume"),
    ("entitic", "entitic"),
    ("entit", "entitic"),
    ("moles/time", "rate"),
    ("mass/time", "rate"),
    ("subst.rate", "rate"),
    ("mass rate", "rate"),
    ("volume rate", "rate"),
    ("[time]", "time"),
    ("time]", "time"),
    ("mass/mass", "mass"),
    ("moles/mass", "substance content"),
    ("subst.cont", "substance content"),
    ("identified", "identification"),
    ("taxon", "identification"),
    ("moles/moles", "ratio substance"),
    ("subst.ratio", "ratio substance"),
    ("osmolality", "osmolality"),
    ("molal", "osmolality"),
    ("velocity", "velocity"),
    ("temperature", "temperature"),
    ("partial pressure", "pressure"),
    ("pressure", "pressure"),
    ("genotype", "genotype"),
    ("sequence variation", "genotype"),
)
_UNITS = (
    (r"[munpf]?mol/l|[uµμ]mol/l", "substance concentration"),
    (r"([mnpu]|µ|μ)?g/(m|d|u|µ)?l", "mass concentration"),
    (r"(10\*|e|x ?10\^?|10e)\d+ ?/l|/[uµ]l|1/ul", "number concentration"),
    (r"[muk]?u/l|[uµμn]?kat/l", "catalytic concentration"),
    (r"(k|m)?(iu|u|ku|au|arb\.? ?u)/m?l|ku/l|aru/l", "arbitrary concentration"),
    (r"%|osuus", "fraction"),
    (r"fl|pg", "entitic"),
    (r"(sek|s|min|h)", "time"),
    (r"[mnup]?mol/(d|24h|vrk|h)|m?g/(d|24h|vrk)|du?|ml/min.*", "rate"),
    (r"[mnup]?mol/mol|mg/mmol|g/mol", "ratio substance"),
    (r"[um]?g/g|[um]?mol/(k?g)", "substance content"),
    (r"mm/h", "velocity"),
    (r"mosm.*", "osmolality"),
    (r"kpa|mmhg", "pressure"),
    (r"titre|titteri|tiitri|tiiter", "titre"),
)
_UNIT_PATTERNS = tuple((re.compile(pattern), kind) for pattern, kind in _UNITS)
_PREFIX = re.compile(r"^\s*([A-Za-zåÅ]{1,8})\s?[-—–]")
_NPU_UNIT = re.compile(r"=\s*\?\s*(.*)$")
_LOINC_KIND = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True, slots=True)
class LabAxes:
    """Position in `SPECIMENS` and in `PROPERTIES`, each plus one; 0 where the text does not say."""

    specimen: int = 0
    property: int = 0


def axes_of_row(term: str, context: Mapping[str, str]) -> LabAxes:
    """Axes of a source term with its context (unit, specimen, property columns in any language).

    >>> axes = axes_of_row("fP-Gluk", {"unit": "mmol/l"})
    >>> SPECIMENS[axes.specimen - 1], PROPERTIES[axes.property - 1]
    ('serum or plasma', 'substance concentration')
    """
    axes = axes_of_name(term)
    specimen, kind = axes.specimen, axes.property
    for column, value in context.items():
        is_unit = "unit" in column.lower() or "enh" in column.lower() or "yksik" in column.lower()
        from_unit = property_of_unit(value)
        if from_unit and (is_unit or not kind):
            kind = kind if kind and not is_unit else from_unit
        words = axes_of_name(value)
        kind = words.property or kind
        specimen = specimen or words.specimen or _prefix_specimen(value)
    return LabAxes(specimen, kind)


@lru_cache(maxsize=4_000)
def axes_of_name(name: str) -> LabAxes:
    """Axes of one name; zeros for a name that is not a laboratory's.

    >>> axes = axes_of_name("P—Glucose; subst.c. = ? mmol/L")
    >>> SPECIMENS[axes.specimen - 1], PROPERTIES[axes.property - 1]
    ('serum or plasma', 'substance concentration')
    """
    found = _PREFIX.match(name)
    specimen = _prefix_specimen(found[1]) if found else 0
    text = " " + fold(name) + " "
    if not specimen:
        specimen = next((SPECIMENS.index(value) + 1 for words, value in _SPECIMEN_WORDS if words in text), 0)
    bracket = _LOINC_KIND.search(text)
    kind = _property_of_words(bracket[0] if bracket else text)
    if not kind:
        unit = _NPU_UNIT.search(text)
        kind = property_of_unit(unit[1]) if unit else 0
    return LabAxes(specimen, kind)


def property_of_unit(unit: str) -> int:
    """Position in `PROPERTIES` plus one of the property a unit implies; 0 if it implies none.

    >>> PROPERTIES[property_of_unit("10*9/L") - 1]
    'number concentration'
    """
    text = fold(unit).strip()
    if not text or len(text) > 20:
        return 0
    return next((PROPERTIES.index(kind) + 1 for pattern, kind in _UNIT_PATTERNS if pattern.fullmatch(text)), 0)


def _property_of_words(text: str) -> int:
    return next((PROPERTIES.index(kind) + 1 for words, kind in _PROPERTY_WORDS if words in text), 0)


def _prefix_specimen(prefix: str) -> int:
    value = _PREFIXES.get(prefix.lower().strip())
    return SPECIMENS.index(value) + 1 if value else 0
