"""Names for tenants that tell them apart and do not tell who they are.

A keyed hash of the name. The key must be unknown to those who only see the report: a hash of the name alone, or one
keyed by something public such as the organisation's id, is undone by hashing the names of likely customers. So the key
is a random salt, drawn once and kept in the lake: whoever may read the lake sees the names anyway, and nobody has to
guard, configure or lose another secret. A lake that is thrown away takes its pseudonyms with it, as it should be.
"""

import base64
import hmac
import secrets

SALT_BYTES = 32
_LETTERS = 8


def draw_salt() -> str:
    """A new random salt, as text."""
    return secrets.token_hex(SALT_BYTES)


def pseudonym(organization_id: str, tenant: str, salt: str) -> str:
    """The same for the same tenant of the same organisation as long as the salt is kept, whatever its case.

    Eight letters are forty bits: of ten thousand tenants two share one with a chance of one in twenty thousand.
    Raises ValueError for a salt too short to protect anything.
    """
    key = bytes.fromhex(salt)
    if len(key) < SALT_BYTES:
        raise ValueError(f"a salt of {len(key)} bytes protects nothing; draw one of {SALT_BYTES}")
    told = "\0".join((organization_id, tenant.strip().casefold())).encode()
    digest = hmac.new(key, told, "sha256").digest()
    return f"tenant-{base64.b32encode(digest).decode().lower()[:_LETTERS]}"
