"""A tiny synthetic RF2 release: invented identifiers and names, no content of SNOMED CT."""

from __future__ import annotations

from pathlib import Path

US, GB, SV = "900000000000509007", "900000000000508004", "46011000052107"
PREFERRED, ACCEPTABLE = "900000000000548007", "900000000000549004"
FSN, SYNONYM, DEFINITION = "900000000000003001", "900000000000013009", "900000000000550004"
IS_A, INFERRED = "116680003", "900000000000011006"
CORE = "900000000000207008"


def write_release(folder: Path) -> Path:
    """Write the release; returns its folder."""
    root = folder / "SnomedCT_Test"
    terminology, refset = root / "Snapshot" / "Terminology", root / "Snapshot" / "Refset"
    for place in (terminology, refset):
        place.mkdir(parents=True)
    _write(
        terminology / "sct2_Concept_Snapshot_INT_20260101.txt",
        "id effectiveTime active moduleId definitionStatusId",
        [
            ("100", "20260101", "1", CORE, "900000000000074008"),
            ("101", "20250101", "1", CORE, "900000000000073002"),
            ("102", "20240101", "0", CORE, "900000000000074008"),
        ],
    )
    _write(
        terminology / "sct2_Description_Snapshot-en_INT_20260101.txt",
        "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId",
        [
            ("1", "20260101", "1", CORE, "100", "en", FSN, "Made-up thing (finding)", "x"),
            ("2", "20260101", "1", CORE, "100", "en", SYNONYM, "Made-up thing", "x"),
            ("3", "20260101", "1", CORE, "101", "en", FSN, "Colour of thing (disorder)", "x"),
            ("4", "20260101", "1", CORE, "101", "en", SYNONYM, "Thing colour, British", "x"),
            ("5", "20260101", "1", CORE, "101", "en", SYNONYM, "Thing color, American", "x"),
            ("6", "20260101", "0", CORE, "101", "en", SYNONYM, "Withdrawn name", "x"),
            ("7", "20260101", "1", CORE, "101", "sv", SYNONYM, "Sakens färg", "x"),
            ("8", "20260101", "1", CORE, "102", "en", FSN, "Old thing (disorder)", "x"),
        ],
    )
    _write(
        terminology / "sct2_TextDefinition_Snapshot-en_INT_20260101.txt",
        "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId",
        [("9", "20260101", "1", CORE, "100", "en", DEFINITION, "A thing that was made up.", "x")],
    )
    _write(
        terminology / "sct2_Relationship_Snapshot_INT_20260101.txt",
        "id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId",
        [
            ("20", "20260101", "1", CORE, "101", "100", "0", IS_A, INFERRED, "m"),
            ("21", "20260101", "1", CORE, "101", "555", "1", "363698007", INFERRED, "m"),
            ("22", "20260101", "0", CORE, "101", "556", "1", "363698007", INFERRED, "m"),
        ],
    )
    _write(
        terminology / "sct2_RelationshipConcreteValues_Snapshot_INT_20260101.txt",
        "id effectiveTime active moduleId sourceId value relationshipGroup typeId characteristicTypeId modifierId",
        [("30", "20260101", "1", CORE, "101", "#1.5", "1", "1142135004", INFERRED, "m")],
    )
    _write(
        refset / "der2_cRefset_LanguageSnapshot-en_INT_20260101.txt",
        "id effectiveTime active moduleId refsetId referencedComponentId acceptabilityId",
        [
            ("a", "20260101", "1", CORE, US, "2", PREFERRED),
            ("b", "20260101", "1", CORE, GB, "4", PREFERRED),
            ("c", "20260101", "1", CORE, US, "4", ACCEPTABLE),
            ("d", "20260101", "1", CORE, US, "5", PREFERRED),
            ("e", "20260101", "1", CORE, SV, "7", PREFERRED),
        ],
    )
    _write(
        refset / "der2_cRefset_AssociationSnapshot_INT_20260101.txt",
        "id effectiveTime active moduleId refsetId referencedComponentId targetComponentId",
        [("f", "20260101", "1", CORE, "900000000000526001", "102", "101")],
    )
    _write(
        refset / "der2_Refset_SimpleSnapshot_INT_20260101.txt",
        "id effectiveTime active moduleId refsetId referencedComponentId",
        [("g", "20260101", "1", CORE, "723264001", "101")],
    )
    return root


def _write(path: Path, header: str, rows: list[tuple[str, ...]]) -> None:
    lines = ["\t".join(header.split()), *("\t".join(row) for row in rows)]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
