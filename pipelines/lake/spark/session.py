"""The Spark session: one a process, set to the arithmetic, the clock and the order that DuckDB has."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Final

from pipelines.errors import ConfigurationError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_MEANING: Final = {
    # an overflow or a value that is no number is an error, never a null
    "spark.sql.ansi.enabled": "true",
    # a product keeps its decimals; Spark would rather round than refuse
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.legacy.decimal.retainFractionDigitsOnTruncate": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # a key told twice keeps its place and takes the last value
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
    # breaks plans that are right, and then refuses them
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.RemoveRedundantAliases",
}
_HERE: Final = {
    "spark.master": "local[*]",
    "spark.app.name": "scaleway-finops",
    # listens to this machine alone, and shows no page
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.driver.memory": "2g",
    # nothing is kept there, and the folder one stands in stays clean
    "spark.sql.warehouse.dir": str(Path(gettempdir(), "finops-spark-warehouse")),
    "spark.sql.shuffle.partitions": "4",
    "spark.log.level": "ERROR",
}
"""Of a session on one machine; `spark-submit` and spark-defaults.conf replace them."""


@cache
def spark_session() -> SparkSession:
    """Started when first asked for. ConfigurationError without pyspark or Java."""
    try:
        from pyspark import SparkConf
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError:
        raise ConfigurationError(
            "engine = 'spark' needs pyspark: install scaleway-finops[spark], or set engine = 'duckdb'"
        ) from None
    told = SparkConf()
    builder = SparkSession.builder
    if not told.contains("spark.master"):
        for key, value in _HERE.items():
            if not told.contains(key):
                builder = builder.config(key, value)
    for key, value in _MEANING.items():
        builder = builder.config(key, value)
    try:
        return builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    except (PySparkRuntimeError, FileNotFoundError) as error:
        reason = str(error).splitlines()[0][:200]
        raise ConfigurationError(
            f"engine = 'spark': Spark does not start ({reason}); it needs Java 17 or 21"
        ) from error
