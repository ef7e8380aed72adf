"""How often an alarm of each kind was right where measured. Written by `benchmarks.anomalies`."""

from typing import Final

SOURCE: Final = "docs/anomaly_accuracy.md: python -m benchmarks.anomalies DIR --repeats 4 --seed 1 --cross-validate"
LEAST_ALARMS: Final = 10  # fewer say nothing about a share

# right alarms, and all: of events put into real daily series, and the series' own, seen in hindsight
ALARMS: Final = {
    "burst": (33, 33),
    "drift": (45, 62),
    "drop": (140, 145),
    "level_shift": (273, 288),
    "missing": (114, 114),
    "new_service": (58, 58),
    "spike": (153, 174),
}


def confidence_of(kind: str) -> float | None:
    """The measured precision of this kind; None where it was not measured, or on too few alarms."""
    right, every = ALARMS.get(kind, (0, 0))
    return right / every if every >= LEAST_ALARMS else None
