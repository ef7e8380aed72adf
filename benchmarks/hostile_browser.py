"""Pages with hostile names in a real browser: nothing of a name runs, asks, leads away or becomes an element."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.hostile_payloads import SENTINEL

_WAIT_MS = 60_000
_WATCH = f"""
window.{SENTINEL} = 0;
window.__refused = 0;
document.addEventListener('securitypolicyviolation', () => {{ window.__refused += 1; }});
"""
_LOOK = f"""() => {{
  const all = [...document.querySelectorAll('*')];
  document.querySelectorAll('details').forEach(each => {{ each.open = true; }});
  for (const each of all.slice(0, 20000)) {{
    for (const kind of ['mouseover', 'focus', 'toggle', 'error', 'load']) {{ each.dispatchEvent(new Event(kind)); }}
  }}
  const count = tag => document.getElementsByTagName(tag).length;
  const tags = ['script', 'iframe', 'object', 'embed', 'form', 'base', 'meta', 'link', 'style', 'img', 'input'];
  return {{
    executed: window.{SENTINEL},
    refused: window.__refused,
    handlers: all.filter(each => [...each.attributes].some(a => a.name.startsWith('on'))).length,
    links: all.filter(each => /^\\s*(javascript|data|vbscript):/i.test(each.getAttribute('href') || '')).length,
    tags: Object.fromEntries(tags.map(tag => [tag, count(tag)])),
    text: document.documentElement.textContent,
  }};
}}"""


@dataclass
class Opened:
    """What a page did, and how many elements of each kind that can do something it has."""

    executed: int = 0
    refused: int = 0
    handlers: int = 0
    links: int = 0
    tags: Mapping[str, int] = field(default_factory=dict)
    text: str = ""
    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


def opened(browser: Browser, file: Path) -> Opened:
    """Open a page, unfold it, touch every element, and tell what came of it."""
    context = browser.new_context(offline=True)
    found = Opened()
    address = file.resolve().as_uri()
    try:
        context.add_init_script(_WATCH)
        page = context.new_page()
        _watch(page, found, address)
        page.goto(address, timeout=_WAIT_MS, wait_until="load")
        page.wait_for_timeout(50)
        told: dict[str, Any] = page.evaluate(_LOOK)
        page.wait_for_timeout(50)
        told["executed"] += page.evaluate(f"() => window.{SENTINEL}") - told["executed"]
        for name, value in told.items():
            setattr(found, name, value)
        if page.url.partition("#")[0] != address or len(context.pages) > 1:
            found.asked.append(page.url)
    finally:
        context.close()
    return found


def _watch(page: Page, found: Opened, address: str) -> None:
    def dismissed(dialog: Any) -> None:
        found.dialogs.append(dialog.message)
        dialog.dismiss()

    def asked(request: Any) -> None:
        if request.url != address and not request.url.startswith(("data:", "blob:", "about:")):
            found.asked.append(request.url)

    page.on("dialog", dismissed)
    page.on("request", asked)


def problems(plain: Opened, hostile: Opened) -> Iterator[str]:
    """What a page with hostile names did that the same page without them does not."""
    if hostile.executed:
        yield f"{hostile.executed} scripts of names ran"
    yield from (f"a dialog: {each[:80]!r}" for each in hostile.dialogs)
    yield from (f"asked for {each[:120]!r}" for each in hostile.asked if each not in plain.asked)
    if hostile.handlers > plain.handlers:
        yield f"{hostile.handlers - plain.handlers} elements with handlers"
    if hostile.links > plain.links:
        yield f"{hostile.links - plain.links} links that run something"
    for tag, count in hostile.tags.items():
        if count > plain.tags.get(tag, 0):
            yield f"{count - plain.tags.get(tag, 0)} more <{tag}>"


def shown(names: Sequence[str], text: str) -> set[str]:
    """The names that stand in a page, told by the number in each."""
    marks = set(re.findall(r"n\d+x", text))
    return {name for name in names if (found := re.search(r"n\d+x", name)) and found[0] in marks}
