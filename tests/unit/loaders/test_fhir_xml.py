from pathlib import Path

import pytest

from termserver.errors import BadFile
from termserver.loaders.fhir_xml import read_fhir_xml

XML = """<?xml version="1.0" encoding="UTF-8"?>
<CodeSystem xmlns="http://hl7.org/fhir">
  <url value="https://example.org/cs"/><version value="2"/><name value="Test"/><status value="active"/>
  <caseSensitive value="false"/><content value="complete"/>
  <concept><code value="A"/><display value="Å"/>
    <designation><language value="fi"/><value value="Ää"/></designation>
    <property><code value="n"/><valueInteger value="3"/></property>
    <concept><code value="B"/><display value="Be"/>
      <property><code value="inactive"/><valueBoolean value="true"/></property>
    </concept>
  </concept>
</CodeSystem>"""

BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<CodeSystem xmlns="http://hl7.org/fhir"><url value="&c;"/></CodeSystem>"""


def write(folder: Path, text: str) -> Path:
    (folder / "cs.xml").write_text(text, encoding="utf-8")
    return folder / "cs.xml"


def test_xml_reads_as_json_does(tmp_path: Path) -> None:
    loaded = read_fhir_xml(write(tmp_path, XML))
    first, second = loaded.concepts
    assert (loaded.header.url, loaded.header.version, loaded.header.case_sensitive) == (
        "https://example.org/cs",
        "2",
        False,
    )
    assert (first.code, first.display, first.designations[0].value, first.properties[0].value) == ("A", "Å", "Ää", 3)
    assert (second.parents, second.active) == (("A",), False)


def test_entity_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="declares entities or a DTD"):
        read_fhir_xml(write(tmp_path, BOMB))


def test_damaged_xml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"cs\.xml line \d+: the XML is damaged"):
        read_fhir_xml(write(tmp_path, XML.replace("</concept>", "", 1)))


def test_html_in_disguise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no FHIR resource"):
        read_fhir_xml(write(tmp_path, "<html><body/></html>"))
