"""Names that depend on the seed alone: the same scenario always gives the same identifiers."""

import hashlib
import uuid


class Identity:
    """Draws identifiers and fractions from a seed and the name of what they are for."""

    def __init__(self, seed: int) -> None:
        self._seed = str(seed).encode()

    def _digest(self, *names: object) -> bytes:
        text = "\x1f".join(str(name) for name in names)
        return hashlib.blake2b(text.encode(), key=self._seed, digest_size=16).digest()

    def uuid(self, *names: object) -> str:
        return str(uuid.UUID(bytes=self._digest(*names), version=4))

    def millionths(self, *names: object) -> int:
        """An evenly spread whole number from 0 to 999,999."""
        return int.from_bytes(self._digest(*names)[:8], "big") % 1_000_000

    def address(self, *names: object) -> str:
        """A public-looking IPv4 address."""
        raw = self._digest(*names)
        return f"51.15.{raw[0]}.{1 + raw[1] % 254}"

    def mac(self, *names: object) -> str:
        return "de:00:" + ":".join(f"{byte:02x}" for byte in self._digest(*names)[:4])
