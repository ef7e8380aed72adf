"""Our own rule table for FOCUS 1.4 Cost and Usage, written from the published column definitions.

No official machine rules are shipped for 1.4, so passing here is our reading of the specification, not a
certificate. Each rule is one statement and one expression that is true for a row that breaks it.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.focus.columns import FocusColumn, columns_of
from pipelines.focus.vocabulary import SERVICE_SUBCATEGORIES, currency_codes

_TIME = "(Year|Month|Day|Hour|Minute|Second)"
_UNIT = rf"^([0-9]+ )?[A-Za-z][A-Za-z0-9]*( [A-Za-z][A-Za-z0-9]*)*(-{_TIME}s)?(/([0-9]+ )?{_TIME}s?)?$"


@dataclass(frozen=True)
class Rule:
    """`broken` is true where a row breaks the statement; `needs` are the columns it reads."""

    name: str
    column: str
    statement: str
    broken: pl.Expr
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Violation:
    """A rule some rows break, how many, and one of the offending values."""

    rule: str
    column: str
    rows: int
    example: str


def _c(name: str) -> pl.Expr:
    return pl.col(name)


def _given(name: str) -> pl.Expr:
    return pl.col(name).is_not_null()


def _absent(name: str) -> pl.Expr:
    return pl.col(name).is_null()


_IS_TAX = _c("ChargeCategory").eq("Tax")
_IS_CORRECTION = _c("ChargeClass").eq("Correction").fill_null(False)
_IS_PRICED = _c("ChargeCategory").is_in(["Usage", "Purchase"]) & ~_IS_CORRECTION
_IS_CONSUMED = _c("ChargeCategory").eq("Usage") & _c("CommitmentDiscountStatus").ne_missing("Unused")
_CATEGORY = ("ChargeCategory", "ChargeClass")


def _rule(column: str, what: str, statement: str, broken: pl.Expr, *needs: str) -> Rule:
    return Rule(f"{column}-{what}", column, f"{column} {statement}", broken, (column, *needs))


def _column_rules(column: FocusColumn) -> list[Rule]:
    """What the definition of one column says about its values, taken by themselves."""
    name = column.name
    rules = []
    if not column.nullable:
        rules.append(_rule(name, "not-null", "must not be null", _absent(name)))
    if column.allowed:
        wrong = ~_c(name).is_in(list(column.allowed)) & _given(name)
        rules.append(_rule(name, "allowed-value", f"must be one of {', '.join(column.allowed)}", wrong))
    if column.kind == "unit_price":
        rules.append(_rule(name, "non-negative", "must not be negative", _c(name) < 0))
    if name.endswith("Currency"):
        wrong = ~_c(name).is_in(sorted(currency_codes())) & _given(name)
        rules.append(_rule(name, "iso-4217", "must be an ISO 4217 code", wrong))
    if name.endswith("Unit"):
        wrong = ~_c(name).str.contains(_UNIT) & _given(name)
        rules.append(_rule(name, "unit-format", "should be a FOCUS unit such as GB-Hours", wrong))
    return rules


def _follows(column: str, leader: str) -> list[Rule]:
    """`column` is null exactly where `leader` is."""
    return [
        _rule(
            column, f"null-without-{leader}", f"must be null when {leader} is", _given(column) & _absent(leader), leader
        ),
        _rule(
            column, f"given-with-{leader}", f"must be given when {leader} is", _absent(column) & _given(leader), leader
        ),
    ]


def _only_with(column: str, leader: str) -> Rule:
    return _rule(
        column, f"null-without-{leader}", f"must be null when {leader} is", _given(column) & _absent(leader), leader
    )


def _pricing_rules() -> list[Rule]:
    rules = []
    for name in ("SkuId", "SkuPriceId", "PricingQuantity", "ListUnitPrice", "ContractedUnitPrice", "PricingCategory"):
        tax = _IS_TAX & _given(name)
        rules.append(_rule(name, "null-for-tax", "must be null for Tax", tax, "ChargeCategory"))
        lacking = _IS_PRICED & _absent(name)
        statement = "must be given for Usage and Purchase unless a correction"
        rules.append(_rule(name, "given-when-priced", statement, lacking, *_CATEGORY))
    for name in ("ListUnitPrice", "ContractedUnitPrice"):
        rules += _follows(name, "SkuPriceId")
    rules.append(_only_with("PricingQuantity", "SkuPriceId"))
    rules.append(_only_with("SkuPriceDetails", "SkuPriceId"))
    rules.append(_only_with("SkuMeter", "SkuId"))
    rules += _follows("PricingUnit", "PricingQuantity")
    return rules


def _consumption_rules() -> list[Rule]:
    needs = (*_CATEGORY, "CommitmentDiscountStatus")
    name = "ConsumedQuantity"
    return [
        _rule(name, "usage-only", "must be null unless used Usage", _given(name) & ~_IS_CONSUMED, *needs),
        _rule(
            name,
            "given-for-usage",
            "must be given for used Usage unless a correction",
            _absent(name) & _IS_CONSUMED & ~_IS_CORRECTION,
            *needs,
        ),
        *_follows("ConsumedUnit", name),
    ]


def _identity_rules() -> list[Rule]:
    rules = [_only_with("ResourceName", "ResourceId"), _only_with("CapacityReservationStatus", "CapacityReservationId")]
    rules += _follows("ResourceType", "ResourceId")
    for column in ("SubAccountName", "SubAccountType"):
        rules += _follows(column, "SubAccountId")
    rules += _follows("RegionName", "RegionId")
    for column in ("Category", "Type"):
        rules += _follows(f"CommitmentDiscount{column}", "CommitmentDiscountId")
    rules.append(_only_with("CommitmentDiscountStatus", "CommitmentDiscountId"))
    rules += _follows("CommitmentDiscountUnit", "CommitmentDiscountQuantity")
    return rules


def _other_rules() -> list[Rule]:
    parents = _c("ServiceSubcategory").replace_strict(SERVICE_SUBCATEGORIES, default=None, return_dtype=pl.String)
    return [
        _rule(
            "ServiceSubcategory",
            "parent",
            "must belong to its ServiceCategory",
            (parents != _c("ServiceCategory")).fill_null(False),
            "ServiceCategory",
        ),
        _rule(
            "ChargeFrequency",
            "purchase",
            "must not be Usage-Based for Purchase",
            _c("ChargeCategory").eq("Purchase") & _c("ChargeFrequency").eq("Usage-Based"),
            "ChargeCategory",
        ),
        _rule(
            "BillingPeriodEnd",
            "after-start",
            "must be after its start",
            _c("BillingPeriodEnd") <= _c("BillingPeriodStart"),
            "BillingPeriodStart",
        ),
        _rule(
            "ChargePeriodEnd",
            "after-start",
            "must be after its start",
            _c("ChargePeriodEnd") <= _c("ChargePeriodStart"),
            "ChargePeriodStart",
        ),
        _rule(
            "BilledCost",
            "credit-sign",
            "must not be positive for a Credit",
            _c("ChargeCategory").eq("Credit") & (_c("BilledCost") > 0) & ~_IS_CORRECTION,
            *_CATEGORY,
        ),
    ]


def _credit_rules() -> list[Rule]:
    rules = []
    for cost, price in (("ListCost", "ListUnitPrice"), ("ContractedCost", "ContractedUnitPrice")):
        unpriced = _c("ChargeCategory").eq("Credit") & _absent(price) & (_c(cost) != _c("BilledCost"))
        statement = f"must equal BilledCost for a Credit without {price}"
        rules.append(_rule(cost, "credit", statement, unpriced, "ChargeCategory", "BilledCost", price))
    return rules


RULES: tuple[Rule, ...] = (
    *(rule for column in columns_of("1.4") for rule in _column_rules(column)),
    *_pricing_rules(),
    *_consumption_rules(),
    *_identity_rules(),
    *_other_rules(),
    *_credit_rules(),
)

# cost, unit price: cost = unit price × PricingQuantity, where all three are given and it is no correction
PRODUCTS = (("ListCost", "ListUnitPrice"), ("ContractedCost", "ContractedUnitPrice"))

# value of the first: always the same value of the second
ONE_PARENT = (("SkuPriceId", "SkuId"), ("ServiceName", "ServiceCategory"))


def rules_as_markdown() -> str:
    """The table as a list, for `docs/focus.md`."""
    lines = [f"- `{rule.name}`: {rule.statement}" for rule in RULES]
    lines += [f"- `{cost}-product`: {cost} must be {price} × PricingQuantity, to 1e-9" for cost, price in PRODUCTS]
    lines += [f"- `{child}-one-{parent}`: {child} must have one {parent}" for child, parent in ONE_PARENT]
    return "\n".join(lines)
