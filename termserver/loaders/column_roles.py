"""Guess what each column of an uploaded table means, from its name in nine languages and from its cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

CODE, TERM, LANGUAGE, FREQUENCY, CONTEXT, IGNORE = "code", "term", "language", "frequency", "context", "ignore"

_CODE_ENDINGS = (
    "kod",
    "kode",
    "koden",
    "koodi",
    "kood",
    "kóði",
    "kodi",
    "koder",
    "kods",
    "kodas",
    "code",
    "codeid",
    "kodai",
)
_CODE_WORDS = {
    "ucum",
    "npu",
    "icd",
    "icd10",
    "icpc",
    "sks",
    "ncsp",
    "sctid",
    "conceptid",
    "loinc",
    "atc",
    "nr",
    "nummer",
    "tunnus",
    "tunniste",
    "númer",
    "lykill",
}
_TERM_WORDS = {
    "term", "name", "display", "title", "description", "label", "sourcename", "benämning", "benamning", "klartext",
    "namn", "rubrik", "titel", "text", "betegnelse", "navn", "bruksnavn", "tekst", "tittel", "nimi", "nimike", "nimitys",
    "selite", "nimetus", "heiti", "nafn", "texti", "nosaukums", "pavadinimas", "longname", "analys", "analysnamn",
    "diagnos", "diagnosis", "diagnose", "diagnoosi", "diagnoos", "tutkimus", "uuring", "åtgärd", "procedur", "lýsing",
    "beskrivelse", "beskrivning", "kuvaus", "kirjeldus", "apraksts", "aprašymas", "testname", "longcommonname",
}  # fmt: skip
_FURTHER_TERM_WORDS = {
    "synonym", "synonymer", "synonyms", "synonyymi", "synonyymit", "sünonüüm", "sünonüümid", "samheiti", "sinonīms",
    "sinonīmi", "sinonimas", "sinonimai", "alias", "kortnamn", "kortnavn", "lyhenne", "lühinimetus", "lyhytnimi",
    "shortname", "abbreviation", "förkortning", "forkortelse", "förkortelse", "skammstöfun", "saīsinājums", "santrumpa",
    "pikk", "abbrev", "lyhytnimike", "korttekst", "kortbeteckning",
}  # fmt: skip
_FREQUENCY_WORDS = {
    "frequency", "freq", "count", "counts", "n", "antal", "antall", "förekomst", "forekomst", "frekvens", "hyppighed",
    "hyppighet", "lukumäärä", "lukumaara", "määrä", "esiintyvyys", "esiintymiskerrat", "frekvenssi", "kpl",
    "esinemissagedus", "sagedus", "arv", "kasutuskordi", "fjöldi", "tíðni", "skaits", "biežums", "dažnis", "dažnumas",
    "kiekis", "skaičius", "sourcefrequency", "volym", "volum", "volume", "nrecords", "records", "usage", "bruk",
}  # fmt: skip
_LANGUAGE_WORDS = {"language", "lang", "språk", "sprak", "sprog", "kieli", "keel", "tungumál", "valoda", "kalba"}
_IGNORED_WORDS = {
    "matchscore", "mappingstatus", "equivalence", "statusseton", "statussetby", "mappingtype", "createdby", "createdon",
    "assignedreviewer", "sourceautoassignedconceptids", "lastmodifiedby", "muutja", "lastmodifieddate", "createddate",
    "muudetud", "domainid",
}  # fmt: skip
_LANGUAGE_MARKS = {
    "sv": "sv", "swe": "sv", "svenska": "sv", "ruotsi": "sv", "rootsi": "sv", "långt": "sv",
    "nb": "nb", "no": "nb", "nor": "nb", "norsk": "nb", "nn": "nn", "da": "da", "dk": "da", "dansk": "da",
    "fi": "fi", "fin": "fi", "suomi": "fi", "soome": "fi", "is": "is", "íslenska": "is",
    "et": "et", "est": "et", "eesti": "et", "lv": "lv", "latviešu": "lv", "lt": "lt", "lietuvių": "lt",
    "en": "en", "eng": "en", "english": "en", "engelska": "en", "englanti": "en", "inglise": "en", "engelsk": "en",
    "enska": "en", "la": "la", "lat": "la", "latin": "la", "latina": "la", "ladina": "la", "latinsk": "la",
}  # fmt: skip
_NOT_A_MARK_ALONE = {"no", "is", "en", "da", "la", "lat", "fin", "est", "nor"}
_NOTE_WORDS = {
    "inclusion", "exclusion", "criteria", "definition", "comment", "comments", "note", "notes", "kommentar", "selgitus",
    "huom", "huomautus", "anmärkning", "merknad", "bemærkning", "athugasemd", "piezīmes", "pastabos", "inkluderar",
    "exkluderar",
}  # fmt: skip
# The target of somebody's earlier mapping is no name of the row.
_TARGET_WORDS = {"concept", "target", "omop"}
_DATE_WORDS = {"date", "datum", "dato", "pvm", "kpv", "from", "to", "fra", "til", "valid", "gyldig", "kehtivuse"}
_TOKEN = re.compile(r"[^\W_]+")
_INTEGER = re.compile(r"^-?\d{1,3}(?:[ \u00a0\u202f]?\d{3})*$|^-?\d+(?:[.,]0+)?$")


def guess_roles(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Guess the role of each column.

    Parameters
    ----------
    columns
        Column names, unique.
    rows
        The first rows of the table (some dozens to some hundreds); each as wide as `columns`.

    Returns
    -------
    Column → `code`, `term`, `term:<language>`, `term:`, `language`, `frequency`, `context` or `ignore`. At most one
    `code`, one `term`, one `language` and one `frequency`.

    >>> guess_roles(["Kod", "Benämning", "Antal"], [["A1", "Kolera", "12"], ["B2", "Tyfus", "7"]])
    {'Kod': 'code', 'Benämning': 'term', 'Antal': 'frequency'}
    """
    cells = {column: [row[index] for row in rows if index < len(row)] for index, column in enumerate(columns)}
    roles: dict[str, str] = {}
    code = _best(columns, cells, _code_points, at_least=1.0)
    if code is not None:
        roles[code] = CODE
    term = _best([column for column in columns if column not in roles], cells, _term_points, at_least=0.5)
    if term is not None:
        roles[term] = TERM
    for column in columns:
        if column not in roles:
            roles[column] = _further_role(column, cells[column], taken=set(roles.values()))
    return {column: roles[column] for column in columns}


