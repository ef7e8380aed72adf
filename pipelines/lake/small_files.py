"""Which partitions of a table lie in so many small files that merging them is worth a commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pipelines.lake.state import TableState

_MANY_FILES, _FEW_FILES = 24, 4
_SMALL_BYTES = 16 * 1024**2


def is_crowded(state: TableState, partition: str) -> bool:
    """Whether a partition that still grows has too many."""
    return sum(file.size < _SMALL_BYTES for file in state.files_in([partition])) >= _MANY_FILES


def left_small(state: TableState) -> Sequence[str]:
    """Partitions before the newest that lie in several small files."""
    if not state.partition_by:
        return []
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    for file in state.data_files:
        sizes[file.partition].append(file.size)
    over = sorted(sizes)[:-1]
    return [name for name in over if len(sizes[name]) >= _FEW_FILES and sum(sizes[name]) < _SMALL_BYTES]
