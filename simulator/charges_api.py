"""The charges API: intervals cut to the window asked for, behind an opaque page token."""

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Callable

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from simulator.answers import flag, invalid, whole_number
from simulator.bill import Bill
from simulator.charges import Charge, Line
from simulator.gate import Gate
from simulator.instants import inclusive_end, month_of, parse_rfc3339, zulu
from simulator.world import Clock, World

DEFAULT_PAGE = 100
LARGEST_PAGE = 1_000

Piece = tuple[Charge, int, int]


class ChargesApi:
    """Answers /billing/v2beta1/charges."""

    def __init__(self, world: World, clock: Clock, gate: Gate) -> None:
        self._world = world
        self._clock = clock
        self._gate = gate
        self._bill = Bill(world)
        self._prefixes: dict[Line, str] = {}
        self._last: tuple[str, int, list[Piece]] = ("", -1, [])

    async def charges(self, request: Request) -> Response:
        self._gate.require_organization_or_project(request, "project_ids")
        query, now = request.query_params, self._clock.instant
        question = _question(query)
        size = min(whole_number(query, "page_size", DEFAULT_PAGE), LARGEST_PAGE)
        first = _offset(query.get("page_token", ""), question)
        pieces = self._pieces(query, question, now)
        rows = ",".join(self._row(piece, now) for piece in pieces[first : first + size])
        more = first + size < len(pieces)
        token = f'"{_token(first + size, question)}"' if more else "null"
        return Response(f'{{"charges":[{rows}],"next_page_token":{token}}}', media_type="application/json")

    def _pieces(self, query: QueryParams, question: str, now: int) -> list[Piece]:
        if self._last[:2] != (question, now):
            self._last = (question, now, self._select(query, now))
        return self._last[2]

    def _select(self, query: QueryParams, now: int) -> list[Piece]:
        start, end = self._window(query, now)
        clamp = flag(query, "clamp_to_time_range")
        wanted = self._filter(query, now)
        pieces: list[Piece] = []
        for charge in self._world.overlapping(start, end):
            until = self._world.served_until(charge, now)
            if until is None or not wanted(charge):
                continue
            if clamp:
                piece = charge, max(charge.start, start), min(until, end)
                if piece[1] < piece[2]:
                    pieces.append(piece)
            elif start <= charge.start and until <= end:
                pieces.append((charge, charge.start, until))
        pieces.sort(key=lambda piece: piece[1], reverse=query.get("order_by") == "start_date_desc")
        return pieces

    def _window(self, query: QueryParams, now: int) -> tuple[int, int]:
        """The seconds asked for; each end defaults to that of the billing period."""
        month = month_of(now)
        start = _instant(query, "start_date_after", month.start)
        return start, _instant(query, "end_date_before", month.end)

    def _filter(self, query: QueryParams, now: int) -> Callable[[Charge], bool]:
        projects = {self._world.project_ids[p.name]: p for p in self._world.scenario.projects}
        wanted = [projects[identifier].name for identifier in query.getlist("project_ids") if identifier]
        skus, ids, names = (query.getlist(name) for name in ("skus", "resource_ids", "resource_names"))
        invoices = query.getlist("invoice_ids")
        if not any((wanted, skus, ids, names, invoices)):
            return lambda charge: True

        def keep(charge: Charge) -> bool:
            resource, sku = charge.line.resource, charge.line.offer.sku
            return (
                (not wanted or resource.project.name in wanted)
                and (not skus or sku in skus)
                and (not ids or resource.id in ids)
                and (not names or (resource.group.named and resource.name in names))
                and (not invoices or self._invoice_id(charge, now) in invoices)
            )

        return keep

    def _invoice_id(self, charge: Charge, now: int) -> str:
        """Empty until the invoice of the charge's month is issued."""
        month = month_of(charge.start)
        return self._bill.invoice_id(month) if self._world.issued_at(month) <= now else ""

    def _row(self, piece: Piece, now: int) -> str:
        charge, start, end = piece
        prefix = self._prefixes.get(charge.line) or self._remember(charge.line)
        updated = zulu(self._world.updated_at(charge, end, now))
        return (
            f'{prefix}"price":{self._price(charge, start, end, now)},"start_date":"{zulu(start)}",'
            f'"end_date":"{inclusive_end(end)}","updated_at":"{updated}",'
            f'"invoice_id":"{self._invoice_id(charge, now)}"}}'
        )

    def _price(self, charge: Charge, start: int, end: int, now: int) -> str:
        if charge.line.offer.is_free:
            return "null"
        nanos = charge.nanos(start, end, now)
        units, rest = divmod(abs(nanos), 10**9)
        sign = "-" if nanos < 0 else ""
        money = f'"units":{sign if units else ""}{units},"nanos":{sign if rest else ""}{rest}'
        return f'{{"currency_code":"{self._world.scenario.currency}",{money}}}'

    def _remember(self, line: Line) -> str:
        """What every row of a line begins with."""
        organization, resource = self._world.scenario.organization, line.resource
        fields = {
            "organization_id": organization.id,
            "organization_name": organization.name,
            "project_id": self._world.project_id(resource.project),
            "project_name": resource.project.name,
            "sku": line.offer.sku,
            "resource_id": resource.id,
            "resource_name": resource.name if resource.group.named else None,
        }
        prefix = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))[:-1] + ","
        return self._prefixes.setdefault(line, prefix)


def _instant(query: QueryParams, name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    try:
        return math.ceil(parse_rfc3339(text))
    except ValueError:
        raise invalid(name, "format", f"{text} is not an RFC 3339 time") from None


def _question(query: QueryParams) -> str:
    """A digest of everything that decides the rows, so that a token fits its own question only."""
    parts = sorted(pair for pair in query.multi_items() if pair[0] not in ("page_token", "page_size"))
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=9).hexdigest()


def _token(offset: int, question: str) -> str:
    return base64.urlsafe_b64encode(f"{question}:{offset}".encode()).decode()


def _offset(token: str, question: str) -> int:
    if not token:
        return 0
    try:
        asked, _, offset = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        asked, offset = "", ""
    if asked != question or not offset.isdigit():
        raise invalid("page_token", "format", "the token does not belong to this request")
    return int(offset)