def language_of_column(column: str) -> str | None:
    """Language that a column's name tells: `name_fi`, `Nimetus (eesti)`, `A:Latina`.

    >>> language_of_column("name_fi"), language_of_column("A:Latina"), language_of_column("Kod")
    ('fi', 'la', None)
    """
    tokens = _tokens(column)
    for position, token in reversed(list(enumerate(tokens))):
        if token in _LANGUAGE_MARKS and (position > 0 or token not in _NOT_A_MARK_ALONE):
            return _LANGUAGE_MARKS[token]
    return None


def is_known_name(column: str) -> bool:
    """Say whether a cell reads like the name of a column (used to find the header line)."""
    tokens = _tokens(column)
    joined = "".join(tokens)
    if not tokens or len(tokens) > 6:
        return False
    known = _TERM_WORDS | _FURTHER_TERM_WORDS | _FREQUENCY_WORDS | _LANGUAGE_WORDS | _IGNORED_WORDS
    return (
        joined in known
        or joined in _CODE_WORDS
        or _names_code(tokens)
        or any(token in known for token in tokens if len(token) > 2)
    )


def integer_from_text(text: str) -> int | None:
    """Read a whole number as lists write it: `1 234`, `12`, `12.0`; None where it is none.

    >>> integer_from_text("1 234"), integer_from_text("12,0"), integer_from_text("<5")
    (1234, 12, None)
    """
    if not _INTEGER.match(text):
        return None
    return int(re.sub(r"[.,]0+$", "", re.sub(r"\s", "", text)))


def _tokens(column: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-zåäöæø])(?=[A-ZÅÄÖÆØ])", " ", unicodedata.normalize("NFC", column))
    return [token.casefold() for token in _TOKEN.findall(spaced)]


def _names_code(tokens: list[str]) -> bool:
    return any(token.endswith(_CODE_ENDINGS) or (token in _CODE_WORDS and len(tokens) < 3) for token in tokens)


def _best(
    columns: Sequence[str],
    cells: dict[str, list[str]],
    points: Callable[[str, list[str], int], float],
    *,
    at_least: float,
) -> str | None:
    scored = [(points(column, cells[column], position), column) for position, column in enumerate(columns)]
    best = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] > at_least else None


