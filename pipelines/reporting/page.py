"""Templates to pages: everything inside one file, and a content policy that lets nothing else in or out."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.reporting.monthly_rows import FailedCheck

TEMPLATES = Path(__file__).parent / "templates"
PLOTLY_MARK = "@@plotly.js@@"


def render_page(template: str, *, has_charts: bool = False, **values: Any) -> str:
    """The finished page. User text is escaped; only the scripts named by their hash can run."""
    own = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    scripts = [own, *([_plotly_js()] if has_charts else [])]
    page = (
        _environment()
        .get_template(template)
        .render(
            values,
            has_charts=has_charts,
            style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
            script=own,
            plotly_mark=PLOTLY_MARK,
            policy=_policy(scripts),
        )
    )
    # the library is put in last, at its first mark (in the head): rendering five megabytes is for nothing
    return page.replace(PLOTLY_MARK, _plotly_js(), 1) if has_charts else page


def delayed_page(
    *,
    heading: str,
    period: str,
    command: str,
    organization_name: str,
    as_of: datetime,
    product_version: str,
    checks_failed: Sequence[FailedCheck],
) -> str:
    """The page of a period whose data were refused: which checks did so, what to do, and no figure."""
    return render_page(
        "delayed.html",
        title=f"{organization_name}: report for {period} delayed",
        organization_name=organization_name,
        heading=heading,
        period=period,
        command=command,
        as_of=as_of,
        product_version=product_version,
        checks=[check for check in checks_failed if check.is_blocking],
    )


def _policy(scripts: list[str]) -> str:
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: blob:; "
        f"style-src 'unsafe-inline'; script-src {hashes}"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _plotly_js() -> str:
    """The library as it is packaged, with nothing in it that could end its script element."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("\r\n", "\n").replace("</script", "<\\/script")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
