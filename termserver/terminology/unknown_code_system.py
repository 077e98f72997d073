"""What is said where a code system, or a version of it, is not here or not allowed.

The texts and ids are those of HL7's validator, which clients compare literally.
"""

from __future__ import annotations

from collections.abc import Sequence

from termserver.errors import NotFound


def unknown_code_system(system: str, version: str | None, known: Sequence[str]) -> NotFound:
    """The error of a value set that needs a code system that is not here.

    Parameters
    ----------
    known
        The versions that are here, in any order.
    """
    if version is None:
        return NotFound(
            f"A definition for CodeSystem '{system}' could not be found, so the value set cannot be expanded",
            tx_issue="not-found",
            message_id="UNKNOWN_CODESYSTEM_EXP",
        )
    missing = (
        f"A definition for CodeSystem '{system}' version '{version}' could not be found, so the value set cannot be "
        "expanded. "
    )
    if known:
        return NotFound(
            f"{missing}Valid versions: {version_list(known)}",
            tx_issue="not-found",
            message_id="UNKNOWN_CODESYSTEM_VERSION_EXP",
        )
    return NotFound(
        f"{missing}No versions of this code system are known",
        tx_issue="not-found",
        message_id="UNKNOWN_CODESYSTEM_VERSION_EXP_NONE",
    )


def version_list(versions: Sequence[str]) -> str:
    """Versions as a message lists them.

    >>> version_list(["2.0", "1.0", "1.5"])
    '1.0, 1.5 or 2.0'
    """
    *others, last = sorted(versions)
    return f"{', '.join(others)} or {last}" if others else last


def version_refused(version: str, system: str, required: str) -> str:
    """The text where `check-system-version` refuses a version."""
    return (
        f"The version '{version}' is not allowed for system '{system}': required to be '{required}' by a "
        "version-check parameter"
    )