def _code_points(column: str, cells: list[str], position: int) -> float:
    filled = [cell for cell in cells if cell]
    if cells and len(filled) < 0.8 * len(cells):
        return 0.0
    tokens = _tokens(column)
    joined = "".join(tokens)
    points = 0.0
    if tokens and (joined.endswith(_CODE_ENDINGS) or _names_code(tokens)):
        points += (
            3.0 - 0.5 * (len(tokens) > 2) - 1.0 * bool({"vanem", "parent", "unit", "units", "language"} & set(tokens))
        )
    if joined in {"code", "kod", "kode", "koodi", "kood", "kóði", "kods", "kodas", "sourcecode", "codeid"}:
        points += 1.0
    if joined in {"id"}:
        points += 1.0
    if filled:
        points += 1.5 * (len(set(filled)) / len(filled) - 0.5)
        average = sum(map(len, filled)) / len(filled)
        points += 0.8 if average <= 16 else (-1.0 if average > 40 else 0.0)
        points += 0.4 * sum(1 for cell in filled if " " not in cell) / len(filled)
        points += 0.4 * sum(1 for cell in filled if any(map(str.isdigit, cell))) / len(filled)
    if set(tokens) & (_FREQUENCY_WORDS - {"bruk", "arv"}) or joined in _TERM_WORDS or set(tokens) & _DATE_WORDS:
        points -= 2.5
    return points - 0.05 * position


def _term_points(column: str, cells: list[str], position: int) -> float:
    filled = [cell for cell in cells if cell]
    if cells and len(filled) < 0.5 * len(cells):
        return 0.0
    tokens = _tokens(column)
    joined = "".join(tokens)
    points = 0.0
    if joined in _TERM_WORDS:
        points += 3.0
    elif any(token in _TERM_WORDS for token in tokens):
        points += 2.0
    if set(tokens) & _FURTHER_TERM_WORDS or joined in _FURTHER_TERM_WORDS:
        points -= 1.5
    if joined in _IGNORED_WORDS or set(tokens) & _DATE_WORDS or joined in _FREQUENCY_WORDS:
        return 0.0
    if filled:
        letters = sum(sum(map(str.isalpha, cell)) for cell in filled) / len(filled)
        # Among columns that are named as terms the first counts; without names, the one with the longest words.
        if points > 0:
            points += min(letters, 8) / 8
        else:
            points += min(letters, 30) / 15 if letters >= 3 else -3.0
        points += 0.8 * (len(set(filled)) / len(filled) - 0.5)
        points -= 0.5 if letters > 150 else 0.0
    return points - 0.05 * position


def _further_role(column: str, cells: list[str], *, taken: set[str]) -> str:
    tokens = _tokens(column)
    joined = "".join(tokens)
    filled = [cell for cell in cells if cell]
    if joined in _IGNORED_WORDS or _TARGET_WORDS & set(tokens):
        return IGNORE
    if FREQUENCY not in taken and (joined in _FREQUENCY_WORDS or set(tokens) & (_FREQUENCY_WORDS - {"n", "arv"})):
        whole = sum(1 for cell in filled if integer_from_text(cell) is not None)
        if not filled or whole >= 0.9 * len(filled):
            return FREQUENCY
    if LANGUAGE not in taken and joined in _LANGUAGE_WORDS and all(len(cell) <= 12 for cell in filled):
        return LANGUAGE
    if not filled:
        return IGNORE if cells else CONTEXT
    if _is_further_term(tokens, joined, filled):
        return f"term:{language_of_column(column) or _LANGUAGE_MARKS.get(joined, '')}"
    return CONTEXT


def _is_further_term(tokens: list[str], joined: str, filled: list[str]) -> bool:
    letters = sum(sum(map(str.isalpha, cell)) for cell in filled) / len(filled)
    if letters < 2 or tokens[:1] == ["add"] or set(tokens) & (_DATE_WORDS | _NOTE_WORDS):
        return False
    if joined in _FURTHER_TERM_WORDS or set(tokens) & _FURTHER_TERM_WORDS:
        return True
    # Longer texts are explanations, not names.
    return any(token in _TERM_WORDS or token in _LANGUAGE_MARKS for token in tokens) and 4 <= letters <= 100
