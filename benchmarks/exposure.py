"""Does a secret, a call or a port get out? The whole product, cut off from all networks, with keys to look for.

`python -m benchmarks.exposure` begins itself again in a network of its own whose way out leads nowhere and shows what
leaves (Linux with unshare and iproute2). There it serves the small organisation, a mail server that asks for a
password, and nothing else; runs the product's commands as people do, right and wrong (refused keys, nobody at the
address, a mailbox that refuses, a lake whose server is away), Dagster's page and JupyterLab among them; and looks for
every key, token and password in all that was printed and in all files left (packed ones too), in Dagster's pages and
in the command lines of all processes. It ends with 1 when one is found, when a packet left, when something listens to
others than this machine, when a statement gets past `finops sql`, or when the run asks what its policy does not allow.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import cut_off
from benchmarks.canaries import in_bytes, in_folder
from benchmarks.exposure_commands import STATEMENTS, Rehearsed, Said, commands, pages
from benchmarks.exposure_servers import Keys, Scaleway, Watch, mail_server, organisation
from benchmarks.pages import table, write_section

PAGE = Path(__file__).parents[1] / "docs" / "security.md"


@dataclass(frozen=True)
class Promise:
    """What was looked at, how often, and what was wrong."""

    name: str
    cases: int
    wrong: Sequence[str]


def rehearsed(folder: Path) -> Iterator[Promise]:
    """Everything, one promise after the other."""
    keys = Keys.new()
    with ExitStack() as running:
        scaleway = running.enter_context(organisation(folder, keys))
        mail = running.enter_context(mail_server(keys.smtp_password))
        watch = running.enter_context(Watch())
        way_out = running.enter_context(cut_off.WayOut())
        place = Rehearsed(folder, scaleway.url, mail.port, keys, scaleway.tokens)
        said = [*commands(place), *pages(place)]
        yield Promise("commands, of which each ends as it should", len(said), _unexpected(said))
        yield _policy(scaleway)
        yield _statements(place)
        secrets = place.secrets
        printed = [f"{name} in what {each.name} said" for each in said for name in in_bytes(each.text, secrets)]
        yield Promise("outputs of commands and pages without a secret", len(said), printed)
        lines = sorted(f"{name} in a command line" for name in in_bytes(watch.lines.encode(), secrets))
        yield Promise("looks at the command lines of all processes", watch.looks, lines)
        others = watch.open - {scaleway.port, mail.port}
        yield Promise("ports, all on the loopback", len(watch.loopback | others), [f"port {port}" for port in others])
        yield Promise("packets to other hosts", way_out.packets, sorted(way_out.calls))
    files, found = in_folder(folder, secrets)
    yield Promise("files without a secret", files, [f"{name} in {path}" for name, path in found])


def _unexpected(said: Sequence[Said]) -> list[str]:
    return [
        f"{each.name} ended with {each.code}: {each.text.decode(errors='replace')[-300:]}"
        for each in said
        if each.code not in each.expected
    ]


def _policy(scaleway: Scaleway) -> Promise:
    return Promise("kinds of calls, all allowed by the documented policy", len(scaleway.asked), scaleway.refused)


def _statements(place: Rehearsed) -> Promise:
    answers = [(sql, place.run("sql", sql, debug=False)) for sql in STATEMENTS]
    return Promise(
        "statements that reach out of the lake, all refused in a line",
        len(answers),
        [sql for sql, said in answers if said.code == 0 or b"Traceback" in said.text],
    )


def page(promises: Sequence[Promise]) -> str:
    """The section of docs/security.md."""
    words = (
        "The product in a network whose way out leads nowhere and shows every packet: its commands, Dagster's page and "
        "JupyterLab, with keys, tokens and passwords that are then looked for in all that was said and left."
    )
    rows = [(each.name, each.cases, len(each.wrong)) for each in promises]
    written = table(("Looked at", "Cases", "Wrong"), rows)
    return f"## What gets out\n\n`python -m benchmarks.exposure`: {words}\n\n{written}"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing got out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exposure", description=__doc__)
    parser.add_argument("--write", type=Path, help="the page whose section is written, docs/security.md")
    given = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(given)
    cut_off.enter("benchmarks.exposure", list(given))
    promises = []
    with tempfile.TemporaryDirectory(prefix="exposure-") as folder:
        for promise in rehearsed(Path(folder)):
            promises.append(promise)
            print(f"{len(promise.wrong):>3} wrong of {promise.cases:>6} {promise.name}", flush=True)
            for what in promise.wrong[:5]:
                print(f"      {what}", flush=True)
    if options.write:
        write_section(options.write, "Security", "what gets out", page(promises))
    return 1 if any(promise.wrong for promise in promises) else 0


if __name__ == "__main__":
    raise SystemExit(main())
