"""Great Expectations at the gates between layers: what bronze must look like before silver is built, and silver
before gold.

DuckDB aggregates, Great Expectations judges the small result: it cannot read DuckDB itself, and a hundred
thousand rows need no second engine.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pipelines.lake.sql_models import load_gates

if TYPE_CHECKING:
    import pyarrow as pa

A_DAY_NO_BILL_REACHES = 10_000_000
"""In any currency; a day beyond this is a unit error (cents, nanos), not a bill."""

Expectation = tuple[str, Mapping[str, Any]]
"""Name of a class of `great_expectations.expectations`, and its arguments."""


@dataclass(frozen=True)
class Gate:
    """A query, and what is expected of its result."""

    name: str
    table: str
    description: str
    sql: str
    expectations: Sequence[Expectation]

    def fingerprint(self, rows: pa.Table) -> str:
        """Equal when the same rows would be judged by the same expectations."""
        judged = (
            version("great-expectations"),
            repr(self.expectations),
            *sorted(repr(row) for row in rows.to_pylist()),
        )
        return hashlib.sha256("|".join(judged).encode()).hexdigest()[:32]

    def judge(self, rows: pa.Table) -> list[dict[str, Any]]:
        """The expectations that failed, with what was seen; empty when all hold."""
        gx = _great_expectations()
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        batch = (
            context.data_sources.add_pandas("gate")
            .add_dataframe_asset("rows")
            .add_batch_definition_whole_dataframe("all")
            .get_batch({"dataframe": rows.to_pandas()})
        )
        expected = [getattr(gx.expectations, name)(**arguments) for name, arguments in self.expectations]
        result = batch.validate(gx.ExpectationSuite(name=self.name, expectations=expected))
        return [_failure(each) for each in result.results if not each.success]


def _great_expectations() -> Any:
    """Imported here: it takes seconds, and a run whose data did not change needs none of it."""
    import great_expectations as gx

    for chatty in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return gx


def _failure(result: Any) -> dict[str, Any]:
    arguments = {k: v for k, v in result.expectation_config.kwargs.items() if k != "batch_id"}
    seen = {k: str(v)[:200] for k, v in result.result.items() if k in ("unexpected_count", "partial_unexpected_list")}
    return {"expectation": result.expectation_config.type, **arguments, **seen}


def _between(column: str, low: float | None, high: float | None) -> Expectation:
    return "ExpectColumnValuesToBeBetween", {"column": column, "min_value": low, "max_value": high}


def _none(column: str) -> Expectation:
    return _between(column, 0, 0)


EXPECTED: Mapping[str, Sequence[Expectation]] = {
    "charges_can_be_read": (
        _between("charges", 1, None),
        *(_none(f"without_{part}") for part in ("project", "sku", "start", "end", "currency")),
        _none("unreadable_price"),
    ),
    "hours_are_plausible": (
        _between("hours", 1, None),
        *(_none(column) for column in ("unordered", "empty_hours", "overfull", "not_finite")),
    ),
    "resources_have_a_place": (
        ("ExpectColumnValuesToNotBeNull", {"column": "resource_type"}),
        _between("resources", 1, None),
        _none("without_id"),
        _none("backwards"),
    ),
    "days_look_like_a_bill": (
        ("ExpectColumnValuesToNotBeNull", {"column": "billing_currency"}),
        ("ExpectColumnValuesToMatchRegex", {"column": "billing_currency", "regex": "^[A-Z]{3}$"}),
        _between("charges", 1, None),
        _between("billed_cost", -A_DAY_NO_BILL_REACHES, A_DAY_NO_BILL_REACHES),
        _between("unpriced_share", 0, 0.5),
        ("ExpectCompoundColumnsToBeUnique", {"column_list": ["charge_date", "billing_currency"]}),
    ),
    "prices_are_usable": (_between("lowest_price", 0, None), _none("overlapping")),
}
"""What is expected of the rows of each file of `sql/gates`."""


def load_all_gates() -> tuple[Gate, ...]:
    """Each gate with its query. Raises KeyError when a file has no expectations, or the other way round."""
    found = load_gates()
    return tuple(
        Gate(name, found[name].table, found[name].description, found[name].sql, EXPECTED[name])
        for name in sorted({*found, *EXPECTED})
    )


GATES = load_all_gates()
