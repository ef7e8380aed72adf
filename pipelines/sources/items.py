"""JSON of a source, read and written without losing a digit.

A number with a fraction is a `Decimal`, an integer may be of any size. An answer of many items is kept as their texts:
a mapping takes four times the memory, and a hundred thousand of them keep the garbage collector busier than the
parser. So each item is parsed, spelled canonically and let go; one is parsed again when it is looked at.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, overload

import msgspec
from msgspec.json import Decoder, Encoder

Item = Mapping[str, Any]

_FIELDS = Decoder(dict[str, msgspec.Raw])
_RAWS = Decoder(list[msgspec.Raw])
_LARGEST_EXPONENT = 1_000_000
"""Far beyond what anybody measures; to spell out more zeros than that takes time and memory without end."""


def _fraction(digits: str) -> Decimal:
    """A number with a fraction or an exponent, every digit of it. Raises ValueError for what nobody measures."""
    try:
        number = Decimal(digits)
    except InvalidOperation:
        raise ValueError(f"the number {digits[:40]} is beyond any measure") from None
    if abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError(f"the number {digits[:40]} is beyond any measure")
    return number


_EXACT = Decoder(float_hook=_fraction)

_KEPT = Encoder(order="sorted", decimal_format="string")
"""Sorted keys, no white space; a number with a fraction becomes a string, which no reader can round."""


class Items(Sequence[Item]):
    """The items of an answer, in their order, each as one text."""

    def __init__(self, texts: Sequence[bytes] = (), exact: Mapping[int, bytes] | None = None) -> None:
        self._texts = list(texts)
        # canonical texts of the items in which a number has a fraction
        self._exact = dict(exact or {})

    @classmethod
    def of(cls, items: Iterable[Item]) -> "Items":
        """The same, of items that are mappings."""
        if isinstance(items, Items):
            return items
        plain = [_as_dict(item) for item in items]
        exact = {at: canonical(item).encode() for at, item in enumerate(plain) if _has_fraction(item)}
        return cls([_KEPT.encode(item) for item in plain], exact)

    @property
    def texts(self) -> Sequence[bytes]:
        """Each item as JSON with sorted keys, to be kept; a number with a fraction is a string."""
        return self._texts

    @property
    def spellings(self) -> Sequence[bytes]:
        """One spelling for each content: `canonical` of each item."""
        if not self._exact:
            return self._texts
        return [self._exact.get(at, text) for at, text in enumerate(self._texts)]

    def extend(self, items: Iterable[Item]) -> None:
        """Take more items in, after these."""
        more = Items.of(items)
        self._exact.update({len(self._texts) + at: text for at, text in more._exact.items()})
        self._texts.extend(more._texts)

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | Sequence[Item]:
        numbers = range(len(self._texts))[at]
        if isinstance(numbers, int):
            return self._parsed(numbers)
        return tuple(map(self._parsed, numbers))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Items):
            return self.spellings == other.spellings
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self.spellings))

    def _parsed(self, at: int) -> Item:
        item: Item = _EXACT.decode(self._exact.get(at, self._texts[at]))
        return item


def document_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises ValueError for anything else, NaN and Infinity included."""
    return {name: _value(raw) for name, raw in _fields(body).items()}


def page_of(body: bytes) -> dict[str, Any]:
    """As `document_of`, but each list of objects is `Items`."""
    return {name: _items(raw) or _value(raw) for name, raw in _fields(body).items()}


def canonical(value: Any) -> str:
    """One spelling for one JSON value: sorted keys, no white space, 1.50 as 1.5, 2.0 as 2."""
    return _spelled(value) if _has_fraction(value) else _KEPT.encode(value).decode()


def _fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _FIELDS.decode(body)
    except msgspec.ValidationError:
        pass
    except RecursionError:
        raise _too_deep() from None
    raise ValueError(f"the JSON is a {type(_value(body)).__name__}, not an object")


def _value(raw: msgspec.Raw | bytes) -> Any:
    try:
        return _EXACT.decode(raw)
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> ValueError:
    return ValueError("the JSON is nested too deeply")


def _items(raw: msgspec.Raw) -> Items | None:
    """A list of nothing but objects; None for any other value, and for an empty list."""
    try:
        raws = _RAWS.decode(raw)
    except msgspec.ValidationError:
        return None
    fractions: list[str] = []

    def noted(digits: str) -> Decimal:
        fractions.append(digits)
        return _fraction(digits)

    decode = Decoder(dict[str, Any], float_hook=noted).decode
    try:
        texts = [_KEPT.encode(decode(each)) for each in raws]
        exact = _exactly(raws, decode, fractions) if fractions else {}
    except msgspec.ValidationError:
        return None
    except RecursionError:
        raise _too_deep() from None
    return Items(texts, exact)


def _exactly(
    raws: Sequence[msgspec.Raw], decode: Callable[[msgspec.Raw], dict[str, Any]], fractions: list[str]
) -> dict[int, bytes]:
    """The canonical text of each item in which a fraction is noted while it is read."""
    found = {}
    for at, raw in enumerate(raws):
        fractions.clear()
        item = decode(raw)
        if fractions:
            found[at] = _spelled(item).encode()
    return found


def _as_dict(item: Item) -> dict[str, Any]:
    return item if isinstance(item, dict) else dict(item)


def _has_fraction(value: Any) -> bool:
    values: Sequence[Any] = [value]
    while values:
        if any(isinstance(each, Decimal) for each in values):
            return True
        maps = (each.values() for each in values if isinstance(each, Mapping))
        lists = (each for each in values if isinstance(each, list | tuple))
        values = [*chain.from_iterable(maps), *chain.from_iterable(lists)]
    return False


def _spelled(value: Any) -> str:
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, Mapping):
        fields = (f"{_spelled(key)}:{_spelled(value[key])}" for key in sorted(value))
        return "{" + ",".join(fields) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_spelled(entry) for entry in value) + "]"
    return _KEPT.encode(value).decode()


def _number(value: Decimal) -> str:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # NaN and Infinity are refused when parsing
    significant = "".join(map(str, digits)).rstrip("0")
    if not significant:
        return "0"
    exponent += len(digits) - len(significant)
    if 0 <= exponent <= 30:
        significant, exponent = significant + "0" * exponent, 0
    return f"{'-' * sign}{significant}{f'e{exponent}' if exponent else ''}"
