"""The columns of a FOCUS Cost and Usage dataset, versions 1.0 to 1.4, as one table.

Read from the published specification. A column's feature level and nullability are given for the newest
version that has it; where they changed, `LEVEL_BEFORE` keeps what earlier versions said.
"""

import re
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from pipelines.focus.vocabulary import SERVICE_CATEGORIES, SERVICE_SUBCATEGORIES

Kind = Literal["string", "money", "quantity", "unit_price", "timestamp", "json"]
Level = Literal["Mandatory", "Conditional", "Recommended", "Optional"]

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")
DECIMAL = pa.decimal128(38, 18)
TIMESTAMP = pa.timestamp("us", tz="UTC")

_ALLOWED: dict[str, tuple[str, ...]] = {
    "CapacityReservationStatus": ("Used", "Unused"),
    "ChargeCategory": ("Usage", "Purchase", "Tax", "Credit", "Adjustment"),
    "ChargeClass": ("Correction",),
    "ChargeFrequency": ("One-Time", "Recurring", "Usage-Based"),
    "CommitmentDiscountCategory": ("Spend", "Usage"),
    "CommitmentDiscountStatus": ("Used", "Unused"),
    "PricingCategory": ("Standard", "Dynamic", "Committed", "Other"),
    "ServiceCategory": SERVICE_CATEGORIES,
    "ServiceSubcategory": tuple(SERVICE_SUBCATEGORIES),
}

# name | kind | level (M, C, R) | null allowed (n) or not (-) | versions
_TABLE = """
AllocatedMethodDetails              json       R n 1.3-1.4
AllocatedMethodId                   string     C n 1.3-1.4
AllocatedResourceId                 string     C n 1.3-1.4
AllocatedResourceName               string     C n 1.3-1.4
AllocatedTags                       json       C n 1.3-1.4
AvailabilityZone                    string     R n 1.0-1.4
BilledCost                          money      M - 1.0-1.4
BillingAccountId                    string     M - 1.0-1.4
BillingAccountName                  string     M n 1.0-1.4
BillingAccountType                  string     C - 1.2-1.4
BillingCurrency                     string     M - 1.0-1.4
BillingPeriodEnd                    timestamp  M - 1.0-1.4
BillingPeriodStart                  timestamp  M - 1.0-1.4
CapacityReservationId               string     C n 1.1-1.4
CapacityReservationStatus           string     C n 1.1-1.4
ChargeCategory                      string     M - 1.0-1.4
ChargeClass                         string     M n 1.0-1.4
ChargeDescription                   string     M n 1.0-1.4
ChargeFrequency                     string     R - 1.0-1.4
ChargePeriodEnd                     timestamp  M - 1.0-1.4
ChargePeriodStart                   timestamp  M - 1.0-1.4
CommitmentDiscountCategory          string     C n 1.0-1.4
CommitmentDiscountId                string     C n 1.0-1.4
CommitmentDiscountName              string     C n 1.0-1.4
CommitmentDiscountQuantity          quantity   C n 1.1-1.4
CommitmentDiscountStatus            string     C n 1.0-1.4
CommitmentDiscountType              string     C n 1.0-1.4
CommitmentDiscountUnit              string     C n 1.1-1.4
CommitmentProgramEligibilityDetails json       C n 1.4-1.4
ConsumedQuantity                    quantity   C n 1.0-1.4
ConsumedUnit                        string     C n 1.0-1.4
ContractApplied                     json       C n 1.3-1.4
ContractedCost                      money      M - 1.0-1.4
ContractedUnitPrice                 unit_price C n 1.0-1.4
EffectiveCost                       money      M - 1.0-1.4
HostProviderName                    string     M n 1.3-1.4
InvoiceDetailId                     string     C n 1.4-1.4
InvoiceId                           string     C n 1.2-1.4
InvoiceIssuerName                   string     M - 1.0-1.4
ListCost                            money      M - 1.0-1.4
ListUnitPrice                       unit_price C n 1.0-1.4
PricingCategory                     string     C n 1.0-1.4
PricingCurrency                     string     C - 1.2-1.4
PricingCurrencyContractedUnitPrice  unit_price C n 1.2-1.4
PricingCurrencyEffectiveCost        money      C - 1.2-1.4
PricingCurrencyListUnitPrice        unit_price C n 1.2-1.4
PricingQuantity                     quantity   M n 1.0-1.4
PricingUnit                         string     M n 1.0-1.4
ProviderName                        string     M - 1.0-1.3
PublisherName                       string     M - 1.0-1.3
RegionId                            string     C n 1.0-1.4
RegionName                          string     C n 1.0-1.4
ResourceId                          string     C n 1.0-1.4
ResourceName                        string     C n 1.0-1.4
ResourceType                        string     C n 1.0-1.4
ServiceCategory                     string     M - 1.0-1.4
ServiceName                         string     M - 1.0-1.4
ServiceProviderName                 string     M - 1.3-1.4
ServiceSubcategory                  string     R - 1.1-1.4
SkuId                               string     C n 1.0-1.4
SkuMeter                            string     C n 1.1-1.4
SkuPriceDetails                     json       C n 1.1-1.4
SkuPriceId                          string     C n 1.0-1.4
SubAccountId                        string     C n 1.0-1.4
SubAccountName                      string     C n 1.0-1.4
SubAccountType                      string     C n 1.2-1.4
Tags                                json       C n 1.0-1.4
"""

