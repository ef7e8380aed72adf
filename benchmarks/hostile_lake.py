"""A lake whose names are hostile: what selects find is handed on with each name of a person's thing replaced.

The lake itself stays as it is. A name is replaced wherever it stands, alone, in a sentence or inside of JSON, and
always by the same one, so that what belongs together still does.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.lake.engine import Catalog

COLUMNS: Mapping[str, Sequence[str]] = {
    "resource": ("resource_name",),
    "project": ("project_name",),
    "tag": ("owner", "team", "tag_value", "environment"),
    "bucket": ("bucket", "bucket_name"),
    "model": ("model", "model_name", "deployment_name"),
    "tenant": ("tenant", "tenant_id", "tenant_name"),
}
"""Where names of each kind stand in gold."""

_SHORTEST = 3
_ENVIRONMENTS = frozenset({"prod", "production", "staging", "dev", "development", "test", "shared", "unknown"})
"""Words that are ours once they are read from a tag: nothing a person wrote reaches a page in them."""


def known_names(catalog: Catalog) -> dict[str, list[str]]:
    """The names in gold, by kind, each in the first kind that has it."""
    found: dict[str, list[str]] = {kind: [] for kind in COLUMNS}
    seen: set[str] = set(_ENVIRONMENTS)
    for table in sorted(name for name in catalog.names() if name.startswith("gold.")):
        columns = catalog.query(f"select * from {table} limit 0").schema
        for kind, wanted in COLUMNS.items():
            for column in (name for name in wanted if name in columns.names):
                if columns.field(column).type != pa.string():
                    continue
                rows = catalog.query(f'select distinct "{column}" as name from {table} where "{column}" is not null')
                fresh = sorted(set(rows["name"].to_pylist()) - seen)
                found[kind] += [name for name in fresh if len(name) >= _SHORTEST]
                seen.update(fresh)
    return found


class HostileCatalog(Catalog):
    """The same lake; `renamed` says what stands for what."""

    def __init__(self, catalog: Catalog, renamed: Mapping[str, str]) -> None:
        super().__init__(catalog.lake, catalog.models, catalog.declared)
        self._renamed = renamed
        words = sorted(map(re.escape, renamed), key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(words)})(?![\w-])") if words else None

    def query(self, sql: str) -> pa.Table:
        """Rows with hostile names."""
        rows = super().query(sql)
        columns = [self._column(rows.column(at)) for at in range(rows.num_columns)]
        return pa.table(columns, names=rows.column_names)

    def _column(self, values: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
        if values.type == pa.string():
            return pa.array([self._text(each) for each in values.to_pylist()], pa.string())
        if pa.types.is_list(values.type) and values.type.value_type == pa.string():
            lists = values.to_pylist()
            made = [None if each is None else [self._text(item) for item in each] for each in lists]
            return pa.array(made, values.type)
        return values

    def _text(self, text: str | None) -> str | None:
        if text is None or self._pattern is None:
            return text
        if text in self._renamed:
            return self._renamed[text]
        if text[:1] in "{[":
            try:
                return json.dumps(_walked(json.loads(text, parse_float=str), self._replaced), ensure_ascii=False)
            except ValueError:
                pass
        return self._replaced(text)

    def _replaced(self, text: str) -> str:
        assert self._pattern is not None
        return self._pattern.sub(lambda found: self._renamed[found[0]], text)


def _walked(node: Any, change: Callable[[str], str]) -> Any:
    """JSON with each of its texts changed; keys are ours."""
    if isinstance(node, str):
        return change(node)
    if isinstance(node, list):
        return [_walked(each, change) for each in node]
    if isinstance(node, dict):
        return {key: _walked(each, change) for key, each in node.items()}
    return node
