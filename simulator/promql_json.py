"""Answers as Prometheus writes them: values are text, never with an exponent."""

import math
import operator
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import orjson

from simulator.promql_values import Vector
from simulator.telemetry_noise import Floats, Whole

_EXACT = 2.0**53
_NUMPY = orjson.OPT_SERIALIZE_NUMPY
_SUCCESS = b'{"status":"success","data":{"resultType":"%s","result":%s}}'


def success(data: Any) -> bytes:
    """An answer that is not a value of an expression."""
    return orjson.dumps({"status": "success", "data": data})


def error(kind: str, said: str) -> bytes:
    return orjson.dumps({"status": "error", "errorType": kind, "error": said})


def instant(value: Vector | Floats | str, time: int) -> bytes:
    """The answer of an instant query: a vector, a scalar or a string."""
    at = moment(time)
    if isinstance(value, str):
        return _SUCCESS % (b"string", b"[%s,%s]" % (at, orjson.dumps(value)))
    if not isinstance(value, Vector):
        return _SUCCESS % (b"scalar", b'[%s,"%s"]' % (at, number(float(value[0]))))
    there = value.there()[:, 0]
    rows = [
        b'{"metric":%s,"value":[%s,"%s"]}' % (orjson.dumps(value.full(row)), at, number(float(value.values[row, 0])))
        for row in range(len(value))
        if there[row]
    ]
    return _SUCCESS % (b"vector", b"[%s]" % b",".join(rows))


def matrix(pieces: Sequence[tuple[Vector | Floats, Whole]]) -> bytes:
    """The answer of a range query, from pieces that follow one another; series are ordered by their labels."""
    texts: dict[Hashable, list[bytes]] = {}
    labels: dict[Hashable, dict[str, str]] = {}
    for value, times in pieces:
        vector = value if isinstance(value, Vector) else Vector([{}], None, value[None, :], None)
        before = [b'[%s,"' % moment(int(time)) for time in times]
        for row, points in enumerate(_points(vector, before)):
            if points:
                key = vector.key(row)
                if key not in labels:
                    labels[key] = vector.full(row)
                texts.setdefault(key, []).append(points)
    ordered = sorted(labels, key=lambda key: sorted(labels[key].items()))
    rows = [b'{"metric":%s,"values":[%s]}' % (orjson.dumps(labels[key]), b",".join(texts[key])) for key in ordered]
    return _SUCCESS % (b"matrix", b"[%s]" % b",".join(rows))


def _points(vector: Vector, before: Sequence[bytes]) -> Sequence[bytes]:
    """The points of each series, after each time that is given as text."""
    if not len(vector) or not before:
        return [b""] * len(vector)
    if vector.present is None:
        return [_written(before, values) for values in _texts(vector.values)]
    found = []
    for values, there in zip(vector.values, vector.present, strict=True):
        kept = np.flatnonzero(there).tolist()
        if not kept:
            found.append(b"")
            continue
        (texts,) = _texts(values[None, kept])
        found.append(_written([before[step] for step in kept], texts))
    return found


def _written(before: Sequence[bytes], values: Sequence[bytes]) -> bytes:
    return b'"],'.join(map(operator.add, before, values)) + b'"]'


def _texts(values: Floats) -> list[list[bytes]]:
    """The text of every value, by row."""
    if not np.isfinite(values).all():
        return [[number(value) for value in row] for row in values.tolist()]
    if (values == np.floor(values)).all() and np.abs(values).max(initial=0.0) < _EXACT:
        told = orjson.dumps(np.ascontiguousarray(values.astype(np.int64)), option=_NUMPY)
    else:
        told = orjson.dumps(np.ascontiguousarray(values), option=_NUMPY)
        if b"e" in told or b"E" in told:
            return [[number(value) for value in row] for row in values.tolist()]
        told = told.replace(b".0,", b",").replace(b".0]", b"]")
    return [row.split(b",") for row in told[2:-2].split(b"],[")]


def number(value: float) -> bytes:
    """A value without an exponent, as short as is exact."""
    if math.isnan(value):
        return b"NaN"
    if math.isinf(value):
        return b"+Inf" if value > 0 else b"-Inf"
    return np.format_float_positional(value, trim="-").encode()


def moment(time: int) -> bytes:
    """Milliseconds as seconds."""
    whole, rest = divmod(time, 1_000)
    return b"%d" % whole if not rest else (b"%d.%03d" % (whole, rest)).rstrip(b"0")
