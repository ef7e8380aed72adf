"""What readers get, made from a lake into a folder: pages, e-mails in both parts, and a notebook that ran."""

from __future__ import annotations

import base64
import email
import email.policy
import html
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from benchmarks.reader_pages import Look

ROOT: Final = Path(__file__).parents[1]
_DRAWN: Final = "html[data-charts]"
_A4_WIDTH: Final = 680
"""CSS pixels of a sheet less its margins."""
_WIDTHS: Final = {"wide": 1440, "tablet": 768, "phone": 390}
_MAIL_WIDTHS: Final = (600, 320)
_NOTEBOOK: Final = "02_month_review.ipynb"
_MAKE_SECONDS: Final = 300


def environment(lake: Path, state: Path) -> dict[str, str]:
    """That of a person at work on this lake."""
    return {**os.environ, "FINOPS_LAKE": str(lake), "FINOPS_STATE": str(state), "PYTHONPATH": str(ROOT)}


def made_pages(variables: Mapping[str, str], out: Path) -> Iterator[Look]:
    """The three reports by their commands, looked at in every width, in the dark and on paper."""
    for kind in ("monthly", "weekly", "quality"):
        before = {*out.glob("*.html")}
        command = [sys.executable, "-m", "finops.cli", "report", kind, "--out", str(out)]
        _run(command, variables)
        [page] = {*out.glob("*.html")} - before
        ready = "body" if kind == "quality" else _DRAWN
        for name, width in _WIDTHS.items():
            yield Look(f"{kind}-{name}", page.as_uri(), width, ready=ready)
        yield Look(f"{kind}-dark", page.as_uri(), _WIDTHS["wide"], scheme="dark", ready=ready)
        yield Look(f"{kind}-dark-phone", page.as_uri(), _WIDTHS["phone"], scheme="dark", ready=ready)
        yield Look(f"{kind}-print", page.as_uri(), _A4_WIDTH, media="print", ready=ready)


def made_mails(out: Path) -> Iterator[Look]:
    """Every e-mail beside the reports: pictures shown, pictures refused, in the dark, and the text part."""
    for file in sorted(out.glob("*.eml")):
        parts = _parts(file)
        for name, text in parts.items():
            page = out / f"{file.stem}-mail-{name}.html"
            page.write_text(text, encoding="utf-8")
            for width in _MAIL_WIDTHS:
                yield Look(f"{page.stem}-{width}", page.as_uri(), width)
        yield Look(f"{file.stem}-mail-dark", (out / f"{file.stem}-mail-images.html").as_uri(), 600, scheme="dark")


def _parts(file: Path) -> dict[str, str]:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    shown, plain = message.get_body(("html",)), message.get_body(("plain",))
    assert shown is not None
    assert plain is not None
    page: str = shown.get_content()
    with_images = page
    for part in message.walk():
        if part.get_content_maintype() == "image":
            data = base64.b64encode(part.get_payload(decode=True) or b"").decode()  # type: ignore[arg-type]
            address = f"cid:{str(part['Content-ID']).strip('<>')}"
            with_images = with_images.replace(address, f"data:{part.get_content_type()};base64,{data}")
    words = html.escape(plain.get_content())
    style = "margin:16px;font:13px/1.5 monospace;white-space:pre-wrap;overflow-wrap:anywhere"
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>Text part</title><main><h1 style="font-size:13px;margin:16px">Text part</h1>'
        f'<pre style="{style}">{words}</pre></main></html>'
    )
    # an address of the message that nothing resolves is what a program shows that refuses pictures
    return {"images": with_images, "no-images": page, "text": text}


def made_notebook(variables: Mapping[str, str], out: Path) -> Iterator[Look]:
    """The month's notebook, run top to bottom, as JupyterLab would export it; only its answers are ours."""
    command = [
        *(sys.executable, "-m", "nbconvert", "--to", "html", "--execute", "--output", "notebook"),
        *("--output-dir", str(out), str(ROOT / "notebooks" / _NOTEBOOK)),
    ]
    _run(command, variables)
    page = (out / "notebook.html").as_uri()
    for name in ("wide", "phone"):
        yield Look(f"notebook-{name}", page, _WIDTHS[name], within=".finops", settle_ms=2000)
    yield Look("notebook-dark", page, _WIDTHS["wide"], scheme="dark", within=".finops", settle_ms=2000)


def _run(command: list[str], variables: Mapping[str, str]) -> None:
    quiet = subprocess.DEVNULL
    subprocess.run(command, env=dict(variables), check=True, timeout=_MAKE_SECONDS, stdout=quiet)  # noqa: S603 - ours
