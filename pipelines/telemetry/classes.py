"""What kind of line a log line is: by its level, its words, its status and how long something took.

Words only ever raise a line into a protected class, never out of one, so a wrong guess costs volume and no evidence. A
line that says nothing of itself is `unknown`, and unknown is protected: what cannot be told from an error is kept.
"""

from __future__ import annotations

import re
from enum import StrEnum


class LogClass(StrEnum):
    """From what must be kept longest to what is worth least; `unknown` could be anything."""

    audit = "audit"
    security = "security"
    error = "error"
    slow = "slow"
    unknown = "unknown"
    warn = "warn"
    info = "info"
    debug = "debug"


PROTECTED = frozenset({LogClass.audit, LogClass.security, LogClass.error, LogClass.slow, LogClass.unknown})
"""Never sampled, dropped or kept shorter than the policy says, whatever the policy allows."""

SLOW_SECONDS = 1.0
"""An answer that takes longer is slow, where a line says how long it took."""

_LEVELS = {
    LogClass.debug: "trace trc finest finer fine all verbose verb vrb debug dbg debg config d v t",
    LogClass.info: "information informational info inf notice note ok success i n",
    LogClass.warn: "warning warn wrn w",
    LogClass.error: "error err eror erro severe fatal ftl critical crit alert emergency emerg panic failure f e c a",
    LogClass.audit: "audit",
    LogClass.security: "security",
}
_BY_LEVEL = {word: name for name, words in _LEVELS.items() for word in words.split()}

AUDIT_WORDS = (
    r"\baudit(?:ed|ing|log|or)?\b|\baudit[._-]|\.audit\b|\b(?:role|permission|policy)\b.{0,20}\b(?:granted|revoked)\b"
)
SECURITY_WORDS = (
    r"\bsecurity\b|\bauth(?:n|z|entication|orization|orisation)?\b.{0,40}\b(?:fail|den|invalid|reject|refus)"
    r"|\b(?:unauthori[sz]ed|forbidden|intrusion|brute.?force|breach|malware|csrf|xss)\b|\bpermission denied\b"
    r"|\baccess denied\b|\b(?:failed|invalid|accepted) (?:password|login|user|publickey|token|signature)\b"
    r"|\b(?:sudo|sshd|pam_unix)\b|\bbreak-in\b"
)
ERROR_WORDS = (
    r"\berrors?\b|\b\w+(?:Exception|Error)\b|\bexceptions?\b|\btraceback\b"
    r"|\bpanic\b|\bfatal\b|\bsegfault\b|\bout of memory\b|\boom.?kill|\bcaused by\b|\bstack ?trace\b|\bcore dumped\b"
    r"|\bfail(?:ed|ures?|ing|s)?\b|\baborted\b|\bunreachable\b|\bdata loss\b"
)
SLOW_WORDS = r"\bslow(?:ly|er)?\b|\btime[ds]?[ -]?out\b|\bdeadline exceeded\b|\blatency (?:high|above|exceed)"
PROTECTED_WORDS = "|".join((AUDIT_WORDS, SECURITY_WORDS, ERROR_WORDS, SLOW_WORDS))
"""What raises a line, as one expression without lookaheads, which Go's expressions do not know: the same words stand in
the configuration of the agents that drop lines."""

_WORDS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (LogClass.audit, AUDIT_WORDS),
        (LogClass.security, SECURITY_WORDS),
        (LogClass.error, ERROR_WORDS),
        (LogClass.slow, SLOW_WORDS),
    )
)
_SERVER_ERROR, _REFUSED = 500, (401, 403, 407)


def class_of_level(level: str | None) -> LogClass:
    """What a level by itself says: any usual spelling, or a number as loggers write them.

    Numbers of different loggers mean different things (20 is debug to one and information to another), so a number
    stands for the more important of its meanings.
    """
    if level is None:
        return LogClass.unknown
    told = level.strip().strip("[]<>():'\"").lower()
    if told.lstrip("+-").isdigit():
        return _of_number(int(told))
    return _BY_LEVEL.get(told, _BY_LEVEL.get(re.sub(r"[\d_-]+$", "", told), LogClass.unknown))


def classify(
    level: str | None,
    words: str = "",
    status: int | None = None,
    seconds: float | None = None,
    slow_seconds: float = SLOW_SECONDS,
) -> LogClass:
    """The class of a line. `words` are its message and the name of its logger, `status` that of HTTP.

    An error stays one even where its words sound like something else, except that audit and security come first.
    """
    by_level = class_of_level(level)
    found = next((name for name, pattern in _WORDS if pattern.search(words)), None)
    if by_level in (LogClass.audit, LogClass.security):
        return by_level
    if found in (LogClass.audit, LogClass.security):
        return found
    if status in _REFUSED:
        return LogClass.security
    if by_level is LogClass.error or found is LogClass.error or (status is not None and status >= _SERVER_ERROR):
        return LogClass.error
    if found is LogClass.slow or (seconds is not None and seconds >= slow_seconds):
        return LogClass.slow
    if by_level is not LogClass.unknown:
        return by_level
    return LogClass.unknown if status is None else _of_status(status)


def is_protected(log_class: LogClass) -> bool:
    """Whether nothing of it may be lost."""
    return log_class in PROTECTED


def _of_status(status: int) -> LogClass:
    if not 100 <= status < _SERVER_ERROR:
        return LogClass.unknown
    return LogClass.info if status < 400 else LogClass.warn


def _of_number(number: int) -> LogClass:
    """10, 20, … as bunyan, pino and Python write them; 1 to 24 of OpenTelemetry are not told apart from syslog's."""
    if number >= 40:
        return LogClass.error
    return {10: LogClass.debug, 20: LogClass.info, 30: LogClass.warn}.get(number, LogClass.unknown)
