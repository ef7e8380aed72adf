"""Every call that the notebooks make to `open_lake()`, found in their cells, to be made again by itself."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
_LAKE = "lake"


@dataclass(frozen=True)
class Call:
    """An expression such as `lake.table("gold.kpis", period="month")`, with the names it needs beside `lake`."""

    notebook: str
    text: str
    code: CodeType
    names: Mapping[str, Any]

    def make(self, lake: Any) -> Any:
        """What it answers."""
        return eval(self.code, {**self.names, _LAKE: lake})  # noqa: S307 (a cell of this project's notebooks)


def notebook_calls(month: str, folder: Path = NOTEBOOKS) -> list[Call]:
    """The calls of all notebooks, each text once; `view` knows the month, other names the values cells give them.

    A call with a value that only a run of the notebook knows is left out.
    """
    found: dict[str, Call] = {}
    for file in sorted(folder.glob("*.ipynb")):
        tree = ast.parse("\n".join(_cells(file)))
        names = {"view": SimpleNamespace(month=month), **_constants(tree)}
        for node in _outermost(tree):
            used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} - {_LAKE}
            text = ast.unparse(node)
            if used <= names.keys() and text not in found:
                code = compile(ast.Expression(node), file.name, "eval")
                found[text] = Call(file.name, text, code, {name: names[name] for name in used})
    return list(found.values())


def _cells(file: Path) -> Iterator[str]:
    for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


def _constants(tree: ast.Module) -> dict[str, Any]:
    """Names that cells give a literal; the last one holds."""
    named = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
            try:
                named[target.id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return named


def _outermost(node: ast.AST) -> Iterator[ast.Call]:
    """Calls of the lake's methods that are not themselves part of one."""
    for child in ast.iter_child_nodes(node):
        is_asked = isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute)
        if is_asked and isinstance(child.func.value, ast.Name) and child.func.value.id == _LAKE:  # type: ignore[attr-defined]
            yield child  # type: ignore[misc]
        else:
            yield from _outermost(child)
