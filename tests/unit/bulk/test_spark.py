"""The join in a real local Spark gives what `termserver translate` gives; needs Java and pyspark (see scripts/test)."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from termserver.bulk.codes import CodeTranslator
from termserver.bulk.order import BulkOrder, Multiple, Unmapped
from termserver.bulk.translate import translate_file
from termserver.exports.registry import write_map
from termserver.terminology.service import Terminology
from tests.unit.bulk.conftest import LOCAL, a_map
from tests.unit.bulk.test_translate import ROWS, write_source

PYTHON = os.environ.get("TERMSERVER_TEST_SPARK")
pytestmark = pytest.mark.skipif(not PYTHON, reason="TERMSERVER_TEST_SPARK names no Python with pyspark")
SCRIPT = """
import json, sys
from importlib.util import module_from_spec, spec_from_file_location
from pyspark.sql import SparkSession
spec = spec_from_file_location("termserver_spark", sys.argv[1])
module = module_from_spec(spec); spec.loader.exec_module(module)
spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
         .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
         .config("spark.sql.shuffle.partitions", "2").getOrCreate())
mapping, frame = spark.read.parquet(sys.argv[2]), spark.read.parquet(sys.argv[3])
found = []
for options in json.loads(sys.argv[4]):
    rows = module.translate_column(frame, mapping, "code", **options).collect()
    found.append(sorted([["" if cell is None else cell for cell in row] for row in rows]))
errors = []
for options in ({"multiple": "some"}, {"unmapped": "lose"}, {"system_column": "no"}):
    try:
        module.translate_column(frame, mapping, "code", **options)
    except ValueError as error:
        errors.append(str(error))
print("RESULT" + json.dumps([found, errors]))
"""
CASES = [
    ({"system": LOCAL}, {}),
    ({"system": LOCAL, "multiple": "first", "broadcast": True}, {"multiple": Multiple.FIRST}),
    ({"system": LOCAL, "multiple": "list", "broadcast": False}, {"multiple": Multiple.LIST}),
    ({"system": LOCAL, "unmapped": "drop"}, {"unmapped": Unmapped.DROP}),
    ({"system": "https://example.org/other", "unmapped": "drop"}, None),
]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_spark_and_the_command_agree(terminology: Terminology, tmp_path: Path) -> None:
    (tmp_path / "map.parquet").write_bytes(b"".join(write_map(a_map("1"), "parquet")))
    source = write_source(tmp_path / "in.parquet", ROWS)
    module = Path(__file__).parents[3] / "termserver" / "bulk" / "spark.py"
    options = json.dumps([given for given, _ in CASES])
    command = [str(PYTHON), "-c", SCRIPT, str(module), str(tmp_path / "map.parquet"), str(source), options]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    line = next((line for line in ran.stdout.splitlines() if line.startswith("RESULT")), None)
    assert line is not None, ran.stderr[-2000:]
    found, errors = json.loads(line.removeprefix("RESULT"))
    for rows, (_, changes) in zip(found, CASES, strict=True):
        assert rows == ([] if changes is None else ours(terminology, source, tmp_path, changes))
    assert [error.split(";")[0] for error in errors] == [
        "multiple is 'some'",
        "unmapped is 'lose'",
        "there is no column 'no'",
    ]


def ours(terminology: Terminology, source: Path, folder: Path, changes: dict[str, object]) -> list[list[str]]:
    order = replace(BulkOrder("code", system=LOCAL), **changes)  # type: ignore[arg-type]
    translate_file(source, folder / "out.parquet", order, CodeTranslator(terminology, order))
    rows = pl.read_parquet(folder / "out.parquet").rows()
    return sorted(["" if cell is None else cell for cell in row] for row in rows)
