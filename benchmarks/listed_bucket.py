"""A bucket of any number of objects whose truth is known, and a local HTTP server that speaks S3's listings of it."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote_plus, urlsplit

TODAY = date(2026, 11, 18)
MIDNIGHT = datetime(2026, 11, 18, tzinfo=UTC)
BUCKET = "bench"
CLASSES = ("STANDARD", "STANDARD", "STANDARD", "ONEZONE_IA", "GLACIER")
SIZES = (0, 700, 131_071, 131_072, 999_999, 1_000_000, 50_000_000, 7_000_000_000)
# five keys in turn have seven entries: a deleted object, an overwritten one, and three plain ones
SEVEN = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (3, 0), (4, 0))
KEYS_PER_FOLDER = 400
MOST_PREFIXES = 200

Place = tuple[str, str]  # prefix, and the rest of a cell's name


def key_of(number: int) -> str:
    """The key with this number; numbers and keys have the same order."""
    return f"{folder_of(number)}{number:09}.bin"


def folder_of(number: int) -> str:
    """The prefix of that key."""
    folder = number // KEYS_PER_FOLDER
    return f"équipe {folder // 50:03}/set+{folder % 50:02}/"


def facts_of(number: int, version: int) -> tuple[int, datetime, str]:
    """Size, time and class; an older version is 100 days older than the one that replaced it."""
    chance = (number * 2_654_435_761) % 4_294_967_296
    written = MIDNIGHT - timedelta(seconds=chance % (800 * 86_400), days=100 * version)
    return SIZES[(chance >> 7) % 8], written.replace(microsecond=0), CLASSES[(chance >> 11) % 5]


def entry_of(position: int, of_versions: bool) -> tuple[int, int, bool]:
    """Key number, version number (0 is the latest) and whether it is a delete marker."""
    if not of_versions:
        return position, 0, False
    key, version = SEVEN[position % 7]
    return position // 7 * 5 + key, version, (key, version) == (0, 0)


def truth(objects: int, of_versions: bool, most_prefixes: int) -> dict[str, list[int]]:
    """Every cell's count and bytes, by keeping all prefixes until the end."""
    cells: Counter[Place] = Counter()
    sizes: Counter[Place] = Counter()
    for position in range(objects):
        number, version, is_marker = entry_of(position, of_versions)
        size, written, storage_class = facts_of(number, version)
        since = facts_of(number, version - 1)[1] if version else written
        size, days = 0 if is_marker else size, max((MIDNIGHT - since).days, 0)
        age = max(edge for edge in (0, 1, 7, 30, 60, 90, 180, 365, 730) if edge <= days)
        band = max(edge for edge in (0, 1, 131_072, 10**6, 10**7, 10**8, 10**9, 10**10) if edge <= size)
        state = "delete_marker" if is_marker else "noncurrent" if version else "current"
        place = folder_of(number), f"{'' if is_marker else storage_class}|{state}|{age}|{band}"
        cells[place] += 1
        sizes[place] += size
    return folded(cells, sizes, most_prefixes)


def folded(cells: Counter[Place], sizes: Counter[Place], most_prefixes: int) -> dict[str, list[int]]:
    """The cells told by name, prefixes beyond those with most bytes as one."""
    by_prefix: Counter[str] = Counter()
    for (prefix, _), size in sizes.items():
        by_prefix[prefix] += size
    kept = set(sorted(by_prefix, key=lambda each: (-by_prefix[each], each))[:most_prefixes])
    told: dict[str, list[int]] = {}
    for (prefix, rest), count in cells.items():
        cell = told.setdefault(f"{prefix if prefix in kept else '(other)'}|{rest}", [0, 0])
        cell[0] += count
        cell[1] += sizes[prefix, rest]
    return told


def serve(objects: int) -> None:
    """Answer listings of `objects` entries until ended; the first line on stdout is the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

        def do_GET(self) -> None:
            query = {name: told[0] for name, told in parse_qs(urlsplit(self.path).query, True).items()}
            body = _page(query, objects).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


def _page(query: dict[str, str], objects: int) -> str:
    of_versions = "versions" in query
    start = int(query.get("version-id-marker" if of_versions else "continuation-token", 0))
    end = min(start + int(query["max-keys"]), objects)
    root = "ListVersionsResult" if of_versions else "ListBucketResult"
    parts = [f"<?xml version='1.0'?><{root}><Name>{BUCKET}</Name><EncodingType>url</EncodingType>"]
    parts += [_xml(position, of_versions) for position in range(start, end)]
    parts.append(f"<IsTruncated>{str(end < objects).lower()}</IsTruncated>")
    if end < objects and of_versions:
        last = quote_plus(key_of(entry_of(end - 1, True)[0]), safe="/")
        parts.append(f"<NextKeyMarker>{last}</NextKeyMarker><NextVersionIdMarker>{end}</NextVersionIdMarker>")
    elif end < objects:
        parts.append(f"<NextContinuationToken>{end}</NextContinuationToken>")
    return "".join([*parts, f"</{root}>"])


def _xml(position: int, of_versions: bool) -> str:
    number, version, is_marker = entry_of(position, of_versions)
    size, written, storage_class = facts_of(number, version)
    told = (
        f"<Key>{quote_plus(key_of(number), safe='/')}</Key>"
        f"<LastModified>{written:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
        "<Owner><ID>11111111-1111-1111-1111-111111111111</ID></Owner>"
    )
    if of_versions:
        told += f"<VersionId>{position}</VersionId><IsLatest>{str(version == 0).lower()}</IsLatest>"
    if is_marker:
        return f"<DeleteMarker>{told}</DeleteMarker>"
    told += f"<Size>{size}</Size><StorageClass>{storage_class}</StorageClass><ETag>&#34;{number:032x}&#34;</ETag>"
    return f"<Version>{told}</Version>" if of_versions else f"<Contents>{told}</Contents>"
