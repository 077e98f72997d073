"""OperationDefinition: what each operation of this server takes and gives, one table for R4, R4B and R5.

What R4 and R5 define themselves is served with their definition as `base`; the parameters are those that this server
reads, whatever the version.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from termserver.fhir.elements import Json

_OF_FHIR = "http://hl7.org/fhir/OperationDefinition/"
_VERSIONS = """
    in system-version canonical *
    in check-system-version canonical *
    in force-system-version canonical *
    in default-valueset-version canonical *
    in tx-resource Resource *
"""
_VALIDATE = """
    in code code ?
    in system uri ?
    in systemVersion string ?
    in display string ?
    in coding Coding ?
    in codeableConcept CodeableConcept ?
    in abstract boolean ?
    in activeOnly boolean ?
    in displayLanguage code ?
    in lenient-display-validation boolean ?
    in diagnostics boolean ?
    in useSupplement canonical *
"""
_VALIDATED = """
    out result boolean 1
    out message string ?
    out display string ?
    out code code ?
    out normalized-code code ?
    out system uri ?
    out version string ?
    out inactive boolean ?
    out status code ?
    out codeableConcept CodeableConcept ?
    out issues OperationOutcome ?
    out diagnostics string ?
    out x-caused-by-unknown-system canonical *
    out x-unknown-system canonical *
"""
_IN_VALUE_SET = """
    in url uri ?
    in valueSet ValueSet ?
    in valueSetVersion string ?
    in inferSystem boolean ?
    in valueset-membership-only boolean ?
"""
_COMPARE = f"""
    in thisUrl uri ?
    in thisVersion string ?
    in thisValueSet ValueSet ?
    in otherUrl uri ?
    in otherVersion string ?
    in otherValueSet ValueSet ?
    in diagnostics boolean ?
    {_VERSIONS}
    out result code 1
    out message string 1
    out performed-expansion boolean 1
    out common-codes string ?
    out missing-codes string ?
    out extra-codes string ?
