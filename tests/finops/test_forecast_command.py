"""`finops forecast check`: any file of time and value in, a forecast with its proof out, or one clear line."""

import csv
import gzip
import io
import json
import math
import re
from datetime import date, timedelta

import pytest

START = date(2026, 5, 1)


def value_of(index):
    return 100 + 20 * (index % 7 < 5) + 3 * math.sin(index * index)


@pytest.fixture
def history(project):
    """Writes a file of days; lines can be changed, taken out or added."""

    def write(count=120, change=None, header="date,cost", name="cost.csv"):
        lines = [f"{START + timedelta(days=index)},{value_of(index):.4f}" for index in range(count)]
        (project / name).write_text(
            "\n".join([*([header] if header else []), *(change(lines) if change else lines)]) + "\n"
        )
        return name

    return write


def rows(out):
    return list(csv.DictReader(io.StringIO(out)))


def complaint(err):
    last = err.splitlines()[-1]
    assert last.startswith("finops: ")
    assert "Traceback" not in err
    return last


def test_each_line_is_a_date_a_forecast_and_bounds_around_it(finops, history):
    code, out, err = finops("forecast", "check", history(), "--horizon", "10", "--level", "80")
    assert code == 0, err
    assert out.splitlines()[0] == "date,forecast,low,high"
    found = rows(out)
    assert [row["date"] for row in found] == [str(START + timedelta(days=120 + step)) for step in range(10)]
    for step, row in enumerate(found):
        assert float(row["low"]) <= float(row["forecast"]) <= float(row["high"])
        assert float(row["forecast"]) == pytest.approx(value_of(120 + step), abs=8)
    assert "WAPE" in err
    assert "naive" in err
    assert "3 days left of the month" in err  # the history ends on 28 August


def test_order_gaps_and_compression_do_not_matter(finops, history, project):
    plain = finops("forecast", "check", history(), "--horizon", "5")[1]
    turned = finops(
        "forecast", "check", history(change=lambda lines: lines[::-1], name="turned.csv"), "--horizon", "5"
    )[1]
    (project / "cost.csv.gz").write_bytes(gzip.compress((project / "cost.csv").read_bytes()))
    packed = finops("forecast", "check", "cost.csv.gz", "--horizon", "5")[1]
    headless = finops("forecast", "check", history(header=None, name="bare.csv"), "--horizon", "5")[1]
    assert plain == turned == packed == headless
    code, out, err = finops(
        "forecast", "check", history(change=lambda lines: lines[:50] + lines[53:], name="gap.csv"), "--horizon", "5"
    )
    assert code == 0
    assert "3 of 120 points (day) are missing" in err
    assert float(rows(out)[0]["forecast"]) == pytest.approx(value_of(120), abs=8)


def test_lines_that_cannot_be_used_are_named_and_the_code_is_6(finops, history):
    def spoil(lines):
        return [*lines[:10], "tomorrow,5", "2026-05-11,much", "2026-05-12,NaN", *lines[12:], "2026-05-12"]

    code, out, err = finops("forecast", "check", history(change=spoil), "--horizon", "3")
    assert code == 6
    assert len(rows(out)) == 3
    assert "line 12: time 'tomorrow'" in err
    assert "line 13: value 'much' is not a number" in err
    assert "1 lines have no value: missing, not zero" in err
    assert "3 lines could not be used" in complaint(err)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("cost.csv", "--horizon", "0"), "horizon 0"),
        (("cost.csv", "--level", "100"), "level 100"),
        (("cost.csv", "--value", "eur"), "no column is called eur; there are date, cost"),
        (("cost.csv", "--where", "cost"), "--where cost"),
        (("cost.csv", "--holidays", "mars"), "none, generic, fr"),
        (("missing.csv",), "no such file"),
        (("short.csv",), "needs 10"),
        (("empty.csv",), "empty"),
        (("page.csv",), "web page"),
        (("three.csv",), "--value"),
    ],
)
def test_bad_input_ends_in_one_line_that_names_it_and_code_2(finops, history, project, words, says):
    history()
    history(count=9, name="short.csv")
    (project / "empty.csv").write_text("")
    (project / "page.csv").write_text("<html><body>sign in</body></html>")
    (project / "three.csv").write_text("date,one,two\n" + "2026-01-01,1,2\n" * 20)
    code, out, err = finops("forecast", "check", *words)
    assert (code, out) == (2, "")
    assert says in complaint(err)
    assert len(err.splitlines()) == 1


def test_json_holds_the_proof(finops, history):
    code, out, err = finops("forecast", "check", history(), "--horizon", "14", "--format", "json")
    assert code == 0, err
    told = json.loads(out)
    assert len(told["rows"]) == len(told["naive"]) == 14
    assert told["level"] == 80
    first = told["backtest"][0]
    assert first["horizon"] == 1
    assert first["wape"] < first["naive_wape"]
    assert told["totals"][0]["steps"] == 3
    assert told["beats_naive"] is True


def test_one_of_several_series_in_a_file_is_chosen_by_its_label(finops, project):
    lines = [
        f"{START + timedelta(days=index)},{name},{size * value_of(index):.4f}"
        for index in range(90)
        for name, size in (("web", 1), ("db", 10))
    ]
    (project / "both.csv").write_text("date,name,cost\n" + "\n".join(lines) + "\n")
    code, out, err = finops("forecast", "check", "both.csv", "--horizon", "2", "--where", "name=db")
    assert code == 0, err
    assert float(rows(out)[0]["forecast"]) == pytest.approx(10 * value_of(90), abs=80)
    summed = finops("forecast", "check", "both.csv", "--horizon", "2")
    assert float(rows(summed[1])[0]["forecast"]) == pytest.approx(11 * value_of(90), abs=90)
    assert "90 lines repeat a time: lines of one time are added up" in summed[2]


def test_a_driver_beside_it_is_told_with_its_price(finops, history, project):
    history(name="requests.csv", header="date,requests")
    lines = [f"{START + timedelta(days=index)},{30 + 0.5 * value_of(index):.4f}" for index in range(120)]
    (project / "bill.csv").write_text("date,cost\n" + "\n".join(lines) + "\n")
    code, _, err = finops("forecast", "check", "bill.csv", "--horizon", "7", "--driver", "requests.csv")
    assert code == 0, err
    assert re.search(r"requests\.csv: 30\.?\d* \+ 0\.(5|49999\d*) \(±", err)


def test_the_published_series_of_unsorted_days_is_read_as_it_is(finops, reference_data):
    file = reference_data / "data" / "forecast" / "wikipedia_R_daily_logviews.csv.gz"
    code, out, err = finops("forecast", "check", str(file), "--horizon", "30")
    assert code == 0, err
    assert [row["date"] for row in rows(out)][:2] == ["2016-01-01", "2016-01-02"]
    assert "59 of 2922 points (day) are missing" in err
