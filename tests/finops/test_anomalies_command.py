"""`finops anomalies check` on good, bad and odd files."""

import csv
import gzip
import io
import json
from datetime import date, timedelta

import numpy as np
import pytest

OURS = ["score", "expected", "low", "high", "is_anomaly"]


def lines(count: int = 120, spike: int = 100) -> list[str]:
    values = 100 + np.random.default_rng(1).normal(size=count)
    values[spike] += 80
    return [f"{date(2026, 1, 1) + timedelta(days=at)},{value:.3f}" for at, value in enumerate(values)]


def rows(out: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out)))


@pytest.fixture
def check(project, finops):
    def run(content: str | bytes, *words: str) -> tuple[int, str, str]:
        path = project / "series.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return finops("anomalies", "check", str(path), *words)

    return run


def test_the_rows_come_back_with_their_verdicts(check):
    code, out, err = check("\n".join(["day,cost", *lines()]))
    found = rows(out)
    assert code == 0
    assert list(found[0]) == ["day", "cost", *OURS]
    assert [f"{row['day']},{row['cost']}" for row in found] == lines()
    assert [at for at, row in enumerate(found) if row["is_anomaly"] == "true"] == [100]
    assert float(found[100]["score"]) >= 0.5
    assert float(found[100]["high"]) < float(found[100]["cost"])
    assert found[0]["expected"] == ""
    assert "120 points judged as days; events: 1 spike" in err


def test_order_header_separator_and_compression_do_not_matter(check):
    _, plain, _ = check("\n".join(["day,cost", *lines()]))
    mixed = [line.replace(",", ";") for line in reversed(lines())]
    _, out, _ = check(gzip.compress("\n".join(mixed).encode()))
    assert [row["score"] for row in rows(out)] == [row["score"] for row in reversed(rows(plain))]
    assert list(rows(out)[0]) == ["column_1", "column_2", *OURS]


def test_other_columns_stay_and_the_value_is_found_by_its_name_or_by_its_look(check):
    content = ["name,note,day,eur", *(f"prod,x,{line}" for line in lines())]
    _, out, _ = check("\n".join(content), "--only-anomalies")
    (row,) = rows(out)
    assert (row["name"], row["note"], row["day"]) == ("prod", "x", "2026-04-11")
    code, _, err = check("\n".join(content), "--value", "euro")
    assert (code, "has no column 'euro'; it has name, note, day, eur" in err) == (2, True)


def test_lines_that_cannot_be_read_come_back_empty_and_are_counted(check):
    bad = ["yesterday,5", "2026-05-02,much", "2026-05-03", "2026-05-04,", "2026-05-05,NaN", "2026-05-06,inf"]
    code, out, err = check("\n".join(["day,cost", *lines(), *bad, "", lines()[0]]))
    found = rows(out)
    assert code == 0
    assert len(found) == 127
    unread = [row["day"] for row in found if row["score"] == ""]
    assert unread == ["yesterday", "2026-05-02", "2026-05-03", "2026-05-06"]
    assert "4 lines could not be used and have no verdict: line 122: time 'yesterday'" in err
    assert "and 1 more" in err
    assert "2 points have no value: missing, not zero" in err
    assert "1 points share the time of another" in err


def test_json_also_tells_the_events(check):
    _, out, _ = check("\n".join(["day,cost", *lines()]), "--format", "json", "--only-anomalies")
    found = json.loads(out)
    (event,) = found["events"]
    assert (event["kind"], event["start"][:10], event["end"][:10]) == ("spike", "2026-04-11", "2026-04-11")
    assert event["impact"] == pytest.approx(80, abs=5)
    assert found["rows"][0]["is_anomaly"] is True


def test_floors_and_maturing_days_are_options(check):
    content = "\n".join(["day,cost", *lines(spike=119)])
    assert "events: 1 spike" in check(content)[2]
    for words in (["--percent", "90"], ["--amount", "100"], ["--maturing", "1"]):
        assert "events: none" in check(content, *words)[2]


def test_minutes_epochs_and_zones_are_times(check):
    for times in (
        [1_767_225_600 + 300 * at for at in range(300)],
        [(1_767_225_600 + 300 * at) * 1000 for at in range(300)],
    ):
        code, _, err = check("\n".join(["time,value", *(f"{each},{at % 7}" for at, each in enumerate(times))]))
        assert (code, "300 points judged as a stream" in err) == (0, True)
    _, out, _ = check("time,value\n2026-01-01T00:00:00+02:00,1\n2025-12-31T22:00:00Z,1\n2025-12-31 22:05:00,2\n")
    assert "1 points share" in check("time,value\n2026-01-01T00:00:00+02:00,1\n2025-12-31T22:00:00Z,1\n")[2]
    assert len(rows(out)) == 3


def test_a_column_of_ours_that_the_file_already_has_keeps_its_own(check):
    _, out, _ = check("\n".join(["day,cost,score", *(f"{line},mine" for line in lines())]))
    assert (rows(out)[0]["score"], rows(out)[100]["is_anomaly"]) == ("mine", "true")
    assert float(rows(out)[100]["anomaly_score"]) >= 0.5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("day,cost\nx,y\n", "no line holds a time and a value; first, line 2: time 'x'"),
        ("only\n1\n2\n", "has one column only"),
        (b"\x00\x01\x02", "is no text"),
        (b"\x1f\x8bnonsense", "damaged gzip file"),
    ],
)
def test_a_file_that_is_no_series_ends_in_one_line_and_code_2(check, content, said):
    code, out, err = check(content)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_file_that_is_not_there_is_named(finops):
    code, _, err = finops("anomalies", "check", "nowhere.csv")
    assert (code, "nowhere.csv: cannot be read" in err) == (2, True)


