"""Opening a file: CSV, compressed CSV, JSON lines or Parquet as batches of text, nothing interpreted yet.

Every value leaves here as text, so that casting has one path; a Parquet decimal keeps every digit and a
Parquet float becomes its shortest exact spelling.
"""

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from pipelines.errors import UsageError

_DELIMITERS = (",", ";", "\t", "|")
_GZIP = b"\x1f\x8b"
_LARGEST_UNPACKED = 256 * 1024**2
"""Bytes that a packed file may always have; beyond it, so many times its size."""
_MOST_TIMES = 200
_MOST_RAGGED = 100_000


@dataclass(frozen=True)
class Expected:
    """What a caller reads: `what` a file is called in messages, its suffixes, and column names it may have; a CSV is
    read in blocks of so many bytes."""

    what: str
    suffixes: tuple[str, ...]
    names: Collection[str]
    block: int = 16 << 20

    @property
    def spelled(self) -> str:
        """The suffixes in words."""
        return f"{', '.join(self.suffixes[:-1])} or {self.suffixes[-1]}"

    @property
    def takes_json(self) -> bool:
        """Whether JSON lines are read too."""
        return ".jsonl" in self.suffixes

    @property
    def forms(self) -> str:
        """What the file may be, in words."""
        return "CSV, JSON lines or Parquet" if self.takes_json else "CSV or Parquet"


@dataclass
class RawFile:
    """One file's columns, and its lines as text; `ragged` fills while `batches` is consumed."""

    source_file: str
    source_hash: str
    names: list[str]
    batches: Iterator[pa.Table]
    form: str = "CSV"
    first_line: int = 2
    ragged: list[tuple[int, str, str]] = field(default_factory=list)  # (line, reason, text)
    notes: list[str] = field(default_factory=list)

    @property
    def rule(self) -> str:
        """What a ragged line breaks."""
        if self.form == "JSON lines":
            return "are not JSON objects"
        return f"do not have the header's {len(self.names)} fields"


def find_files(path: Path, expected: Expected) -> list[tuple[Path, str]]:
    """The files to read, each with the name it is known by: a file itself, or a folder's tree in order."""
    if path.is_file():
        return [(path, path.name)]
    if not path.is_dir():
        raise UsageError(f"{path}: no such file or folder; name a {expected.spelled} {expected.what}")
    found = sorted(
        item
        for item in path.rglob("*")
        if item.is_file() and item.name.lower().endswith(expected.suffixes) and not item.name.startswith((".", "_"))
    )
    if not found:
        raise UsageError(f"{path}: holds no {expected.spelled} file; name the folder of the export")
    return [(item, item.relative_to(path).as_posix()) for item in found]


def open_file(path: Path, source_file: str, expected: Expected) -> RawFile:
    """Look at the first bytes, not at the suffix, and open the file as what it is."""
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if not start:
        raise UsageError(f"{path}: is empty; export the {expected.what} again")
    if start == b"PAR1":
        from pipelines.files.parquet import open_parquet

        return open_parquet(path, source_file)
    try:
        return _open_text(path, source_file, expected, compressed=start[:2] == _GZIP)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(f"{path}: is a damaged gzip file ({error}); fetch it again") from error


