"""Look at pages as their readers do, in a real browser: axe-core's findings, text cut, overlapping or off the page.

Severities are axe-core's own (https://github.com/dequelabs/axe-core): critical, serious, moderate and minor.
Needs the development tools: playwright drives a Chromium that is installed, nothing is downloaded.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, sync_playwright

from pipelines.errors import ConfigurationError

STANDARDS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
PRACTICE: Final = "best-practice"
SEVERE: Final = ("serious", "critical")
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_FLAGS: Final = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking")
_WAIT_MS: Final = 60_000
_DRAWINGS: Final = ".chart svg"
"""Inside of charts, which are one picture with a name to whoever does not see them."""
_TALLEST: Final = 16_000
"""Pixels of a screenshot: what a browser draws as one picture."""


@dataclass(frozen=True)
class Look:
    """One way a page is looked at. `ready` is a selector that exists once it is drawn; `width` in CSS pixels."""

    name: str
    address: str
    width: int
    height: int = 1000
    scheme: str = "light"
    media: str = "screen"
    ready: str = "body"
    within: str = ""
    """Selector of what is ours on a page that is not; empty: all of it."""
    is_ours: bool = True
    settle_ms: int = 0
    by_rules: bool = True
    """Whether axe-core judges it; it takes seconds, and judges paper as it judges the screen."""


@dataclass(frozen=True)
class Finding:
    """A rule of axe-core that a page breaks: how often, and the first place."""

    rule: str
    impact: str
    is_standard: bool
    count: int
    where: str


@dataclass(frozen=True)
class Seen:
    """What was found at one look. `beyond` is pixels the page is wider than its window."""

    look: Look
    findings: tuple[Finding, ...]
    beyond: int
    cut: tuple[str, ...]
    over: tuple[str, ...]
    texts: int

    @property
    def severe(self) -> tuple[Finding, ...]:
        """Serious and critical findings, best practices included."""
        return tuple(each for each in self.findings if each.impact in SEVERE)

    @property
    def is_good(self) -> bool:
        """Nothing a reader would stumble over; pages of others are only looked at."""
        return not self.look.is_ours or not (self.severe or self.beyond or self.cut or self.over)


def chromium() -> str | None:
    """The browser that is installed, by the names distributions give it."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser without a window for as long as the block lasts. ConfigurationError where none is installed."""
    executable = chromium()
    if executable is None:
        raise ConfigurationError(f"no browser on PATH ({', '.join(_NAMES)}); install Chromium: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def seen(browser: Browser, look: Look, picture: Path | None = None) -> Seen:
    """Open the page, take its picture as it is, then judge it with everything folded opened."""
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme="dark" if look.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    try:
        page = context.new_page()
        page.emulate_media(media="print" if look.media == "print" else "screen")
        page.goto(look.address, timeout=_WAIT_MS, wait_until="domcontentloaded")
        page.wait_for_selector(look.ready, state="attached", timeout=_WAIT_MS)
        page.wait_for_timeout(look.settle_ms)
        if picture is not None:
            _photograph(page, look, picture)
        page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")
        found = page.evaluate(_script(), look.within)
        findings = tuple(_findings(page, look)) if look.by_rules else ()
        return Seen(look, findings, found["beyond"], tuple(found["cut"]), tuple(found["over"]), found["texts"])
    finally:
        context.close()


def _photograph(page: Page, look: Look, picture: Path) -> None:
    height = page.evaluate("() => document.documentElement.scrollHeight") if look.is_ours else look.height
    area = {"x": 0, "y": 0, "width": look.width, "height": max(look.height, min(height, _TALLEST))}
    page.screenshot(path=picture, full_page=look.is_ours, clip=area)  # type: ignore[arg-type]


def _findings(page: Page, look: Look) -> Iterator[Finding]:
    page.evaluate(AXE_SCRIPT)
    options = {"runOnly": [*STANDARDS, PRACTICE], "resultTypes": ["violations"], "elementRef": False}
    answer: dict[str, Any] = page.evaluate(
        "([within, drawings, options]) => axe.run({ include: [within], exclude: [drawings] }, options)",
        [look.within or "html", _DRAWINGS, options],
    )
    for rule in answer["violations"]:
        first = rule["nodes"][0]
        yield Finding(
            rule["id"], rule["impact"] or "minor", PRACTICE not in rule["tags"], len(rule["nodes"]), first["html"][:120]
        )


@cache
def _script() -> str:
    text = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("//"))


def table(looks: Sequence[Seen]) -> Iterator[str]:
    """A line a look: severe findings of the standards and of practice, the rest, pixels beyond, texts cut and over."""
    yield (
        f"{'page':<34} {'px':>5} {'WCAG severe':>11} {'practice severe':>15} {'lesser':>6} "
        f"{'beyond':>6} {'cut':>4} {'over':>4}"
    )
    for each in looks:
        standard = sum(finding.is_standard for finding in each.severe)
        lesser = len(each.findings) - len(each.severe)
        yield (
            f"{each.look.name:<34} {each.look.width:>5} {standard:>11} {len(each.severe) - standard:>15} {lesser:>6} "
            f"{each.beyond:>6} {len(each.cut):>4} {len(each.over):>4}{'' if each.look.is_ours else '  not ours'}"
        )
