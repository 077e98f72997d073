"""Which codes had no target, the most frequent first: what a terminologist should map next."""

from __future__ import annotations

import csv
from pathlib import Path

from termserver.bulk.codes import CodeTranslator
from termserver.bulk.order import BulkOrder
from termserver.bulk.text_files import BulkResult


def most_frequent_unmapped(result: BulkResult, most: int | None = None) -> list[tuple[tuple[str, ...], int]]:
    """The keys without a target and their rows: the most frequent first, equals by key."""
    return sorted(result.counts.unmapped.items(), key=lambda item: (-item[1], item[0]))[:most]


def write_report(path: Path, order: BulkOrder, translator: CodeTranslator, result: BulkResult) -> None:
    """Write a CSV of the keys without a target: their columns, status, number of rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*order.key_columns, "status", "rows"])
        for key, rows in most_frequent_unmapped(result):
            writer.writerow([*key, translator.answer(key).status, rows])
