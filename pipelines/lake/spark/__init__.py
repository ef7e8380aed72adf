"""The second engine: the models of `sql/`, written for DuckDB, translated to Spark's SQL and run by Spark."""
