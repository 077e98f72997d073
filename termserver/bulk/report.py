"""Which codes had no target, the most frequent first: what a terminologist should map next."""

from __future__ import annotations

import csv
from pathlib import Path

from termserver.bulk.codes import CodeTranslator
from termserver.bulk.order import BulkOrder
from termserver.bulk.text_files import BulkResult


def write_report(path: Path, order: BulkOrder, translator: CodeTranslator, result: BulkResult) -> None:
    """Write a CSV of the keys without a target: their columns, status, number of rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*order.key_columns, "status", "rows"])
        for key, rows in sorted(result.counts.unmapped.items(), key=lambda item: (-item[1], item[0])):
            writer.writerow([*key, translator.answer(key).status, rows])
