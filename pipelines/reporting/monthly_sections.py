"""The sections after the savings, in the order of the review. A further one is a line in SECTIONS."""

from collections.abc import Callable

from pipelines.reporting.money import MoneyFormat
from pipelines.reporting.monthly_areas import idle_section, other_section, rates_section, rightsizing_section
from pipelines.reporting.monthly_gpu import gpu_section
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.monthly_storage import storage_section
from pipelines.reporting.monthly_telemetry import telemetry_section
from pipelines.reporting.review_section import ReviewSection

SECTIONS: tuple[Callable[[MonthlyInput, MoneyFormat], ReviewSection | None], ...] = (
    idle_section,
    rightsizing_section,
    gpu_section,
    storage_section,
    telemetry_section,
    rates_section,
    other_section,
)


def review_sections(report: MonthlyInput, money: MoneyFormat) -> tuple[ReviewSection, ...]:
    """Those that have anything to say, be it that nothing was found."""
    return tuple(section for section in (make(report, money) for make in SECTIONS) if section is not None)
