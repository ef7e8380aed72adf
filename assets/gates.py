"""Great Expectations at the gates between layers: what a month of charges must look like before gold is built.

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


GATES = (
    Gate(
        "days_look_like_a_bill",
        "silver.costs",
        "Every day has charges in one known currency each, of a size a bill can have, and most of them priced.",
        "select charge_date::varchar as charge_date, billing_currency, count(*) as charges, "
        "cast(sum(billed_cost) as double) as billed_cost, "
        "count(*) filter (where billed_cost is null) / count(*) as unpriced_share "
        "from silver.costs group by all",
        (
            ("ExpectColumnValuesToNotBeNull", {"column": "billing_currency"}),
            ("ExpectColumnValuesToMatchRegex", {"column": "billing_currency", "regex": "^[A-Z]{3}$"}),
            _between("charges", 1, None),
            _between("billed_cost", -A_DAY_NO_BILL_REACHES, A_DAY_NO_BILL_REACHES),
            _between("unpriced_share", 0, 0.5),
            ("ExpectCompoundColumnsToBeUnique", {"column_list": ["charge_date", "billing_currency"]}),
        ),
    ),
    Gate(
        "prices_are_usable",
        "silver.prices",
        "No price is negative, and no SKU has two prices on one day.",
        "select cast(coalesce(min(list_unit_price), 0) as double) as lowest_price, "
        "count(*) filter (where next_from < valid_to) as overlapping from ("
        "select *, lead(valid_from) over (partition by sku order by valid_from) as next_from from silver.prices)",
        (_between("lowest_price", 0, None), _between("overlapping", 0, 0)),
    ),
)
