"""What R4's resources cannot say of themselves and R5's can: the metadata of a canonical resource.

Source: FHIR R5 CanonicalResource and MetadataResource; HL7's cross-version extensions.
"""

from __future__ import annotations

VERSION_ALGORITHM = "http://hl7.org/fhir/5.0/StructureDefinition/extension-CanonicalResource.versionAlgorithm"
"""Carries `versionAlgorithm[x]` in R4."""
R5_ONLY = frozenset(
    {
        "versionAlgorithmString",
        "versionAlgorithmCoding",
        "copyrightLabel",
        "approvalDate",
        "lastReviewDate",
        "effectivePeriod",
        "topic",
        "author",
        "editor",
        "reviewer",
        "endorser",
        "relatedArtifact",
    }
)
"""Elements that every R5 definition may have and no R4 definition has."""
