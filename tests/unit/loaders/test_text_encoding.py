from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termserver.errors import BadFile
from termserver.loaders.text_encoding import find_encoding

SWEDISH = "Kod;Benämning\nA1;Blåsjuka, högersidig\nB2;Övrig sjukdom i ögat\n"
ICELANDIC = "Kóði;Heiti\nA1;Þvagfærasýking án fylgikvilla\nB2;Sár á fæti, ótilgreint\n"
ESTONIAN = "Kood;Nimetus\nA1;Šokk, täpsustamata\nB2;Žurnaalimärge, põletik\n"
LATVIAN = "Kods;Nosaukums\nA1;Šķidruma līmeņa noteikšana asinīs\nB2;Ģīmja ļaundabīgs veidojums\n"
LITHUANIAN = "Kodas;Pavadinimas\nA1;Ūminė išeminė širdies liga\nB2;Kraujo ląstelių tyrimas, nepatikslintas\n"


def write(folder: Path, content: bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SWEDISH, "utf-8"),
        (SWEDISH, "utf-8-sig"),
        (SWEDISH, "utf-16"),
        (SWEDISH, "utf-16-le"),
        (SWEDISH, "utf-16-be"),
        (SWEDISH, "cp1252"),
        (SWEDISH, "cp865"),
        (ICELANDIC, "cp1252"),
        (ESTONIAN, "cp1257"),
        (LATVIAN, "cp1257"),
        (LATVIAN, "iso-8859-4"),
        (LATVIAN, "iso-8859-10"),
        (LITHUANIAN, "cp1257"),
        (LITHUANIAN, "iso-8859-4"),
        (LITHUANIAN, "iso-8859-10"),
    ],
)
def test_encoding_is_found_by_the_letters(tmp_path: Path, text: str, encoding: str) -> None:
    path = write(tmp_path, text.encode(encoding))
    found = find_encoding(path, name="list.csv")
    assert path.read_bytes().decode(found).lstrip("\ufeff") == text


@pytest.mark.parametrize("text", [LATVIAN, LITHUANIAN])
def test_iso_8859_13_reads_like_cp1257(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text.encode("iso-8859-13"))
    assert path.read_bytes().decode(find_encoding(path, name="list.csv")) == text


@pytest.mark.parametrize("content", [b"", b"   \n\n", b"\xef\xbb\xbf"])
def test_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadFile, match=r"list\.csv: the file is empty"):
        find_encoding(write(tmp_path, content), name="list.csv")


def test_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="not a text file"):
        find_encoding(write(tmp_path, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))), name="list.csv")


@settings(deadline=None)
@given(st.text(min_size=1).filter(lambda text: text.strip("\x00 \t\r\n\ufeff") and "\x00" not in text))
def test_utf8_is_never_mistaken(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = write(tmp_path_factory.mktemp("text"), text.encode())
    found = find_encoding(path, name="list.csv")
    if not path.read_bytes().startswith((b"\xff\xfe", b"\xfe\xff")):
        assert found in {"utf-8", "utf-8-sig"}
