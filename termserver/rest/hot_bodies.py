"""A Parameters body of $translate, taken apart: what the code is, and what all requests that differ in it share."""

from __future__ import annotations

from termserver.fhir.elements import Json

_CODES = frozenset(["code", "sourceCode", "targetCode"])
_CODINGS = frozenset(["coding", "sourceCoding", "targetCoding"])
_TEXTS = ("valueUri", "valueCode", "valueString", "valueCanonical")


def split_parameters(body: object) -> tuple[tuple[str, ...], str] | None:
    """What stands around the code, and the code; None unless the body is plain: texts, and one code or Coding.

    Parameters
    ----------
    body
        JSON as it came; whatever is unusual about it is for the common way, which says what is wrong.

    >>> split_parameters({"resourceType": "Parameters", "parameter": [
    ...     {"name": "url", "valueUri": "u"}, {"name": "coding", "valueCoding": {"system": "s", "code": "A"}}]})
    (('url', 'valueUri', 'u', 'coding', 'valueCoding', 's'), 'A')
    """
    if not isinstance(body, dict) or len(body) != 2 or body.get("resourceType") != "Parameters":
        return None
    around: list[str] = []
    code: object = None
    items = body.get("parameter")
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict) or len(item) != 2 or not isinstance(name := item.get("name"), str):
            return None
        if name in _CODINGS:
            coding = item.get("valueCoding")
            if not isinstance(coding, dict) or len(coding) != 2 or code is not None:
                return None
            system, code = coding.get("system"), coding.get("code")
            if not isinstance(system, str) or not isinstance(code, str):
                return None
            around += (name, "valueCoding", system)
            continue
        kind = next((kind for kind in _TEXTS if kind in item), "")
        value = item.get(kind)
        if not isinstance(value, str) or (name in _CODES and code is not None):
            return None
        if name in _CODES:
            code, value = value, ""
        around += (name, kind, value)
    return (tuple(around), code) if isinstance(code, str) else None


def joined_parameters(around: tuple[str, ...], code: str) -> Json:
    """The body again, with another code.

    >>> joined_parameters(("code", "valueCode", ""), "B")
    {'resourceType': 'Parameters', 'parameter': [{'name': 'code', 'valueCode': 'B'}]}
    """
    parameters: list[Json] = []
    for place in range(0, len(around), 3):
        name, kind, value = around[place : place + 3]
        if kind == "valueCoding":
            parameters.append({"name": name, kind: {"system": value, "code": code}})
        else:
            parameters.append({"name": name, kind: code if name in _CODES else value})
    return {"resourceType": "Parameters", "parameter": parameters}
