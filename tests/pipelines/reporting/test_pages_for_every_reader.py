"""The report and the e-mail by axe-core, on a phone and a desk, light and dark: nothing serious, nothing cut or hidden.

Skipped without a browser, a failure in CI.
"""

import os

import pytest

from benchmarks.reader_pages import Look, chromium, open_browser, seen
from pipelines.reporting.letter_monthly import monthly_letter
from pipelines.reporting.letter_page import letter_html
from pipelines.reporting.monthly import render_monthly

DRAWN = "html[data-charts]"


@pytest.fixture(scope="module")
def browser():
    if chromium() is None and os.environ.get("CI"):
        pytest.fail("no chromium on PATH, and CI must look at the pages in a browser")
    if chromium() is None:
        pytest.skip("no chromium on PATH: the pages were not looked at")
    with open_browser() as opened:
        yield opened


def stumbles(found):
    return [*found.severe, *found.cut, *found.over, *([f"{found.beyond} px wider"] if found.beyond else [])]


def looked_at(browser, tmp_path, page, **how):
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    return seen(browser, Look("page", file.as_uri(), **how))


@pytest.mark.parametrize(
    "how",
    [
        {"width": 1440},
        {"width": 390, "scheme": "dark"},
        {"width": 680, "media": "print", "by_rules": False},
    ],
    ids=["wide", "dark-phone", "print"],
)
def test_the_report_is_for_every_reader(browser, tmp_path, small_rows, anomaly_rows, advice_rows, build, how):
    page = render_monthly(build(small_rows | anomaly_rows | advice_rows))
    found = looked_at(browser, tmp_path, page, ready=DRAWN, **how)
    assert found.texts > 300
    assert stumbles(found) == []


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (600, "dark")])
def test_the_letter_is_for_every_reader(browser, tmp_path, rows, anomaly_rows, advice_rows, build, width, scheme):
    page = letter_html(monthly_letter([build(rows | anomaly_rows | advice_rows)]), {})
    found = looked_at(browser, tmp_path, page, width=width, scheme=scheme)
    assert found.texts > 40
    assert stumbles(found) == []


SPOILED = {
    "faint": ('<p style="color:#bbb;background:#fff">Hard to read</p>', "severe"),
    "cut": ('<div style="width:40px;overflow:hidden;white-space:nowrap">A name that goes on</div>', "cut"),
    "over": ('<p style="margin:0">One line</p><p style="margin:-14px 0 0">Another</p>', "over"),
    "wide": ('<div style="width:900px">Wide</div>', "beyond"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_a_reader_stumbles_over_is_found(browser, tmp_path, name):
    body, kind = SPOILED[name]
    page = f'<!doctype html><html lang="en"><title>Page</title><body><main><h1>Page</h1>{body}</main></body></html>'
    found = looked_at(browser, tmp_path, page, width=390)
    assert [each for each in ("severe", "cut", "over", "beyond") if getattr(found, each)] == [kind]
    assert not found.is_good