def days(form: str) -> list[str]:
    """Cell texts of 120 days, and the values of `lines` without a spike's day."""
    return [f"{date(2026, 1, 1) + timedelta(days=at):{form}}" for at in range(120)]


VALUES = [line.partition(",")[2] for line in lines()]


@pytest.mark.parametrize(
    "form",
    ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d %b %Y", "%B %d, %Y", "%d/%m/%Y %H:%M"],
)
def test_days_are_read_as_any_country_writes_them(check, form):
    content = ["day;cost", *(f"{day};{value}" for day, value in zip(days(form), VALUES, strict=True))]
    code, out, err = check("\n".join(content), "--only-anomalies")
    assert (code, [row["day"] for row in rows(out)]) == (0, [days(form)[100]])
    assert "120 points judged as days" in err


def test_days_and_months_that_no_line_tells_apart_are_told(check):
    _, _, err = check("day,cost\n01/02/2026,5\n01/03/2026,6\n01/04/2026,7\n")
    assert "'01/02/2026' is read as day, month, year" in err
    assert "is read as" not in check("day,cost\n01/02/2026,5\n13/02/2026,6\n")[2]


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
def test_an_epoch_is_told_by_its_digits(check, factor):
    content = ["t,v", *(f"{(1_767_225_600 + 86_400 * at) * factor},{value}" for at, value in enumerate(VALUES))]
    _, out, err = check("\n".join(content))
    assert "120 points judged as days; events: 1 spike" in err
    assert [row["is_anomaly"] for row in rows(out)].index("true") == 100


def test_days_of_a_spreadsheet_are_told_to_look_like_seconds(check):
    content = ["day,cost", *(f"{46_023 + at},{value}" for at, value in enumerate(VALUES))]
    assert "'46023' is read as seconds since 1970; if it is a day of a spreadsheet" in check("\n".join(content))[2]
    seconds = ["t,v", *(f"{60 * at},{value}" for at, value in enumerate(VALUES))]
    assert "spreadsheet" not in check("\n".join(seconds))[2]


@pytest.mark.parametrize(
    ("written", "delimiter"),
    [
        (lambda value: value.replace(".", ","), ";"),
        (lambda value: f"{value} €".replace(".", ","), "\t"),
        (lambda value: f"€{value}", ","),
        (lambda value: f'"{value}"', ","),
        (lambda value: f"{float(value) * 10_000:,.2f}".replace(",", "\u202f").replace(".", ","), ";"),
        (lambda value: f"{float(value) * 10_000:,.2f}".replace(",", "_").replace(".", ",").replace("_", "."), ";"),
        (lambda value: f'"{float(value) * 10_000:,.2f}"', ","),
        (lambda value: f"EUR {value}", "|"),
        (lambda value: f"(€ {value})", ","),
    ],
)
def test_amounts_are_read_as_any_country_writes_them(check, written, delimiter):
    body = [f"{day}{delimiter}{written(value)}" for day, value in zip(days("%Y-%m-%d"), VALUES, strict=True)]
    code, out, err = check("\n".join([f"day{delimiter}cost", *body]), "--only-anomalies")
    assert (code, [row["day"] for row in rows(out)]) == (0, ["2026-04-11"])
    assert "could not be used" not in err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_files_of_any_usual_encoding_are_read(check, encoding):
    _, out, _ = check("\n".join(["day,coût", *lines()]).encode(encoding), "--only-anomalies")
    assert list(rows(out)[0])[:2] == ["day", "coût"]


def test_titles_and_comments_above_the_table_are_left_out_and_told(check):
    _, out, err = check("\n".join(["Costs of 2026", "", "# by day", "day,cost", *lines()]))
    assert (list(rows(out)[0])[:2], len(rows(out))) == (["day", "cost"], 120)
    assert "2 lines above the table left out" in err


def test_a_line_with_more_cells_than_names_is_never_cut_short_silently(check):
    code, _, err = check("day,cost\n2026-01-01,104,08\n2026-01-02,105,10\n")
    assert (code, "line 2: 3 cells where 2 are named" in err) == (2, True)


def test_a_quote_that_is_never_closed_swallows_no_lines(check):
    _, out, err = check("\n".join(["day,cost", *lines()[:50], '2026-02-20,"5', *lines()[51:]]))
    assert (len(rows(out)), "a quote is never closed" in err) == (120, True)


def test_two_columns_of_one_name_hide_nothing(check):
    _, out, _ = check("\n".join(["day,cost,cost", *(f"{line},1" for line in lines())]), "--only-anomalies")
    assert (rows(out)[0]["cost"] > "100", rows(out)[0]["cost_2"]) == (True, "1")


def test_one_of_several_series_is_chosen(check):
    content = ["day,project,cost", *(f"{line.replace(',', f',{name},')}" for line in lines() for name in ("a", "b"))]
    _, out, err = check("\n".join(content), "--where", "project=a")
    assert ({row["project"] for row in rows(out)}, "share the time" in err) == ({"a"}, False)
    code, _, err = check("\n".join(content), "--where", "project=c")
    assert (code, "no line has 'c' as project" in err) == (2, True)


def test_years_no_bill_knows_are_no_times(check):
    _, _, err = check("\n".join(["day,cost", "0001-01-01,5", "9999-12-31,6", *lines()]))
    assert "2 lines could not be used" in err
    assert "120 points judged as days; events: 1 spike" in err


@pytest.mark.parametrize(
    ("content", "said"), [(b"PK\x03\x04rest", "is a workbook or zip file"), (b"[1, 2]", "is JSON")]
)
def test_what_is_no_csv_at_all_is_named(check, content, said):
    code, _, err = check(content)
    assert (code, said in err) == (2, True)
