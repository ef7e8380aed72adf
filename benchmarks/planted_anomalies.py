"""Does a lake tell of every unusual cost that its scenario planted, where it happened, and of little else?

`python -m benchmarks.planted_anomalies --scenario demo --lake DIR` holds gold.anomalies against the simulator's truth
and prints what was found, missed and told besides. It ends with 1 when something planted is missed, a trap was stepped
into or more than one other anomaly asks for action.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

ANOMALY = "anomaly"
SUDDEN = frozenset({ANOMALY, "egress", "observability"})
"""Kinds of planted items that show in the bill on the day they begin, where they begin within it."""
MOST_OTHERS = 1
_NEAR = timedelta(days=1)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """Anomalies that ask for action by what was planted, what nobody told of, and what was told besides."""

    found: Mapping[str, Row]
    missed: Sequence[str]
    others: Sequence[Row]
    trapped: Sequence[str]

    @property
    def is_kept(self) -> bool:
        """Whether all were found, with at most one other."""
        return not self.missed and not self.trapped and len(self.others) <= MOST_OTHERS


def compare(truth: Mapping[str, Any], anomalies: Sequence[Row], causes: Sequence[Row]) -> Compared:
    """Rows of gold.anomalies and gold.anomaly_causes against the truth of a scenario."""
    actionable = [row for row in anomalies if row["is_actionable"]]
    touched = {row["anomaly_id"]: _resources(row, causes) for row in actionable}
    found: dict[str, Row] = {}
    missed = []
    for item in planted(truth):
        told = [row for row in actionable if _begins(row, item) and touched[row["anomaly_id"]] & _of(item)]
        if told:
            found[item["id"]] = told[0]
        else:
            missed.append(item["id"])
    known = {row["anomaly_id"] for row in found.values()}
    others = [row for row in actionable if row["anomaly_id"] not in known]
    trapped = [
        item["id"]
        for item in truth["traps"]
        for row in others
        if item["kind"] == ANOMALY and touched[row["anomaly_id"]] & _of(item) and _overlaps(row, item)
    ]
    return Compared(found, missed, others, trapped)


def planted(truth: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What shows in the bill as an event: all called so, and others that begin after the bill does."""
    begins = min(truth["months"])
    return [
        item
        for item in truth["planted"]
        if item["kind"] == ANOMALY or (item["kind"] in SUDDEN and item["from"][:7] > begins)
    ]


def is_urgent(item: Mapping[str, Any]) -> bool:
    """Whether the scenario expects to be woken by it."""
    return "urgent" in item["expect"]


def _resources(row: Row, causes: Sequence[Row]) -> set[str]:
    parts = [each for each in causes if each["anomaly_id"] == row["anomaly_id"]]
    return {each["resource_id"] for each in (row, *parts) if each["resource_id"]}


def _of(item: Mapping[str, Any]) -> set[str]:
    return set(item["resource_ids"])


def _begins(row: Row, item: Mapping[str, Any]) -> bool:
    return bool(abs(row["first_day"] - _day(item["from"])) <= _NEAR)


def _overlaps(row: Row, item: Mapping[str, Any]) -> bool:
    ends: date = _day(item["to"]) if item["to"] else date.max
    return bool(row["first_day"] <= ends and row["last_day"] >= _day(item["from"]))


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).date()


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the promise is kept."""
    from assets.tables import open_catalog
    from pipelines.lake.address import parse_address
    from pipelines.lake.store import Lake
    from simulator.loading import load
    from simulator.truth import truth
    from simulator.world import build

    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted_anomalies", description=__doc__)
    parser.add_argument("--scenario", default="demo", help="a scenario file, or the name of one that is shipped")
    parser.add_argument("--lake", required=True, help="a lake that was made of it")
    options = parser.parse_args(arguments)
    world = build(load(options.scenario))
    catalog = open_catalog(Lake(parse_address(options.lake)))
    rows = [catalog.query(f"select * from {table}").to_pylist() for table in ("gold.anomalies", "gold.anomaly_causes")]
    found = compare(truth(world, int(world.scenario.today.timestamp())), *rows)
    for line in lines(found):
        print(line)
    return 0 if found.is_kept else 1


def lines(found: Compared) -> Iterable[str]:
    """What a person reads."""
    for name, row in found.found.items():
        yield f"found    {name}: {_told(row)}"
    for name in found.missed:
        yield f"MISSED   {name}"
    for row in found.others:
        yield f"besides  {_told(row)}"
    for name in found.trapped:
        yield f"TRAPPED  {name}"


def _told(row: Row) -> str:
    return (
        f"{row['first_day']} {row['kind']}, {row['severity']}: {row['root_cause']} ({row['impact']:+.2f} {row['unit']})"
    )


if __name__ == "__main__":
    raise SystemExit(main())
