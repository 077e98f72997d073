"""R4's target `unmatched` where R5's noMap cannot say it: beside other targets, on a condition, or several of them.

Such targets travel in a cross-version extension of the element, so that R4 to R5 and back loses nothing. One by itself is noMap.
"""

from __future__ import annotations

from collections.abc import Sequence

from termserver.fhir.elements import Json, objects, required_text, text
from termserver.model.concept_map import Other

UNMATCHED_EXTENSION = "http://hl7.org/fhir/4.0/StructureDefinition/extension-ConceptMap.group.element.target"
_R4_CONDITION = (
    ("property", "valueUri"), ("system", "valueCanonical"), ("value", "valueString"), ("display", "valueString"),
)  # fmt: skip


def with_unmatched(kept: Json | None, unmatched: Sequence[Json], *, beside_targets: bool) -> Json | None:
    """What is kept of an element, with what noMap cannot say.

    Parameters
    ----------
    unmatched
        What `carried_unmatched` made of the element's targets.
    """
    only_says_no_map = all(
        {part["url"] for part in item["extension"]} <= {"equivalence", "comment"} for item in unmatched
    )
    if not unmatched or (only_says_no_map and len(unmatched) == 1 and not beside_targets):
        return kept
    before = (kept or {}).get("extension")
    return {**(kept or {}), "extension": [*(before if isinstance(before, list) else ()), *unmatched]}


def carried_unmatched(target: Json, path: str) -> Json:
    """An R4 target `unmatched` without a code, as the extension in which it travels.

    >>> carried_unmatched({"equivalence": "unmatched"}, "target")["extension"]
    [{'url': 'equivalence', 'valueCode': 'unmatched'}]
    """
    parts: list[Json] = [{"url": "equivalence", "valueCode": "unmatched"}]
    comment = text(target, "comment", path)
    if comment:
        parts.append({"url": "comment", "valueString": comment})
    for name in ("dependsOn", "product"):
        for place, item in enumerate(objects(target, name, path)):
            here = f"{path}.{name}[{place}]"
            required_text(item, "property", here)
            said = [(member, kind, text(item, member, here)) for member, kind in _R4_CONDITION]
            inner = [{"url": member, kind: value} for member, kind, value in said if value]
            parts.append({"url": name, "extension": inner})
    return {"url": UNMATCHED_EXTENSION, "extension": parts}


def unmatched_from_extension(extension: Json) -> Json:
    """The R4 target that `carried_unmatched` made an extension of.

    >>> unmatched_from_extension(carried_unmatched({"equivalence": "unmatched", "comment": "why"}, "target"))
    {'equivalence': 'unmatched', 'comment': 'why'}
    """
    target: Json = {}
    for part in objects(extension, "extension", "extension"):
        name = part.get("url")
        if name in ("dependsOn", "product"):
            inner = objects(part, "extension", "extension")
            said = {item.get("url"): item for item in inner}
            condition = {member: said[member].get(kind) for member, kind in _R4_CONDITION if member in said}
            target.setdefault(name, []).append(condition)
        elif name in ("equivalence", "comment"):
            target[name] = part.get("valueCode") or part.get("valueString")
    return target


def split_unmatched(other: Other) -> tuple[Other, list[Json]]:
    """What was kept of an element, and the R4 targets that travelled among its extensions."""
    extensions = (other or {}).get("extension")
    if not isinstance(extensions, list):
        return other, []
    is_unmatched = [isinstance(item, dict) and item.get("url") == UNMATCHED_EXTENSION for item in extensions]
    if not any(is_unmatched):
        return other, []
    pairs = list(zip(extensions, is_unmatched, strict=True))
    kept = {name: value for name, value in (other or {}).items() if name != "extension"}
    rest = [item for item, taken in pairs if not taken]
    return (kept | {"extension": rest} if rest else kept), [
        unmatched_from_extension(item) for item, taken in pairs if taken
    ]
