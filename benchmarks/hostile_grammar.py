"""What hostile input is made of: values no reader expects, documents with a few of them put in, and bytes that were
damaged on the way. Everything follows from the random generator that is given, so a seed makes it again."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

DEEP = 100_000
"""Levels of nesting; the parsers give up at some hundreds or thousands."""
LONG = 200_000


class Raw(str):
    """JSON as it is to be written, whether or not it is any."""


NUMBERS = (
    *("0", "-0", "-1", "1", "0.1", "-0.000000001", "1e-400", "1e400", "-1e400", "1e999999999", "1E-999999999"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "340282366920938463463374607431768211456"),
    *("1" + "0" * 5000, "-" + "9" * 400, "0." + "3" * 400, "1e18446744073709551616", "999999999999.999999999999"),
)
NO_NUMBERS = ("NaN", "Infinity", "-Infinity", "0x10", "1_000", "01", "+1", "1.", ".5", "--1")
TEXTS = (
    *("", " ", "\t\r\n", "null", "NULL", "None", "nan", "inf", "-inf", "true", "0", "-1", "1e999999", "9" * 400),
    *("\u0000", "a\u0000b", "\u202e\u2066gnp.exe", "\ud7ff\uffff", "\U0010ffff", "é" * 300, "́" * 500, "ﷺ" * 100),
    *("<script>window.__executed=1</script>", "=1+1", "'; drop table gold.costs; --", "{{7*7}}", "../../etc/passwd"),
    *("\x1b[2J\x1b]0;x\x07", "a\r\nBcc: x@example.org", "%s%n", "%00", "${jndi:ldap://x}", "\\", '"', "'", "`", "|"),
)
TIMES = (
    *("0000-00-00T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "10000-01-01T00:00:00Z"),
    *("2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-06-01T25:61:61Z", "2026-06-01T00:00:00+99:99", "-1"),
    *("2026-06-01", "01/06/2026", "June", "1780272000", "1780272000000000000000", "2026-06-01T00:00:60Z", "infinity"),
    *("-infinity", "294247-01-10T04:00:54.775807Z", "2026-06-01T00:00:00.1234567890123Z", "epoch", "now", "2026-W23"),
)
ENUMS = ("unknown", "UNKNOWN_TYPE", "new_state_2031", "Ünbekannt", "running ", "RUNNING", "42", "a" * 5000)


def value(rng: Random) -> Any:
    """One value of any kind that has no business where it is put."""
    kind = rng.randrange(12)
    if kind == 0:
        return None
    if kind == 1:
        return Raw(rng.choice(NUMBERS))
    if kind == 2:
        return Raw(rng.choice(NO_NUMBERS)) if rng.random() < 0.3 else rng.choice(NUMBERS[:12])
    if kind == 3:
        return rng.choice([True, False, [], {}, [[]], [None], {"": None}, [{}], {"a": {"b": []}}])
    if kind == 4:
        return Raw(rng.choice(["[" * DEEP + "]" * DEEP, '{"a":' * 5000 + "1" + "}" * 5000, "[" * 300 + "]" * 300]))
    if kind == 5:
        return Raw(
            rng.choice(['"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\x41"', '"\\', "'a'", '"a\nb"', "undefined"])
        )
    if kind == 6:
        return rng.choice("aé☃ ") * rng.choice([1, 255, 256, 65536, LONG])
    if kind == 7:
        return rng.choice(TIMES)
    if kind == 8:
        return rng.choice(ENUMS)
    if kind == 9:
        return [value(rng) for _ in range(rng.randrange(4))]
    if kind == 10:
        return {rng.choice([*TEXTS, "id", "name"]): value(rng) for _ in range(rng.randrange(3))}
    return rng.choice(TEXTS)


def mutated(rng: Random, document: Any, most: int = 4) -> Any:
    """The document with one to `most` of its nodes replaced, left out, doubled, renamed or wrapped."""
    copy = json.loads(json.dumps(document))
    for _ in range(rng.randint(1, most)):
        places = list(_places(copy))
        if places:
            holder, key = rng.choice(places)
            _changed(rng, holder, key)
    return copy


def _places(node: Any) -> Any:
    """Every node below this one, as what holds it and its key or position; markers of raw JSON are left alone."""
    entries: Sequence[tuple[Any, Any]] = ()
    if isinstance(node, dict):
        entries = list(node.items())
    elif isinstance(node, list):
        entries = list(enumerate(node))
    for key, held in entries:
        yield node, key
        yield from _places(held)


def _changed(rng: Random, holder: Any, key: Any) -> None:
    how = rng.randrange(8)
    if how <= 3:
        holder[key] = value(rng)
    elif how == 4:
        del holder[key]
    elif how == 5 and isinstance(holder, list):
        holder.extend([holder[key]] * rng.choice([1, 2, 50]))
    elif how == 6 and isinstance(holder, dict):
        holder[rng.choice([*TEXTS, str(key).upper(), f" {key}"])] = holder.pop(key)
    else:
        holder[key] = rng.choice([[holder[key]], {"value": holder[key]}, str(holder[key])])


def spelled(node: Any) -> str:
    """JSON, with what is `Raw` as it stands."""
    if isinstance(node, Raw):
        return str(node)
    if isinstance(node, Mapping):
        return "{" + ",".join(f"{json.dumps(str(name))}:{spelled(held)}" for name, held in node.items()) + "}"
    if isinstance(node, list | tuple):
        return "[" + ",".join(map(spelled, node)) + "]"
    return json.dumps(node, ensure_ascii=False)


def encoded(text: str) -> bytes:
    """UTF-8, with lone surrogates as the invalid bytes that some writers make of them."""
    return text.encode("utf-8", "surrogatepass")


Damage = Callable[[Random, bytes], bytes]


def _flipped(rng: Random, body: bytes) -> bytes:
    found = bytearray(body or b" ")
    for _ in range(rng.randint(1, 8)):
        found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def _put_in(rng: Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    pieces = [
        b"\xff\xfe",
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\0",
        b"\xef\xbb\xbf",
        b"\x1a",
        b'"',
        b"\r",
    ]
    return body[:at] + rng.choice(pieces) * rng.choice([1, 3]) + body[at:]


DAMAGES: Sequence[Damage] = (
    _flipped,
    _flipped,
    _put_in,
    _put_in,
    lambda rng, body: body[: rng.randrange(len(body) + 1)],
    lambda rng, body: body + body,
    lambda rng, body: b"\xef\xbb\xbf" + body,
    lambda rng, body: body.decode("utf-8", "replace").encode("utf-16"),
    lambda rng, body: b"",
    lambda rng, body: b" " * 100_000 + body + b"\n" * 100_000,
    lambda rng, body: b"<!doctype html><html><body>502 Bad Gateway</body></html>",
    lambda rng, body: gzip.compress(body, mtime=0),
    lambda rng, body: gzip.compress(body, mtime=0)[: rng.randint(1, 40)],
    lambda rng, body: rng.randbytes(rng.choice([1, 100, 5000])),
    lambda rng, body: b"PAR1" + body[:200] + b"PAR1",
    lambda rng, body: body.replace(b",", b"\0", 3),
)


def damaged(rng: Random, body: bytes) -> bytes:
    """The bytes with one thing that goes wrong between a writer and a reader."""
    return rng.choice(DAMAGES)(rng, body)
