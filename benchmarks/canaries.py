"""Where do secrets turn up? Looks into files of every kind a run leaves, packed ones too."""

from __future__ import annotations

import base64
import gzip
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

Found = tuple[str, str]
"""Name of the secret, and where it is."""


def forms(secret: str) -> set[bytes]:
    """How a secret may be written: as it is, in an address, in a header, and turned round as a hash is not."""
    plain = secret.encode()
    return {plain, quote(secret, safe="").encode(), base64.b64encode(plain).rstrip(b"="), plain.hex().encode()}


def in_bytes(content: bytes, secrets: Mapping[str, str]) -> set[str]:
    """Names of the secrets that are in it."""
    return {name for name, secret in secrets.items() if any(form in content for form in forms(secret))}


def in_folder(folder: Path, secrets: Mapping[str, str]) -> tuple[int, list[Found]]:
    """How many files were looked into, and what was found in them or in their names."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = [
        (name, str(path))
        for path in files
        for content in (str(path).encode(), *_contents(path))
        for name in in_bytes(content, secrets)
    ]
    return len(files), found


def _contents(path: Path) -> Iterator[bytes]:
    raw = path.read_bytes()
    yield raw
    if path.suffix == ".parquet":
        yield from _values(path)
    elif raw[:2] == b"\x1f\x8b":
        yield gzip.decompress(raw)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            yield from (packed.read(name) for name in packed.namelist())


def _values(path: Path) -> Iterator[bytes]:
    """All text and bytes of a Parquet file, which are packed on disk."""
    table = pq.ParquetFile(path).read()
    for column in table.columns:
        kind = column.type
        if pa.types.is_nested(kind):
            yield str(column.to_pylist()).encode()
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
            for value in column.unique().to_pylist():
                if value is not None:
                    yield value.encode() if isinstance(value, str) else value
