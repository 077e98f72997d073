"""Find the encoding of a text file: byte order marks, strict UTF-8, then the letters of the nine languages."""

from __future__ import annotations

import codecs
import itertools
from pathlib import Path

from termserver.errors import BadFile

SUPPORTED_ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "cp1257",
    "iso-8859-1",
    "iso-8859-4",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-15",
    "cp850",
    "cp865",
    "mac-roman",
)

_CHUNK_BYTES = 1 << 20
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Letters beyond ASCII, by language; the first that covers a file best decides between the eight-bit encodings.
_LETTERS = {
    "sv": "åäöéüèàáÅÄÖÉ",
    "nb": "æøåéòôóêèÆØÅ",
    "fi": "äöåšžéÄÖÅ",
    "et": "õäöüšžéÕÄÖÜŠŽ",
    "is": "áðéíóúýþæöÁÐÉÍÓÚÝÞÆÖ",
    "lv": "āčēģīķļņšūžŗōĀČĒĢĪĶĻŅŠŪŽ",
    "lt": "ąčęėįšųūžĄČĘĖĮŠŲŪŽ",
}
_SIGNS = "µ°²³±§†–—“”„‘’×½¼®«»\u00a0·…"
# In the order of preference where two read the file equally well.
_EIGHT_BIT = (
    "cp1252", "cp1257", "iso-8859-13", "iso-8859-4", "iso-8859-10", "iso-8859-15", "cp865", "cp850", "mac-roman",
)  # fmt: skip
_GOOD_COVERAGE = 0.8


def find_encoding(path: Path, *, name: str) -> str:
    """Find the encoding of a text file.

    Reads the file once, in pieces of 1 MB; holds at most 1 MB of lines that contain bytes beyond ASCII.

    Returns
    -------
    A codec name of Python: `utf-8`, `utf-8-sig`, `utf-16`, `cp1252`, `cp1257`, `iso-8859-4`, …

    Raises
    ------
    BadFile
        If the file is empty or is no text.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise BadFile("the file is empty; choose a file with a header line and rows", file=name)
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    wide = _encoding_of_wide_characters(start)
    if wide is not None:
        return wide
    if b"\x00" in start:
        raise BadFile("this is not a text file; upload CSV, TSV, XLSX, XLS, ODS or FHIR JSON", file=name)
    if _is_utf8(path):
        return "utf-8"
    return _eight_bit_encoding(_lines_beyond_ascii(path))


def is_known_encoding(encoding: str) -> bool:
    """Say whether Python has a codec of this name.

    >>> is_known_encoding("cp1257"), is_known_encoding("baltic-magic")
    (True, False)
    """
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True


def _encoding_of_wide_characters(start: bytes) -> str | None:
    """UTF-16 without a byte order mark shows as a zero in every second byte."""
    if len(start) < 8:
        return None
    even = start[0::2].count(0) / len(start[0::2])
    odd = start[1::2].count(0) / len(start[1::2])
    if odd > 0.6 and even < 0.1:
        return "utf-16-le"
    if even > 0.6 and odd < 0.1:
        return "utf-16-be"
    return None


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while piece := file.read(_CHUNK_BYTES):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _lines_beyond_ascii(path: Path) -> bytes:
    kept: list[bytes] = []
    size_bytes = 0
    with path.open("rb") as file:
        while line := file.readline(100_000):
            if not line.isascii():
                kept.append(line[:10_000])
                size_bytes += len(kept[-1])
                if size_bytes > _CHUNK_BYTES:
                    break
    return b"".join(kept)


def _eight_bit_encoding(sample: bytes) -> str:
    best, best_score = "cp1252", -1.0
    for encoding in _EIGHT_BIT:
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        score = _alphabet_coverage(text)
        if score > best_score + 0.01:
            best, best_score = encoding, score
    if best_score >= _GOOD_COVERAGE:
        return best
    from charset_normalizer import from_bytes

    found = from_bytes(sample[:50_000]).best()
    return found.encoding.replace("_", "-") if found is not None and is_known_encoding(found.encoding) else best


def _alphabet_coverage(text: str) -> float:
    """Share, 0 to 1, of the characters beyond ASCII that one language's alphabet explains.

    Capitals within a word count against it.

    >>> _alphabet_coverage("blåsjuka röd"), _alphabet_coverage("bl†sjuka r”d") < 1
    (1.0, True)
    """
    foreign = [character for character in text if character > "\x7f"]
    if not foreign:
        return 0.0
    letters = [character for character in foreign if character not in _SIGNS]
    if not letters:
        return 0.5
    misplaced = sum(1 for before, here in itertools.pairwise(text) if here > "\x7f" and _is_misplaced(before, here))
    covered = max(sum(1 for letter in letters if letter in alphabet) for alphabet in _LETTERS.values())
    return max(0.0, (covered - misplaced) / len(letters))


def _is_misplaced(before: str, here: str) -> bool:
    if here in _SIGNS:
        return before.isalpha() and here in "†µ°§½¼®±×"
    return here.isupper() and before.islower()
