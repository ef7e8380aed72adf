"""The page in a real browser: widths, charts, contrast, print. Skipped without chromium, a failure in CI."""

import html
import json
import os
import re
import shutil
import subprocess
from datetime import UTC, date, datetime

import pytest

from pipelines.reporting.monthly import render_monthly
from pipelines.reporting.weekly import render_weekly
from pipelines.reporting.weekly_input import weekly_input
from pipelines.reporting.weeks import parse_week

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--allow-file-access-from-files", "--window-size=1500,1000", "--virtual-time-budget=20000"),
)
WIDTHS = (360, 700, 768, 870, 1400)

# A window cannot be as narrow as a phone, a frame can. Contrast is taken of all text, the charts' included.
MEASURE = """<!doctype html><meta name="color-scheme" content="light dark"><body>FRAMES<script>
function parsed(colour) {
  var c = colour.match(/[\\d.]+/g).map(Number);
  return { rgb: c.slice(0, 3), alpha: c.length > 3 ? c[3] : 1 };
}
function luminance(rgb) {
  var c = rgb.map(function (v) { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
  return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
}
function behind(view, element) {
  for (; element; element = element.parentElement) {
    var colour = parsed(view.getComputedStyle(element).backgroundColor);
    if (colour.alpha > 0.99) { return colour.rgb; }
  }
  return [255, 255, 255];
}
function contrast(view) {
  var worst = { ratio: 99, text: "" };
  view.document.querySelectorAll("body *").forEach(function (element) {
    var own = [].some.call(element.childNodes, function (n) { return n.nodeType === 3 && n.textContent.trim(); });
    if (!own || element.tagName === "SCRIPT" || !element.getClientRects().length) { return; }
    var style = view.getComputedStyle(element);
    var ink = parsed(element.namespaceURI.indexOf("svg") > 0 ? style.fill : style.color).rgb;
    var a = luminance(ink), b = luminance(behind(view, element));
    var ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst.ratio) { worst = { ratio: ratio, text: element.textContent.slice(0, 60) }; }
  });
  return worst;
}
function measure(frame) {
  var view = frame.contentWindow, root = view.document;
  return {
    inner: view.innerWidth,
    scroll: root.scrollingElement.scrollWidth,
    drawn: root.querySelectorAll(".chart svg.main-svg:first-of-type .point path").length,
    charts: [].filter.call(root.querySelectorAll(".chart"), function (chart) {
      return chart.querySelector("svg.main-svg .point path, svg.main-svg path.point");
    }).length,
    page: parsed(view.getComputedStyle(root.body).backgroundColor).rgb,
    contrast: contrast(view),
    hacked: Boolean(view.hacked),
    open: root.querySelectorAll("details[open]").length
  };
}
var waiting = setInterval(function () {
  var frames = [].slice.call(document.querySelectorAll("iframe"));
  var ready = frames.every(function (frame) {
    return frame.contentDocument && frame.contentDocument.documentElement.dataset.charts;
  });
  if (!ready) { return; }
  clearInterval(waiting);
  document.body.dataset.measured = JSON.stringify(frames.map(measure));
}, 50);
</script></body>"""


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and os.environ.get("CI"):
        pytest.fail("no chromium on PATH, and CI must look at the report in a browser")
    if found is None:
        pytest.skip("no chromium on PATH: the report was not looked at in a browser")
    return found


def run(folder, *arguments: str) -> str:
    command = [chromium(), *FLAGS, f"--user-data-dir={folder / 'profile'}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def measured(folder, page: str, *flags: str) -> dict[int, dict]:
    """What the browser says of the page at each width."""
    (folder / "report.html").write_text(page, encoding="utf-8")
    frames = "".join(f'<iframe src="report.html" style="width:{w}px;height:900px;border:0"></iframe>' for w in WIDTHS)
    (folder / "frames.html").write_text(MEASURE.replace("FRAMES", frames), encoding="utf-8")
    dom = run(folder, *flags, "--dump-dom", (folder / "frames.html").as_uri())
    found = re.search(r'<body data-measured="([^"]*)"', dom)
    assert found, "the charts were not drawn in time"
    return dict(zip(WIDTHS, json.loads(html.unescape(found[1])), strict=True))


@pytest.fixture
def difficult(rows, anomaly_rows, advice_rows):
    """The sample month with names nobody should choose, unbroken, hostile, and a day of credits."""
    rows |= anomaly_rows | advice_rows
    long = "an-unreasonably-long-name-" * 6 + "x" * 90
    hostile = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
    named = ("gold.total_bridge", "gold.top_spenders", "gold.reconciliation", "gold.anomalies")
    for table in (*named, "gold.recommendations", "gold.savings", "gold.unjudged"):
        for i, row in enumerate(rows[table]):
            for name in ("project_name", "item_name", "owner", "sku", "explanation", "root_cause", "action", "reason"):
                if name in row:
                    row[name] = (long, hostile, f"日本語 مشروع {i}")[i % 3]
    for row in rows["gold.daily_costs"]:
        if row["charge_date"] == date(2026, 10, 9):
            row["billed_cost"] *= -3
    return rows


@pytest.mark.parametrize(("scheme", "flags"), [("light", ()), ("dark", ("--blink-settings=preferredColorScheme=0",))])
def test_the_page_fits_every_width_draws_its_charts_and_is_legible(tmp_path, difficult, build, scheme, flags):
    for width, found in measured(tmp_path, render_monthly(build(difficult)), *flags).items():
        assert found["inner"] == width
        assert found["scroll"] <= found["inner"]
        assert found["charts"] == 7
        assert found["drawn"] >= 31 * 5 + 13 + 3
        assert found["contrast"]["ratio"] >= 4.5, found["contrast"]
        assert (sum(found["page"]) < 200) == (scheme == "dark")
        assert found["open"] == 0
        assert not found["hacked"]


def test_the_weekly_review_fits_every_width_and_is_legible(tmp_path, difficult):
    costs = [
        {
            **{name: row[name] for name in ("project_id", "project_name", "service_name", "owner", "billing_currency")},
            **{name: row[name] for name in ("billed_cost", "previous_cost", "delta_cost")},
        }
        for row in difficult["gold.total_bridge"]
    ]
    report = weekly_input(
        difficult | {"gold.daily_costs": costs},
        parse_week("2026-W43"),
        "EUR",
        organization_name="Example Organisation",
        as_of=datetime(2026, 10, 27, 6, tzinfo=UTC),
        product_version="0.1.0",
        charges_until=date(2026, 10, 27),
    )
    for width, found in measured(tmp_path, render_weekly(report), "--blink-settings=preferredColorScheme=0").items():
        assert found["inner"] == width
        assert found["scroll"] <= found["inner"]
        assert found["charts"] == 1
        assert found["contrast"]["ratio"] >= 4.5, found["contrast"]
        assert not found["hacked"]


def test_the_page_prints_with_its_charts(tmp_path, rows, build):
    (tmp_path / "report.html").write_text(render_monthly(build(rows)), encoding="utf-8")
    run(tmp_path, f"--print-to-pdf={tmp_path / 'report.pdf'}", (tmp_path / "report.html").as_uri())
    pdf = (tmp_path / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 8
