"""The command `termserver`."""

from __future__ import annotations

from termserver.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
