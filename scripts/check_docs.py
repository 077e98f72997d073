"""Check the docs: every setting, command and route page is described, and no link between pages is broken."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "termserver" / "docs"
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def undocumented_settings() -> list[str]:
    """Settings without a line in operators/settings.md."""
    from termserver.settings import Settings

    text = (DOCS / "operators" / "settings.md").read_text(encoding="utf-8")
    return [
        f"setting '{name}' is not in operators/settings.md" for name in Settings.model_fields if f"`{name}`" not in text
    ]


def undocumented_commands() -> list[str]:
    """Subcommands that no page names."""
    from termserver.cli.main import termserver

    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md"))
    return [
        f"no page names 'termserver {name}'"
        for name in termserver.list_commands(None)
        if f"termserver {name}" not in text
    ]  # type: ignore[arg-type]


def broken_links() -> list[str]:
    """Relative links to files that do not exist."""
    pages = [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    return [
        f"{page.relative_to(ROOT)} links to {target}, which does not exist"
        for page in pages
        for target in _LINK.findall(page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:|#|/", target) and not (page.parent / target.split("#")[0]).exists()
    ]


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    wrong = [*undocumented_settings(), *undocumented_commands(), *broken_links()]
    for line in wrong:
        print(f"docs: {line}")
    print(f"docs: {len(wrong)} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
