"""What becomes of what is written into a bucket: replaced, deleted, moved to a colder class, expired, aborted.

A bucket is seen as of a midnight UTC. What was written or deleted until that midnight is so then, and lifecycle
rules act at it: a rule of N days has reached exactly what is N whole days old.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from simulator.instants import DAY, day_start, seconds
from simulator.s3_scenario import Bucket, Rule, Transition

NEVER = 1 << 62
_RANKS = {"STANDARD": 0, "ONEZONE_IA": 1, "GLACIER": 2}


@dataclass(slots=True)
class Version:
    """One version of a key, or a delete marker. From midnight `gone` on it is not there any more."""

    key: str
    number: int
    written: int
    storage_class: str
    weight: float = 0.0
    size: int = 0
    is_marker: bool = False
    superseded: int = NEVER
    gone: int = NEVER
    moves: list[tuple[int, str]] = field(default_factory=list)

    def is_there(self, midnight: int) -> bool:
        return self.written <= midnight < self.gone

    def class_at(self, midnight: int) -> str:
        """The class it lies in, as of a midnight."""
        held = self.storage_class
        for since, name in self.moves:
            if since <= midnight:
                held = name
        return held

    def spans(self) -> Iterator[tuple[int, int, str]]:
        """From which midnight to which it lies in which class."""
        since, held = midnight_from(self.written), self.storage_class
        for moment, name in [*self.moves, (self.gone, "")]:
            until = min(moment, self.gone)
            if since < until:
                yield since, until, held
            since, held = max(since, moment), name


@dataclass(slots=True)
class Upload:
    """A multipart upload that was begun and never completed."""

    key: str
    number: int
    begun: int
    storage_class: str
    part_count: int
    weight: float = 0.0
    sizes: tuple[int, ...] = ()
    gone: int = NEVER

    @property
    def size(self) -> int:
        return sum(self.sizes)

    def is_there(self, midnight: int) -> bool:
        return self.begun <= midnight < self.gone


def midnight_from(instant: int) -> int:
    """The instant itself if it is midnight, else the midnight that follows."""
    return day_start(instant + DAY - 1)


class Lifecycle:
    """The rules of one bucket, applied to its keys."""

    def __init__(self, bucket: Bucket, created: int) -> None:
        self._is_versioned = bucket.versioning == "enabled"
        self._rules = [(rule, seconds(rule.start) if rule.start else created) for rule in bucket.rules if rule.enabled]

    def settle(self, versions: Sequence[Version], deleted: int | None) -> list[Version]:
        """All versions of one key, oldest first, with their fate; `deleted` is when its writer deletes the key."""
        rules = [(rule, since) for rule, since in self._rules if versions[0].key.startswith(rule.prefix)]
        if not self._is_versioned:
            return [self._replaced(version, later, deleted, rules) for version, later in _pairs(versions)]
        chain = list(self._with_markers(versions, deleted, rules))
        for each, later in _pairs(chain):
            each.superseded = later.written if later else NEVER
            for rule, since in rules if later else ():
                if rule.expire_noncurrent:
                    each.gone = min(each.gone, _reached(each.superseded, rule.expire_noncurrent, since))
                _move(each, rule.noncurrent_transitions, each.superseded, since)
            for rule, since in rules:
                _move(each, rule.transitions, each.written, since, until=each.superseded)
            _tidy(each)
        _expire_marker(chain, rules)
        return chain

    def abort(self, upload: Upload) -> Upload:
        """The upload with the midnight at which a rule ends it."""
        for rule, since in self._rules:
            if rule.abort_uploads and upload.key.startswith(rule.prefix):
                upload.gone = min(upload.gone, _reached(upload.begun, rule.abort_uploads, since))
        return upload

    def _replaced(
        self, version: Version, later: Version | None, deleted: int | None, rules: Sequence[tuple[Rule, int]]
    ) -> Version:
        """Without versions, a second write or a deletion leaves nothing of the first."""
        ends = [
            midnight_from(instant) for instant in (later.written if later else None, deleted) if instant is not None
        ]
        version.gone = min([version.gone, *ends, *_expiries(version, rules)])
        for rule, since in rules:
            _move(version, rule.transitions, version.written, since)
        _tidy(version)
        return version

    def _with_markers(
        self, versions: Sequence[Version], deleted: int | None, rules: Sequence[tuple[Rule, int]]
    ) -> Iterator[Version]:
        """The versions and the delete markers that a deletion or an expiry puts on top of them."""
        for version, later in _pairs(versions):
            yield version
            ends = [deleted] if deleted is not None else []
            end = min([*ends, *_expiries(version, rules)], default=NEVER)
            if end < (later.written if later else NEVER):
                yield Version(version.key, version.number, end, "", is_marker=True)


def _pairs(chain: Sequence[Version]) -> Iterator[tuple[Version, Version | None]]:
    return zip(chain, [*chain[1:], None], strict=True)


def _expiries(version: Version, rules: Sequence[tuple[Rule, int]]) -> list[int]:
    return [_reached(version.written, rule.expire, since) for rule, since in rules if rule.expire]


def _reached(instant: int, days: int, since: int) -> int:
    """The midnight at which a rule made at `since` meets what is `days` old."""
    return midnight_from(max(instant + days * DAY, since))


def _move(version: Version, transitions: Sequence[Transition], counted: int, since: int, until: int = NEVER) -> None:
    for transition in transitions if not version.is_marker else ():
        midnight = _reached(counted, transition.days, since)
        if midnight <= until:
            version.moves.append((midnight, transition.storage_class))


def _tidy(version: Version) -> None:
    """Moves in order, and only those to a colder class."""
    held, kept = version.storage_class, []
    for midnight, name in sorted(version.moves):
        if _RANKS[name] > _RANKS[held]:
            kept.append((midnight, name))
            held = name
    version.moves = kept


def _expire_marker(chain: Sequence[Version], rules: Sequence[tuple[Rule, int]]) -> None:
    """A delete marker on top goes once nothing is left behind it, where a rule says so."""
    last = chain[-1]
    starts = [since for rule, since in rules if rule.expire_markers]
    if last.is_marker and starts:
        alone = max([midnight_from(last.written), *(each.gone for each in chain[:-1])])
        last.gone = max(alone, _reached(last.written, 0, min(starts)))
