"""What kind of line a line is, whatever wrote it; and that a guess never takes protection away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.telemetry.classes import PROTECTED, LogClass, class_of_level, classify, is_protected
from pipelines.telemetry.entries import UNREAD, file_kind
from pipelines.telemetry.lines import classified, read_line, read_lines, read_row

LINES = {
    "[2026-11-01 10:00:00,123] DEBUG [Partition 7] moved to replica (kafka.cluster.Partition)": "debug",
    "2026-11-01 10:00:00,123 - INFO  [main:Server@12] - tick": "info",
    "261101 100000 148 WARN dfs.DataNode$Receiver: slow disk": "slow",
    "17/11/01 10:00:00 INFO storage.BlockManager: put block 7": "info",
    "2026-11-01T10:00:00.000Z  WARN 1 --- [main] c.example.Pool : 9 of 10 in use": "warn",
    "INFO:root:started": "info",
    "ERROR:root:could not start": "error",
    "[Sun Nov 01 10:00:00 2026] [notice] workerEnv.init() ok": "info",
    "[Sun Nov 01 10:00:00 2026] [error] mod_jk child in state 6": "error",
    "2026-11-01 10:00:00, Info                  CBS    Loaded stack": "info",
    "11-01 10:00:00.811  1702  2395 D WindowManager: printFreezing": "debug",
    "11-01 10:00:00.811  1702  2395 E Watchdog: blocked": "error",
    "I1101 10:00:00.123456       1 server.go:12] ready": "info",
    "1117838570 2026.11.01 R02-M1 2026-11-01-10.00.00.1 R02-M1 RAS KERNEL INFO cache parity corrected": "info",
    '{"level":"debug","msg":"cart read","seconds":0.01}': "debug",
    '{"severity":"INFO","message":"done","duration_ms":2400}': "slow",
    '{"log":{"level":"warn"},"message":"queue is long"}': "warn",
    '{"level":"info","message":"could not pay","exception":"E17 at pay.py"}': "error",
    '{"level":"info","error":null,"message":"paid"}': "info",
    '{"level":20,"msg":"debug to one logger, information to another"}': "info",
    'time=2026-11-01T10:00:00Z level=info msg="listening" port=8080': "info",
    'ts=1 lvl=dbug caller=a.go:1 msg="user mira granted role admin, audit 7"': "audit",
    '10.0.0.1 - - [01/Nov/2026:10:00:00 +0000] "GET /a/logo.png?x=1 HTTP/1.1" 200 5120': "info",
    '10.0.0.1 - m [01/Nov/2026:10:00:00 +0000] "GET /pay HTTP/1.1" 502 12 "-" "curl/8"': "error",
    '10.0.0.1 - - [01/Nov/2026:10:00:00 +0000] "GET /admin HTTP/1.1" 403 12 "-" "curl/8"': "security",
    '10.0.0.1 - - [01/Nov/2026:10:00:00 +0000] "GET /gone HTTP/1.1" 404 - "-" "curl/8"': "warn",
    "<34>1 2026-11-01T10:00:00Z host su 12 ID47 - session opened": "security",
    "<15>Nov  1 10:00:00 host app[12]: entering loop": "debug",
    "<13>Nov  1 10:00:00 host app[12]: ERROR no space": "error",
    "Nov  1 10:00:00 host sshd[12]: Failed password for root from 10.0.0.1": "security",
    "Nov  1 10:00:00 host app[12]: something happened": "unknown",
    "something happened": "unknown",
    "started, debug mode is off": "unknown",
    "a long line of prose about nothing that goes on and on until somebody at last writes DEBUG into it": "unknown",
    "2026-11-01 10:00:00.123 UTC [12] LOG:  checkpoint complete": "info",
    "2026-11-01 10:00:00.123 UTC [12] LOG:  duration: 2310.5 ms  statement: select 1": "slow",
    "2026-11-01 10:00:00.123 UTC [12] STATEMENT:  select 1 from nowhere": "unknown",
    "[2026-11-01 10:00:00] production.DEBUG: 3 rows": "debug",
    "2026-11-01T10:00:00.000Z\tinfo\tcontroller/x.go:12\treconciled": "info",
    '{"t":{"$date":"2026-11-01"},"s":"D2","c":"NETWORK","msg":"accepted"}': "debug",
    "2026-11-01 10:00:00 INFO render completed in 850ms": "info",
    "2026-11-01 10:00:00 INFO report finished in 2 minutes": "slow",
    "20261101-10:00:00:606|Step_LSC|30002312|onStandStepChanged 3579": "unknown",
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_lines_of_many_writers_are_classed_by_level_status_words_and_duration(line):
    assert str(read_line(line).log_class()) == LINES[line]


def test_what_no_reader_understands_says_so_and_is_protected():
    (entry,) = read_lines(["", "   ", "one two three"])
    assert (entry.format, entry.log_class()) == (UNREAD, LogClass.unknown)
    assert entry.line_bytes == len("one two three") + 1
    assert is_protected(LogClass.unknown)


def test_the_lines_of_a_stack_trace_are_of_its_error_and_those_of_a_debug_message_of_debug():
    lines = [
        "2026-11-01 10:00:00 ERROR Pay failed",
        "\tat com.example.Pay.run(Pay.java:12)",
        "2026-11-01 10:00:01 DEBUG request",
        "  header one",
        "Caused by: java.io.IOException: gone",
        "no level here",
    ]
    told = [str(log_class) for _, log_class in classified(read_lines(lines))]
    assert told == ["error", "error", "debug", "debug", "error", "unknown"]


def test_a_further_line_without_a_first_one_is_unknown():
    assert [log_class for _, log_class in classified(read_lines(["  tail of something"]))] == [LogClass.unknown]


def test_rows_of_tables_are_read_by_the_names_of_their_columns():
    kafka = read_row({"file": "server.log", "level": "TRACE", "component": "kafka.log.Log", "bytes": 128})
    assert (kafka.log_class(), kafka.line_bytes) == (LogClass.debug, 128)
    web = read_row({"method": "GET", "ext": ".png", "status": 200, "response_bytes": 5000, "line_bytes": 300})
    assert (web.log_class(), web.line_bytes, web.sent_bytes, web.file_kind) == (LogClass.info, 300, 5000, ".png")
    only_answer = read_row({"status": "503", "bytes": "77", "path": "/a/b.css?v=2"})
    assert (only_answer.sent_bytes, only_answer.file_kind, only_answer.log_class()) == (77, ".css", LogClass.error)
    text = read_row({"LineId": "1", "Content": "INFO:root:started"})
    assert text.log_class() is LogClass.info
    assert read_row({"level": None, "bytes": 40}).log_class() is LogClass.unknown


def test_a_kind_of_file_is_its_ending_and_a_page_has_none():
    assert [file_kind(path) for path in ("/a.PNG?x=/b.js", "/blog/", "/a.b/c", "/x.y-z")] == [".png", "", "", ""]


@pytest.mark.parametrize("level", ["Error", "[ERROR]", "fatal", "CRIT", "severe", "E", "50", "emerg"])
def test_every_spelling_of_an_error_is_one(level):
    assert class_of_level(level) is LogClass.error


@given(
    level=st.sampled_from([None, "debug", "info", "warn", "error", "audit", "7", "nonsense"]),
    words=st.text(max_size=60),
    status=st.none() | st.integers(0, 999),
    seconds=st.none() | st.floats(0, 1e6),
    more=st.sampled_from(["audit trail", "permission denied", "NullPointerException", "timed out"]),
)
def test_words_only_ever_add_protection(level, words, status, seconds, more):
    if is_protected(classify(level, words, status, seconds)):
        assert is_protected(classify(level, f"{words} {more}", status, seconds))
    assert classify(level, more, status, seconds) in PROTECTED
    assert classify("error", words, status, seconds) in PROTECTED
    assert classify(None, words) in PROTECTED


@given(line=st.text(min_size=1, max_size=200))
def test_any_line_can_be_read(line):
    entry = read_line(line)
    assert entry.line_bytes >= 1
    assert entry.log_class() in LogClass
