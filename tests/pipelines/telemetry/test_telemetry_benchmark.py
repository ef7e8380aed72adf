"""The program that reads logs: what it takes, what it says it could not, and the figures on real lines."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from benchmarks.telemetry_logs import main, measured, report, says_protected
from pipelines.telemetry.classes import LogClass
from pipelines.telemetry.entries import Entry
from pipelines.telemetry.policy import Policy

LINES = ["INFO:root:started", "DEBUG:root:x" * 30, "ERROR:root:gone", '{"level":"warn","msg":"m"}', "what is this"]


def test_files_of_lines_tables_and_compressed_ones_are_read_alike(tmp_path):
    text = "\n".join(LINES) + "\n"
    (tmp_path / "a.log").write_text(text)
    with gzip.open(tmp_path / "a.log.gz", "wt") as zipped:
        zipped.write(text)
    (tmp_path / "a.csv").write_text("Level,Content\nINFO,started\nERROR,gone\n")
    parquet.write_table(pa.table({"level": ["TRACE", None], "bytes": [100, 7]}), tmp_path / "a.parquet")
    plain, zipped, table, columns = (
        measured(tmp_path / name, Policy())[0] for name in ("a.log", "a.log.gz", "a.csv", "a.parquet")
    )
    assert plain.lines == zipped.lines == dict.fromkeys(("info", "debug", "error", "warn", "unknown"), 1)
    assert plain.formats == {"levelled": 3, "json": 1, "unread": 1}
    assert table.lines == {LogClass.info: 1, LogClass.error: 1}
    assert (columns.bytes, columns.lost_volume, columns.lost_protected) == (107, 100, 0)


def test_the_second_opinion_counts_what_the_plan_must_not_lose():
    assert says_protected(Entry("row", 1, level="Error"))
    assert says_protected(Entry("row", 1))
    assert says_protected(Entry("common", 1, status=502))
    assert not says_protected(Entry("row", 1, level="trace"))
    assert not says_protected(Entry("common", 1, status=200))


def test_a_file_that_cannot_be_read_is_said(tmp_path, capsys):
    assert main([str(tmp_path / "missing.log")]) == 2
    assert "missing.log" in capsys.readouterr().err
    assert main([]) == 2


def test_real_broker_lines_and_web_requests_lose_much_volume_and_no_protected_line(reference_data: Path, capsys):
    folder = reference_data / "logs" if (reference_data / "logs").is_dir() else reference_data / "data" / "logs"
    files = sorted(folder.glob("*.parquet"))
    assert files, f"no logs in {folder}"
    seen = {}
    for path in files:
        seen[path.name], steps = measured(path, Policy())
        report(path.name, seen[path.name], steps)
    kafka, web = seen["kafka_broker_log_lines.parquet"], seen["apache_access_no_pii.parquet"]
    assert kafka.lines == {"debug": 11_859, "info": 5_453, "warn": 355, "error": 138, "unknown": 2_590}
    assert (web.lines.total(), web.lines[LogClass.error], web.lines[LogClass.security]) == (10_000, 3, 2)
    assert web.sent[".jar"] == [90, 717_629_595]
    for each in (kafka, web):
        assert each.lost_volume >= 0.4 * each.bytes
        assert each.lost_protected == 0
    assert capsys.readouterr().out.count(" 0 protected lines touched") == 2