class _Unpacked(gzip.GzipFile):
    """A packed file that refuses to become many times its size: no bill does, and it would fill memory or disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path, self._most, self._seen = path, max(_LARGEST_UNPACKED, _MOST_TIMES * path.stat().st_size), 0

    def read(self, size: int | None = -1) -> bytes:
        return self._checked(super().read(size))

    def readline(self, size: int | None = -1) -> bytes:
        return self._checked(super().readline(size))

    def _checked(self, piece: bytes) -> bytes:
        self._seen += len(piece)
        if self._seen > self._most:
            raise UsageError(
                f"{self._path}: unpacks to more than {self._most // 1024**2:,} MiB, over {_MOST_TIMES} times its size; "
                "export it again, or unpack it yourself if that is right"
            )
        return piece


def opened(path: Path, compressed: bool) -> BufferedIOBase:
    """The bytes of the file, decompressed. Reading raises UsageError when it unpacks to what no export is."""
    return _Unpacked(path) if compressed else path.open("rb")


def content_hash(path: Path, compressed: bool, check: Callable[[bytes], object] = len) -> str:
    """sha256 of the uncompressed content, so that compressing a file again changes nothing."""
    digest = hashlib.sha256()
    with opened(path, compressed) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
            check(block)
    check(b"")
    return digest.hexdigest()


def _open_text(path: Path, source_file: str, expected: Expected, *, compressed: bool) -> RawFile:
    with opened(path, compressed) as stream:
        head = stream.read(1 << 16)
    text = _text(path, head, expected)
    if expected.takes_json and text.lstrip()[:1] in ("{", "["):
        from pipelines.files.json_lines import open_json_lines

        return open_json_lines(path, source_file, expected.what, compressed)
    names, delimiter = _header(path, text, expected)
    decode = codecs.getincrementaldecoder("utf-8")()
    try:
        content = content_hash(path, compressed, lambda block: decode.decode(block, final=not block))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text ({error.reason}); convert the {expected.what} to UTF-8") from error
    raw = RawFile(source_file, content, names, iter(()))
    raw.batches = _csv_batches(path, raw, delimiter, compressed, expected)
    return raw


def _text(path: Path, head: bytes, expected: Expected) -> str:
    """The beginning of a text file; what is plainly something else is refused."""
    if b"\0" in head or head[:2] in (b"PK", b"\xff\xfe", b"\xfe\xff"):
        raise UsageError(
            f"{path}: is not a UTF-8 {expected.forms} file; export the {expected.what} as {expected.forms}"
        )
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    if text.lstrip()[:1] == "<":
        raise UsageError(f"{path}: is a web page or XML, not a CSV; download the {expected.what} itself")
    if not text.strip():
        raise UsageError(f"{path}: is empty; export the {expected.what} again")
    return text


def _header(path: Path, text: str, expected: Expected) -> tuple[list[str], str]:
    """Column names and delimiter: of the usual delimiters, the one that yields most names that are known."""
    known = {name.casefold() for name in expected.names}
    best: list[str] = []
    chosen, most = ",", 0
    for delimiter in _DELIMITERS:
        try:
            names = [name.strip() for name in next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))]
        except csv.Error as error:
            raise UsageError(f"{path}: its header is no CSV ({error}); export the {expected.what} again") from None
        found = len({name.casefold() for name in names} & known)
        if found > most or not best:
            best, chosen, most = names, delimiter, found
    twice = sorted({name for name in best if best.count(name) > 1})
    if twice:
        raise UsageError(f"{path}: column {twice[0]!r} appears twice; export the {expected.what} again")
    return best, chosen


def _csv_batches(path: Path, raw: RawFile, delimiter: str, compressed: bool, expected: Expected) -> Iterator[pa.Table]:
    def keep_ragged(row: pa_csv.InvalidRow) -> str:
        if len(raw.ragged) > _MOST_RAGGED and 2 * len(raw.ragged) > row.number:
            return "error"  # it is no table, and to keep all of it would fill the memory
        raw.ragged.append((row.number, f"{row.actual_columns} fields where the header has {len(raw.names)}", row.text))
        return "skip"

    try:
        with pa.input_stream(str(path), compression="gzip" if compressed else None) as stream:
            reader = pa_csv.open_csv(
                stream,
                read_options=pa_csv.ReadOptions(
                    use_threads=False, block_size=expected.block, column_names=raw.names, skip_rows=1
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep_ragged
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(raw.names, pa.string()), strings_can_be_null=False
                ),
            )
            for batch in reader:
                yield pa.Table.from_batches([batch])
    except (pa.ArrowInvalid, OSError) as error:
        if "Empty CSV file" in str(error) or "Could not skip initial" in str(error):
            return  # a header and nothing else
        reason = str(error).splitlines()[0]
        raise UsageError(f"{path}: is not a readable CSV ({reason}); export the {expected.what} again") from error