_LEVELS: dict[str, Level] = {"M": "Mandatory", "C": "Conditional", "R": "Recommended", "O": "Optional"}

# (column, version): level and nullability where they differ from the newest version's
LEVEL_BEFORE: dict[tuple[str, str], tuple[Level, bool]] = {
    ("InvoiceId", "1.2"): ("Recommended", True),
    ("InvoiceId", "1.3"): ("Recommended", True),
    ("PricingCurrency", "1.2"): ("Conditional", True),
    ("PricingCurrency", "1.3"): ("Conditional", True),
    ("PricingCurrencyEffectiveCost", "1.2"): ("Conditional", True),
    ("PricingCurrencyEffectiveCost", "1.3"): ("Conditional", True),
}

# 1.3 split one provider into two roles and kept the old pair as deprecated; 1.4 dropped the old pair.
SUCCESSORS = {"ProviderName": "HostProviderName", "PublisherName": "ServiceProviderName"}


@dataclass(frozen=True)
class FocusColumn:
    """One column as one version of the specification defines it."""

    name: str
    kind: Kind
    level: Level
    nullable: bool
    allowed: tuple[str, ...] | None

    @property
    def snake(self) -> str:
        return snake_case(self.name)

    @property
    def arrow_type(self) -> pa.DataType:
        return arrow_type(self.kind)


def snake_case(name: str) -> str:
    """`PricingCurrencyListUnitPrice` -> `pricing_currency_list_unit_price`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def arrow_type(kind: Kind) -> pa.DataType:
    if kind in ("money", "quantity", "unit_price"):
        return DECIMAL
    return TIMESTAMP if kind == "timestamp" else pa.string()


def _parse() -> tuple[tuple[FocusColumn, str, str], ...]:
    rows = []
    for line in _TABLE.strip().splitlines():
        name, kind, level, null, versions = line.split()
        since, until = versions.split("-")
        column = FocusColumn(name, kind, _LEVELS[level], null == "n", _ALLOWED.get(name))  # type: ignore[arg-type]
        rows.append((column, since, until))
    return tuple(rows)


_ALL = _parse()

ALL_COLUMNS: tuple[FocusColumn, ...] = tuple(column for column, _, _ in _ALL)
BY_NAME: dict[str, FocusColumn] = {column.name: column for column in ALL_COLUMNS}


def columns_of(version: str) -> tuple[FocusColumn, ...]:
    """The columns of one FOCUS version, in the specification's (alphabetical) order."""
    found = []
    for column, since, until in _ALL:
        if since <= version <= until:
            level, nullable = LEVEL_BEFORE.get((column.name, version), (column.level, column.nullable))
            found.append(FocusColumn(column.name, column.kind, level, nullable, column.allowed))
    return tuple(found)


def mandatory_of(version: str) -> tuple[str, ...]:
    return tuple(column.name for column in columns_of(version) if column.level == "Mandatory")


def detect_version(names: set[str]) -> str:
    """The lowest version that explains which FOCUS columns a file has."""
    if names & {"ServiceProviderName", "HostProviderName"} and not names & set(SUCCESSORS):
        return "1.4"
    introduced = [since for column, since, _ in _ALL if column.name in names]
    return max(introduced, default="1.0")


# Every FOCUS column of any version, typed: the columns `silver.focus_costs` and `bronze.focus_lines` share.
SILVER_COLUMNS: tuple[tuple[str, pa.DataType], ...] = tuple((column.snake, column.arrow_type) for column in ALL_COLUMNS)

FOCUS_LINES_SCHEMA = pa.schema(
    [
        pa.field("source_file", pa.string(), nullable=False),
        pa.field("source_hash", pa.string(), nullable=False),
        pa.field("line_number", pa.int64(), nullable=False),
        pa.field("focus_version", pa.string(), nullable=False),
        pa.field("billing_month", pa.string(), nullable=False),
        *(pa.field(name, kind) for name, kind in SILVER_COLUMNS),
        pa.field("x_columns", pa.string()),
    ]
)

QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("source_file", pa.string(), nullable=False),
        pa.field("source_hash", pa.string(), nullable=False),
        pa.field("line_number", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("raw_line", pa.string(), nullable=False),
    ]
)
