"""Laboratory axes: analyte, specimen, property, timing, method, read from Nordic names, units, NPU definitions, LOINC names.

`fP-Gluk` says plasma, `mmol/L` says substance concentration; `Glucose [Moles/volume] in Serum or Plasma` says the same in LOINC's
words. Axes that disagree push a candidate down and are shown.

Sources: NPU terminology (Pure Appl. Chem. 67, 1563, 1995); LOINC Users' Guide, properties; Finnish Kuntaliitto naming rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from termserver.matching.lab_words import (
    METHOD_WORDS,
    METHODS,
    PREFIXES,
    PROPERTIES,
    PROPERTY_WORDS,
    SPECIMEN_CELLS,
    SPECIMEN_WORDS,
    SPECIMENS,
    TIMING_WORDS,
    TIMINGS,
    UNITS,
)
from termserver.matching.normalise.common import fold
from termserver.matching.units import is_unit_column

__all__ = [
    "METHODS",
    "PROPERTIES",
    "SCALES",
    "SPECIMENS",
    "TIMINGS",
    "LabAxes",
    "analyte_of",
    "axes_of_name",
    "axes_of_row",
    "property_of_unit",
    "scale_of_name",
    "scale_of_row",
    "without_prefix",
]

_UNIT_PATTERNS = tuple((re.compile(pattern), kind) for pattern, kind in UNITS)
_TIMING_PATTERNS = tuple((re.compile(pattern), kind) for pattern, kind in TIMING_WORDS)
_METHOD_PATTERNS = tuple((re.compile(pattern), kind) for pattern, kind in METHOD_WORDS)
# not the letter of a vitamin, a hepatitis, a cell line: "E-vitamiini", "B-hepatiidi viirus", "B-soluja"
_PREFIX = re.compile(
    r"^\s*([A-Za-zåÅ]{1,8})(\([A-Za-z]{1,4}\))?\s?[-—–]"
    r"(?!\s?(vitam|vítam|hepat|lifrar|gripp|gripi|influen|inflúen|strepto|rakk|rakud|raku|solu|sellu|cell|lümf|lymfocyt|lymfosyt"
    r"|tüü|typ|tyyp|antig|antik|anticu|vaktsi|viirus|virus|vírus|alleel|allel|kromos|liit|bundet|bund|nut|rea[ck]tiiv|reaktiv))"
)
_NPU_UNIT = re.compile(r"=\s*\?\s*(.*)$")
_LOINC_KIND = re.compile(r"\[([^\]]+)\]")
_LOINC_FRACTION = re.compile(r"^ [^\[\]]+/[^\[\]]+ (in|of) ")
_LOINC_SYSTEMS = (
    "serum plasma blood urine stool body specimen cerebral platelet red tissue bone saliva semen synovial pleural peritoneal"
    " amniotic cord isolate sputum capillary arterial venous mixed unspecified genital vaginal throat nose eye hair dried"
)
_LOINC_TAIL = re.compile(
    rf"\s*(\[[^\]]*\].*| in ({_LOINC_SYSTEMS.replace(' ', '|')})\b.*| of (blood|urine|serum)\b.*| by [a-z].*)$",
    re.IGNORECASE,
)
SCALES = ("quantitative", "ordinal", "nominal", "narrative")
_SCALE_PATTERNS = (
    re.compile(r"\b(kvantitatiiv\w*|kvantitativ\w*|kiekybin\w*|magnbund\w*|maaritys|quantitative)\b"),
    re.compile(r"(\[presence\]|\bordinal\b|\bkvalitatiiv|\bkvalitativ|\blaadullinen|\bkokybin|\bqualitative)"),
    re.compile(r"(\[identifier\]|\[type\]|\bnominal\b|\btaxon\b)"),
    re.compile(r"\bnarrative\b"),
)
_MEASURED = frozenset(PROPERTIES) - {
    "presence",
    "susceptibility",
    "identification",
    "genotype",
    "arbitrary concentration",
}
_NPU_TAIL = re.compile(r";.*$")
# "seerumis/plasmas", "i serum", "virtsasta", "asinīs": where the specimen stands behind what is measured
_LOCAL_TAIL = re.compile(
    r"\s+((arteriaalses|venoosses|ööpäevases|täpsustamata)\s+)?("
    r"seerumis|plasmas|\w*veres|\w*uriinis|liikvoris|roojas|väljaheites|spermas|luuüdis|\w*vedelikus|süljes|rögas|vereplekist"
    r"|seerumista|plasmasta|\w*verestä|virtsasta|ulosteesta|likvorista|aivo-selkäydinnesteestä"
    r"|serumā|plazmā|\w*asinīs|urīnā|likvorā|fēcēs|izkārnījumos"
    r"|serume|plazmoje|\w*kraujyje|šlapime|likvore|išmatose"
    r"|[ií] (serum|plasma|(kapillär|venøst |arteriellt |arterielt |ven|artär)?blod|urin|likvor|csv|csf|feces|fæces|avføring"
    r"|avföring|faeces|sermi|blóði|þvagi|mænuvökva|hægðum)"
    r")\b.*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class LabAxes:
    """What a laboratory name says beside its analyte.

    Parameters
    ----------
    specimen, property, timing
        Position in `SPECIMENS`, `PROPERTIES`, `TIMINGS`, each plus one; 0 where the text does not say.
    method
        Bits of `METHODS`.
    """

    specimen: int = 0
    property: int = 0
    timing: int = 0
    method: int = 0


def axes_of_row(term: str, context: Mapping[str, str]) -> LabAxes:
    """Axes of a source term with its context (unit, specimen, property columns in any language).

    >>> axes = axes_of_row("fP-Gluk", {"unit": "mmol/l"})
    >>> SPECIMENS[axes.specimen - 1], PROPERTIES[axes.property - 1], TIMINGS[axes.timing - 1]
    ('serum or plasma', 'substance concentration', 'fasting')
    """
    axes = axes_of_name(term)
    specimen, kind, timing, method = axes.specimen, axes.property, axes.timing, axes.method
    for column, value in context.items():
        is_unit = is_unit_column(column)
        from_unit = property_of_unit(value)
        if from_unit and (is_unit or not kind):
            kind = kind if kind and not is_unit else from_unit
        words = axes_of_name(value)
        kind = words.property or kind
        specimen = specimen or words.specimen or _specimen_of_cell(value)
        timing, method = timing or words.timing, method | words.method
    return LabAxes(specimen, kind, timing, method)


@lru_cache(maxsize=4_000)
def axes_of_name(name: str) -> LabAxes:
    """Axes of one name; zeros for a name that is not a laboratory's.

    >>> axes = axes_of_name("P—Glucose; subst.c. = ? mmol/L")
    >>> SPECIMENS[axes.specimen - 1], PROPERTIES[axes.property - 1]
    ('serum or plasma', 'substance concentration')
    >>> PROPERTIES[axes_of_name("Neutrophils/Leukocytes in Blood").property - 1]
    'fraction'
    """
    found = _PREFIX.match(name)
    specimen = _prefix_specimen(found[1]) if found else 0
    text = " " + fold(name) + " "
    if not specimen:
        specimen = next((SPECIMENS.index(value) + 1 for words, value in SPECIMEN_WORDS if words in text), 0)
    bracket = _LOINC_KIND.search(text)
    kind = _property_of_words(bracket[0] if bracket else text)
    if not kind and not bracket and specimen and _LOINC_FRACTION.match(text):
        kind = PROPERTIES.index("fraction") + 1
    if not kind:
        unit = _NPU_UNIT.search(text)
        kind = property_of_unit(unit[1]) if unit else 0
    timing = _prefix_timing(found[1]) if found and specimen else 0
    if not timing:
        timing = next((TIMINGS.index(value) + 1 for pattern, value in _TIMING_PATTERNS if pattern.search(text)), 0)
    method = sum({1 << METHODS.index(value) for pattern, value in _METHOD_PATTERNS if pattern.search(text)})
    return LabAxes(specimen, kind, timing, method)


def analyte_of(name: str) -> str:
    """What is measured, without specimen, property, unit and method; another name is returned as it is.

    >>> analyte_of("fP-Glukos"), analyte_of("P—Glucose; subst.c. = ? mmol/L")
    ('Glukos', 'Glucose')
    >>> analyte_of("Glucose [Moles/volume] in Serum or Plasma"), analyte_of("Akut bronkit")
    ('Glucose', 'Akut bronkit')
    >>> analyte_of("Odravastane IgE seerumis/plasmas"), analyte_of("Natrium i urin")
    ('Odravastane IgE', 'Natrium')
    """
    rest = without_prefix(name)
    if rest != name:
        return _NPU_TAIL.sub("", rest).strip() or rest
    local = _LOCAL_TAIL.sub("", name).strip()
    if local and local != name:
        return local
    if axes_of_name(name).specimen or _LOINC_KIND.search(name):
        return _LOINC_TAIL.sub("", name).strip() or name
    return name


@lru_cache(maxsize=20_000)
def scale_of_name(name: str) -> int:
    """Position in `SCALES` plus one of what a name says of its results: LOINC's scale axis; 0 where it does not say.

    >>> [SCALES[scale_of_name(name) - 1] for name in ("Glucose [Presence] in Urine", "P—Glucose; subst.c. = ? mmol/L")]
    ['ordinal', 'quantitative']
    >>> SCALES[scale_of_name("CRP, kvalitatiivne") - 1], scale_of_name("Glukos")
    ('ordinal', 0)
    """
    text = fold(name)
    for position, pattern in enumerate(_SCALE_PATTERNS, start=1):
        if pattern.search(text):
            return position
    kind = axes_of_name(name).property
    return SCALES.index("quantitative") + 1 if kind and PROPERTIES[kind - 1] in _MEASURED else 0


def scale_of_row(term: str, axes: LabAxes, context: Mapping[str, str]) -> int:
    """The scale of a row: what its name or context says; a unit that implies a measured property is quantitative.

    >>> SCALES[scale_of_row("S-Ferrit", axes_of_row("S-Ferrit", {"unit": "ug/L"}), {"unit": "ug/L"}) - 1]
    'quantitative'
    """
    said = scale_of_name(term) or next((found for value in context.values() if (found := scale_of_name(value))), 0)
    if said:
        return said
    return SCALES.index("quantitative") + 1 if axes.property and PROPERTIES[axes.property - 1] in _MEASURED else 0


def without_prefix(name: str) -> str:
    """A laboratory name without the specimen in front; other names as they are.

    >>> without_prefix("B -Lymfosyytit"), without_prefix("E-vitamiini"), without_prefix("fP-Gluk")
    ('Lymfosyytit', 'E-vitamiini', 'Gluk')
    """
    found = _PREFIX.match(name)
    return name[found.end() :].strip() or name if found and _prefix_specimen(found[1]) else name


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
    return next((PROPERTIES.index(kind) + 1 for words, kind in PROPERTY_WORDS if words in text), 0)


def _prefix_specimen(prefix: str) -> int:
    value = PREFIXES.get(prefix.lower().strip())
    return SPECIMENS.index(value) + 1 if value else 0


def _prefix_timing(prefix: str) -> int:
    """`fP` is fasting, `dU` a day's urine: a small letter before the specimen's capital."""
    if len(prefix) < 2 or not prefix[1].isupper():
        return 0
    return {"f": TIMINGS.index("fasting") + 1, "d": TIMINGS.index("24 hours") + 1}.get(prefix[0], 0)


def _specimen_of_cell(cell: str) -> int:
    value = SPECIMEN_CELLS.get(fold(cell))
    return SPECIMENS.index(value) + 1 if value else _prefix_specimen(cell)