"""
_CLOSURE = """
    in name string 1
    in concept Coding *
    in version string ?
    out return ConceptMap 1
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of this server.

    Parameters
    ----------
    kind
        The resource type; None where it is one of the whole server.
    parameters
        A line each: `in` or `out`, name, type, and how many: `1`, `?` for at most one, `*` for any number, `+` for some.
    own
        True if FHIR does not define it.
    of_files
        True if it takes or gives files, not resources: its parameters are those of a form or a query.
    """

    kind: str | None
    code: str
    description: str
    parameters: str
    own: bool = False
    at_instance: bool = True
    changes_state: bool = False
    of_files: bool = False

    @property
    def id(self) -> str:
        """The id of its definition."""
        return f"{self.kind or 'CapabilityStatement'}-{self.code}"

    def definition(self, base_url: str) -> str:
        """The canonical of its definition: FHIR's, or this server's."""
        if self.own:
            return f"{base_url}/OperationDefinition/{self.id}"
        return f"{_OF_FHIR}ConceptMap-closure" if self.code == "closure" else _OF_FHIR + self.id


OPERATIONS = (
    Operation(
        None,
        "versions",
        "The FHIR versions that are served",
        "out version string +\nout default string 1",
        at_instance=False,
    ),
    Operation(None, "closure", "Maintains a closure table", _CLOSURE, at_instance=False, changes_state=True),
    Operation(
        "CodeSystem",
        "lookup",
        "What is known of a code",
        """
        in code code ?
        in system uri ?
        in version string ?
        in coding Coding ?
        in displayLanguage code ?
        in property code *
        in useSupplement canonical *
        in tx-resource Resource *
        out name string 1
        out version string ?
        out display string 1
        out code code ?
        out system uri ?
        out abstract boolean ?
        out definition string ?
        out designation Element *
        out property Element *
        out used-supplement canonical *
        """,
    ),
    Operation(
        "CodeSystem",
        "validate-code",
        "Whether a code is one of a code system",
        f"in url uri ?\nin codeSystem CodeSystem ?\nin version string ?\n{_VALIDATE}{_VERSIONS}{_VALIDATED}",
    ),
    Operation(
        "CodeSystem",
        "batch-validate-code",
        "As validate-code, for many codes",
        f"in validation Parameters +\nin url uri ?\n{_VERSIONS}out validation Resource +",
        own=True,
    ),
    Operation(
        "CodeSystem",
        "subsumes",
        "How one code stands to another in the hierarchy",
        """
        in codeA code ?
        in codeB code ?
        in system uri ?
        in version string ?
        in codingA Coding ?
        in codingB Coding ?
        in tx-resource Resource *
        out outcome code 1
        """,
    ),
    Operation(
        "ValueSet",
        "expand",
        "The codes of a value set, a page at a time",
        f"""
        in url uri ?
        in valueSet ValueSet ?
        in valueSetVersion string ?
        in filter string ?
        in offset integer ?
        in count integer ?
        in includeDesignations boolean ?
        in designation string *
        in includeDefinition boolean ?
        in activeOnly boolean ?
        in excludeNested boolean ?
        in excludeNotForUI boolean ?
        in displayLanguage code ?
        in property string *
        in useSupplement canonical *
        in exclude-system canonical *
        {_VERSIONS}
        out return ValueSet 1
        """,
    ),
    Operation(
        "ValueSet",
        "validate-code",
        "Whether a code is in a value set",
        f"{_IN_VALUE_SET}{_VALIDATE}{_VERSIONS}{_VALIDATED}",
    ),
    Operation(
        "ValueSet",
        "batch-validate-code",
        "As validate-code, for many codes",
        f"in validation Parameters +\n{_IN_VALUE_SET}{_VERSIONS}out validation Resource +",
        own=True,
    ),
    Operation("ValueSet", "compare", "How the codes of two value sets relate", _COMPARE, own=True),
    Operation("ValueSet", "related", "How the codes of two value sets relate, as compare", _COMPARE, own=True),
    Operation(
        "ConceptMap",
        "translate",
        "What a code means in another code system; R4 and R5 name the parameters differently",
        """
        in url uri ?
        in conceptMap ConceptMap ?
        in conceptMapVersion string ?
        in code code ?
        in system uri ?
        in version string ?
        in source uri ?
        in coding Coding ?
        in codeableConcept CodeableConcept ?
        in target uri ?
        in targetsystem uri ?
        in reverse boolean ?
        in sourceCode code ?
        in sourceScope uri ?
        in sourceCoding Coding ?
        in sourceCodeableConcept CodeableConcept ?
        in targetCode code ?
        in targetCoding Coding ?
        in targetCodeableConcept CodeableConcept ?
        in targetScope uri ?
        in targetSystem uri ?
        in dependency Element *
        in displayLanguage code ?
        in tx-resource Resource *
        out result boolean 1
        out message string ?
        out match Element *
        """,
    ),
    Operation("ConceptMap", "closure", "Maintains a closure table", _CLOSURE, at_instance=False, changes_state=True),
    Operation(
        "ConceptMap",
        "changes",
        "Which source codes two versions of a map answer differently",
        """
        in url uri ?
        in from string 1
        in to string ?
        in kind code *
        in count integer ?
        in offset integer ?
        out from canonical 1
        out fromHash string 1
        out to canonical 1
        out toHash string 1
        out added integer 1
        out removed integer 1
        out changed integer 1
        out renamed integer 1
        out unchanged integer 1
        out note string *
        out change Element *
        """,
        own=True,
    ),
    Operation(
        "ConceptMap",
        "bulk-translate",
        "A file translated asynchronously (Prefer: respond-async). POST the file as the body with parameters in the query, or as "
        "multipart/form-data; needs a token. 202 with Content-Location: the status, then a manifest",
        """
        in file Binary 1
        in codeColumn string 1
        in system uri ?
        in systemColumn string ?
        in url canonical ?
        in targetSystem uri *
        in dependency string *
        in multiple code ?
        in unmapped code ?
        in prefix string ?
        in format code ?
        in delimiter string ?
        in onError code ?
        in lock string ?
        out return Binary 1
        """,
        own=True,
        at_instance=False,
        changes_state=True,
        of_files=True,
    ),
    Operation(
        "ConceptMap",
        "import-map",
        "Stores the maps of a file: FHIR, SSSOM, RF2, OMOP, Snap2SNOMED, MyHealth@EU, any table. POST it as the body with "
        "parameters in the query, or as multipart/form-data; needs a publisher's token",
        """
        in file Binary 1
        in omopConcepts Binary ?
        in url uri ?
        in version string ?
        in title string ?
        in format code ?
        in sourceSystem uri ?
        in targetSystem uri ?
        in column string *
        in vocabulary string *
        in onError code ?
        out return OperationOutcome 1
        """,
        own=True,
        at_instance=False,
        changes_state=True,
        of_files=True,
    ),
    Operation(
        "ConceptMap",
        "export-map",
        "A map as a file in one of the formats of exchange. GET; needs a token of any role",
        """
        in url canonical ?
        in format code 1
        in licence uri ?
        in sourceVocabulary string ?
        in refsetId code ?
        in moduleId code ?
        in effectiveTime string ?
        out return Binary 1
        """,
        own=True,
        of_files=True,
    ),
    Operation(
        "NamingSystem",
        "preferred-id",
        "Another identifier of the same system",
        "in id string 1\nin type code 1\nout result string 1",
        at_instance=False,
    ),
)


def write_operation_definition(operation: Operation, base_url: str, date: str) -> Json:
    """The OperationDefinition of one operation.

    Parameters
    ----------
    base_url
        Of the FHIR endpoint.
    date
        Of the software's release.
    """
    name = "".join(part.capitalize() for part in operation.code.split("-"))
    definition: Json = {
        "resourceType": "OperationDefinition",
        "id": operation.id,
        "url": f"{base_url}/OperationDefinition/{operation.id}",
        "name": f"{operation.kind or 'Server'}{name}",
        "title": f"{operation.kind or 'Server'} ${operation.code}",
        "status": "active",
        "kind": "operation",
        "experimental": False,
        "date": date,
        "description": operation.description,
        "affectsState": operation.changes_state,
        "code": operation.code,
    }
    if not operation.own:
        definition["base"] = operation.definition(base_url)
    definition |= {
        "resource": [operation.kind] if operation.kind else None,
        "system": operation.kind is None,
        "type": operation.kind is not None,
        "instance": operation.kind is not None and operation.at_instance,
        "parameter": list(_parameters(operation.parameters)),
    }
    return {name: value for name, value in definition.items() if value is not None}


def _parameters(table: str) -> Iterator[Json]:
    for line in table.splitlines():
        if not line.strip():
            continue
        use, name, kind, number = line.split()
        least = 1 if number in ("1", "+") else 0
        yield {"name": name, "use": use, "min": least, "max": "1" if number in ("1", "?") else "*", "type": kind}
