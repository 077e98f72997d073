"""$translate in Spark: a DataFrame joined with a map that was exported as Parquet, by the rules of `bulk.codes`.

    termserver export 'https://example.org/ConceptMap/diagnoses|1.0' --format parquet -o diagnoses.parquet

Imports nothing of termserver, so that this one file can be sent to a cluster (`--py-files spark.py`). Needs pyspark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

ADDED = ("target_code", "target_display", "target_system", "relationship", "map", "status")
_LARGEST_CLOSENESS = 3
_CODE, _SYSTEM = "__termserver_code", "__termserver_system"


def translate_column(
    frame: DataFrame,
    mapping: DataFrame,
    code_column: str,
    *,
    system: str | None = None,
    system_column: str | None = None,
    multiple: str = "explode",
    unmapped: str = "keep",
    prefix: str = "",
    broadcast: bool | None = None,
) -> DataFrame:
    """Add the targets of a column of codes.

    Parameters
    ----------
    mapping
        `spark.read.parquet` of an exported map; several maps by `unionByName`.
    system
        Canonical URL of the codes' system; or `system_column`, where rows differ; neither takes every system of the map.
    multiple
        `explode` (a row a target), `first` (the closest relationship), `list` (values joined by `|`).
    unmapped
        `keep` (empty target columns and a status) or `drop`.
    prefix
        In front of the names of the added columns.
    broadcast
        True sends the map to every executor, False shuffles both sides; None leaves it to Spark.

    Returns
    -------
    All columns of `frame`, then target_code, target_display, target_system, relationship, map and status.

    Raises
    ------
    ValueError
        If an option has no such value, or a column is missing or in the way.
    """
    from pyspark.sql import functions as F  # noqa: N812  as Spark's own documentation writes it

    _check(frame, code_column, system_column, multiple, unmapped, prefix)
    if system is not None:
        mapping = mapping.where(F.col("source_system") == system)
    answers = _answers(mapping, multiple)
    if broadcast is not None:
        answers = F.broadcast(answers) if broadcast else answers.hint("shuffle_hash")
    condition: Column = frame[code_column].cast("string") == answers[_CODE]
    if system_column is not None:
        condition = condition & (frame[system_column] == answers[_SYSTEM])
    joined = frame.join(answers, condition, "left")
    status = F.coalesce(answers["status"], F.lit("unmapped"))
    if unmapped == "drop":
        joined = joined.where(status == "mapped")
    added = [answers[name].alias(f"{prefix}{name}") for name in ADDED[:-1]]
    return joined.select(*(frame[name] for name in frame.columns), *added, status.alias(f"{prefix}status"))


def _answers(mapping: DataFrame, multiple: str) -> DataFrame:
    """One line a (system, code, target), or one a code; codes without a usable target with their status."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F  # noqa: N812

    keys = ["source_system", "source_code"]
    whole = Window.partitionBy(*keys)
    related = F.col("closeness") <= _LARGEST_CLOSENESS
    usable = related & ~F.col("conditional")
    marked = mapping.withColumn("usable", usable).withColumn("any_usable", F.max(usable).over(whole))
    marked = marked.withColumn("any_conditional", F.max(related & F.col("conditional")).over(whole))
    order = Window.partitionBy(*keys).orderBy("closeness", "position")
    ranked = marked.withColumn("place", F.row_number().over(order))
    mapped = ranked.where("usable")
    if multiple == "first":
        first = Window.partitionBy(*keys).orderBy("closeness", "position")
        mapped = mapped.withColumn("nth", F.row_number().over(first)).where("nth = 1")
    columns = [F.col("source_code").alias(_CODE), F.col("source_system").alias(_SYSTEM)]
    targets = ["target_code", "target_display", "target_system", "relationship", "map"]
    if multiple == "list":
        # Cells in the order of closeness: sorted by their place, which stands in front
        packed = F.sort_array(
            F.collect_list(F.struct("place", *(F.coalesce(name, F.lit("")).alias(name) for name in targets)))
        )
        grouped = mapped.groupBy(*keys).agg(packed.alias("lines"))
        cells = [F.array_join(F.col(f"lines.{name}"), "|").alias(name) for name in targets]
        found = grouped.select(*columns, *cells, F.lit("mapped").alias("status"))
    else:
        found = mapped.select(*columns, *targets, F.lit("mapped").alias("status"))
    status = F.when(F.col("any_conditional"), "conditional").otherwise("no-map")
    without = ranked.where("not any_usable and place = 1").select(
        *columns, *(F.lit(None).cast("string").alias(name) for name in targets), status.alias("status")
    )
    return found.unionByName(without)


def _check(
    frame: DataFrame, code_column: str, system_column: str | None, multiple: str, unmapped: str, prefix: str
) -> None:
    if multiple not in {"explode", "first", "list"}:
        raise ValueError(f"multiple is '{multiple}'; it can be explode, first or list")
    if unmapped not in {"keep", "drop"}:
        raise ValueError(f"unmapped is '{unmapped}'; it can be keep or drop")
    for column in (code_column, *(() if system_column is None else (system_column,))):
        if column not in frame.columns:
            raise ValueError(f"there is no column '{column}'; there are: {', '.join(frame.columns)}")
    taken = [f"{prefix}{name}" for name in ADDED if f"{prefix}{name}" in frame.columns]
    if taken:
        raise ValueError(f"the columns {', '.join(taken)} stand in the frame already; give a prefix")
