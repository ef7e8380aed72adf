"""Great Expectations at the gates between layers: what a month of charges must look like before gold is built.

DuckDB aggregates, Great Expectations judges the small result: it cannot read DuckDB itself, and a hundred
thousand rows need no second engine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

EUROS_NOBODY_IS_BILLED_A_DAY = 10_000_000
"""A day beyond this is a unit error (cents, nanos), not a bill."""


@dataclass(frozen=True)
class Gate:
    """A query, and what is expected of its result."""

    name: str
    table: str
    description: str
    sql: str
    expectations: Callable[[], list[Any]]

    def judge(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        """The expectations that failed, with what was seen; empty when all hold."""
        gx = _great_expectations()
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        batch = (
            context.data_sources.add_pandas("gate")
            .add_dataframe_asset("rows")
            .add_batch_definition_whole_dataframe("all")
            .get_batch({"dataframe": frame})
        )
        result = batch.validate(gx.ExpectationSuite(name=self.name, expectations=self.expectations()))
        return [_failure(each) for each in result.results if not each.success]


def _great_expectations() -> Any:
    import great_expectations as gx

    for chatty in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return gx


def _failure(result: Any) -> dict[str, Any]:
    arguments = {k: v for k, v in result.expectation_config.kwargs.items() if k != "batch_id"}
    seen = {k: str(v)[:200] for k, v in result.result.items() if k in ("unexpected_count", "partial_unexpected_list")}
    return {"expectation": result.expectation_config.type, **arguments, **seen}


def _of_charges() -> list[Any]:
    expect = _great_expectations().expectations
    return [
        expect.ExpectColumnValuesToNotBeNull(column="billing_currency"),
        expect.ExpectColumnValuesToMatchRegex(column="billing_currency", regex="^[A-Z]{3}$"),
        expect.ExpectColumnValuesToBeBetween(column="charges", min_value=1),
        expect.ExpectColumnValuesToBeBetween(
            column="billed_cost", min_value=-EUROS_NOBODY_IS_BILLED_A_DAY, max_value=EUROS_NOBODY_IS_BILLED_A_DAY
        ),
        expect.ExpectColumnValuesToBeBetween(column="unpriced_share", min_value=0, max_value=0.5),
        expect.ExpectCompoundColumnsToBeUnique(column_list=["charge_date", "billing_currency"]),
    ]


def _of_prices() -> list[Any]:
    expect = _great_expectations().expectations
    return [
        expect.ExpectColumnValuesToBeBetween(column="lowest_price", min_value=0),
        expect.ExpectColumnValuesToBeBetween(column="overlapping", min_value=0, max_value=0),
    ]


GATES = (
    Gate(
        "days_look_like_a_bill",
        "silver.costs",
        "Every day has charges in one known currency each, of a size a bill can have, and most of them priced.",
        "select charge_date::varchar as charge_date, billing_currency, count(*) as charges, "
        "cast(sum(billed_cost) as double) as billed_cost, "
        "count(*) filter (where billed_cost is null) / count(*) as unpriced_share "
        "from silver.costs group by all",
        _of_charges,
    ),
    Gate(
        "prices_are_usable",
        "silver.prices",
        "No price is negative, and no SKU has two prices on one day.",
        "select cast(coalesce(min(list_unit_price), 0) as double) as lowest_price, "
        "count(*) filter (where next_from < valid_to) as overlapping from ("
        "select *, lead(valid_from) over (partition by sku order by valid_from) as next_from from silver.prices)",
        _of_prices,
    ),
)
