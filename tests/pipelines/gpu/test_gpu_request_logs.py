"""A real log of requests, taken as it was published, beside figures worked out by hand."""

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from assets.import_metrics import import_metrics
from benchmarks.gpu_requests import main, measure, read_log
from pipelines.gpu.break_even import Machine, Price
from pipelines.imports.kinds import KINDS
from pipelines.imports.read import Request
from pipelines.lake.address import parse_address
from pipelines.lake.store import Lake

D = Decimal
MAPPING = {
    "at": "TIMESTAMP",
    "input_tokens": "ContextTokens",
    "output_tokens": "GeneratedTokens",
    "model": "=llama-2-70b",
    "requests": "=1",
    "time_zone": "UTC",
}


@pytest.fixture(scope="module")
def log(reference_data):
    return reference_data / "data" / "llm" / "azure_2023_conv.csv.gz"


def test_cost_bursts_and_break_even_of_a_real_log_are_what_a_hand_calculation_gives(log):
    with gzip.open(log, "rt") as lines:
        rows = list(csv.DictReader(lines))
    times = [datetime.fromisoformat(row["TIMESTAMP"][:26]).replace(tzinfo=UTC).timestamp() for row in rows]
    sent, written = (sum(int(row[name]) for row in rows) for name in ("ContextTokens", "GeneratedTokens"))
    by_second = Counter(int(time - min(times)) for time in times)
    seconds = sorted(by_second[second] for second in range(max(by_second) + 1))
    assert (len(rows), int((max(times) - min(times)) // 60)) == (19_366, 58)

    found = measure(*read_log(log, MAPPING), Machine("L4", D("0.7875")), Price(D("0.15"), D("0.35")))

    assert (found.requests, found.quarantined, found.billed_minutes) == (19_366, 0, 59)
    assert (found.input_tokens, found.output_tokens) == (sent, written)
    cost = D("0.7875") * 59 / 60
    assert found.thousand_requests_cost == cost * 1000 / 19_366
    assert found.million_tokens_cost == pytest.approx(cost * 1_000_000 / (sent + written), rel=D("1e-15"))
    quantiles = [seconds[-(-len(seconds) * percent // 100) - 1] for percent in (50, 95, 99, 100)]
    assert [found.bursts.p50, found.bursts.p95, found.bursts.p99, found.bursts.most] == quantiles == [5, 11, 13, 16]
    each = (D(sent) * D("0.15") + D(written) * D("0.35")) / 1_000_000 / 19_366
    assert found.break_even.requests_per_hour == pytest.approx(D("0.7875") / each, rel=D("1e-9"))
    assert found.break_even.tokens_per_day == pytest.approx(
        D("0.7875") / each * 24 * (sent + written) / 19_366, rel=D("1e-9")
    )
    assert found.break_even.is_reachable is None


def test_the_log_is_imported_as_published_and_the_same_again_changes_nothing(log, tmp_path):
    lake = Lake(parse_address(str(tmp_path / "lake")))
    request = Request(KINDS["inferences"], "azure", {"inferences": MAPPING})
    (first,), (again,) = (import_metrics(lake, [log], request, datetime(2026, 11, 18, tzinfo=UTC)) for _ in range(2))
    assert (first.accepted, first.quarantined, first.changed, again.changed) == (19_366, 0, True, False)


def test_a_log_without_tokens_has_a_cost_per_request_and_no_cost_per_token(tmp_path, capsys):
    path = tmp_path / "images.csv"
    path.write_text("ts,NumImages\n0,2\n0.5,1\n61,1\n")
    columns = ["at=ts", "time_unit=s", "model==sdxl", "requests==1"]
    told = ["--gpu-price", "6", *(word for column in columns for word in ("--column", column))]
    assert main([str(path), *told, "--api-input", "1"]) == 0
    shown = capsys.readouterr().out
    assert "cost per 1,000 requests         66.666667" in shown
    assert "break-even" not in shown
