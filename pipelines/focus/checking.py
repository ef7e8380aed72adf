"""Checking a table against our FOCUS 1.4 rule table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import polars as pl
import pyarrow as pa

from pipelines.files.values import without_nulls
from pipelines.focus.casting import Casting, cast
from pipelines.focus.columns import FocusColumn, columns_of
from pipelines.focus.rules_1_4 import ONE_PARENT, PRODUCTS, RULES, Rule, Violation

# A product of a rounded unit price and a rounded quantity may differ from the cost in its last digits.
PRODUCT_TOLERANCE = Decimal("1e-9")
_ISO_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"
_NUMBER = r"^-?\d+(\.\d+)?([eE]-?\d+)?$"


def check_1_4(frame: pa.Table) -> list[Violation]:
    """The rules a FOCUS 1.4 table breaks; columns as text (a CSV's) or typed (a Parquet's)."""
    return check(frame, "1.4")


def check(frame: pa.Table, version: str) -> list[Violation]:
    """The same for another version: its columns, and of the 1.4 rules those about columns it has."""
    columns = {column.name: column for column in columns_of(version)}
    found = _presence(frame.column_names, columns)
    typed: dict[str, pa.Array] = {}
    for name in frame.column_names:
        if name not in columns:
            continue
        values = frame.column(name).combine_chunks()
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            values = _cast_text(columns[name], without_nulls(values.cast(pa.string())), found)
        else:
            values = values.cast(columns[name].arrow_type)
        typed[name] = values
    rows = pl.DataFrame({name: pl.Series(values) for name, values in typed.items()})
    rows = rows.with_columns(_missing_optional(rows.columns))
    present = set(typed)
    for rule in RULES:
        if rule.column in present and set(rule.needs) <= set(rows.columns):
            _record(found, rule, rows.filter(rule.broken.fill_null(False)))
    for cost, price in PRODUCTS:
        if {cost, price, "PricingQuantity"} <= present:
            _check_product(found, rows, cost, price)
    for child, parent in ONE_PARENT:
        if {child, parent} <= present:
            _check_parents(found, rows, child, parent)
    return found


def _presence(names: Sequence[str], columns: dict[str, FocusColumn]) -> list[Violation]:
    found = []
    for column in columns.values():
        if column.level == "Mandatory" and column.name not in names:
            found.append(Violation(f"{column.name}-present", column.name, 0, "the column is absent"))
    for name in names:
        if name not in columns and not name.startswith("x_"):
            found.append(Violation("custom-column-prefix", name, 0, "not a FOCUS column and not prefixed with x_"))
    return found


def _missing_optional(present: Sequence[str]) -> list[pl.Expr]:
    """A conditional column another rule refers to counts as null when it is absent."""
    wanted = {"CommitmentDiscountStatus", "ChargeClass"} - set(present)
    return [pl.lit(None, pl.String).alias(name) for name in sorted(wanted)]


def _cast_text(column: FocusColumn, text: pa.Array, found: list[Violation]) -> pa.Array:
    """Typed values; what is not of the type or not in the published format is a violation."""
    casting = Casting()
    values = cast(column, text, casting)
    if casting.faults:
        example = next(iter(casting.faults.values()))[0]
        found.append(Violation(f"{column.name}-type", column.name, len(casting.faults), example))
    pattern = {"timestamp": _ISO_TIME, "string": None, "json": None}.get(column.kind, _NUMBER)
    texts = pl.Series(text)
    if pattern:
        strange = texts.filter(~texts.str.contains(pattern))
    elif column.kind == "json":
        strange = texts.filter(texts.is_not_null() & ~texts.str.strip_chars().str.starts_with("{"))
        if casting.broken_json:
            found.append(Violation(f"{column.name}-json", column.name, casting.broken_json, "not valid JSON"))
    else:
        strange = texts.filter(texts.str.strip_chars() == "")
    if len(strange):
        found.append(Violation(f"{column.name}-format", column.name, len(strange), str(strange[0])))
    return values


def _record(found: list[Violation], rule: Rule, broken: pl.DataFrame) -> None:
    if broken.height:
        found.append(Violation(rule.name, rule.column, broken.height, str(broken[rule.column][0])))


def _check_product(found: list[Violation], rows: pl.DataFrame, cost: str, price: str) -> None:
    """Multiplied as Python decimals: a 38-digit product of two 38-digit factors would overflow."""
    correction = pl.col("ChargeClass").eq_missing("Correction")
    given = rows.filter(~correction, pl.all_horizontal(pl.col(cost, price, "PricingQuantity").is_not_null()))
    wrong = [
        f"{price} {unit} × PricingQuantity {quantity} ≠ {cost} {total}"
        for unit, quantity, total in given.select(price, "PricingQuantity", cost).iter_rows()
        if abs(unit * quantity - total) > PRODUCT_TOLERANCE * max(abs(total), Decimal(1))
    ]
    if wrong:
        found.append(Violation(f"{cost}-product", cost, len(wrong), wrong[0]))


def _check_parents(found: list[Violation], rows: pl.DataFrame, child: str, parent: str) -> None:
    parents = rows.filter(pl.col(child).is_not_null()).group_by(child).agg(pl.col(parent).n_unique())
    several = parents.filter(pl.col(parent) > 1).sort(child)
    if several.height:
        found.append(Violation(f"{child}-one-{parent}", child, several.height, str(several[child][0])))
