"""The few errors a caller may want to tell apart; each carries the exit code of the command line.

Every message is one line that names the value and the remedy, and never holds a secret.
"""


class FinopsError(Exception):
    """Something a person can put right. `exit_code` is what the `finops` command ends with."""

    exit_code = 1


class UsageError(FinopsError):
    """The words of a command, a key or a file name are wrong."""

    exit_code = 2


class ConfigurationError(FinopsError):
    """`finops.toml`, the `scw` profile, a credential or a permission is wrong or missing."""

    exit_code = 3


class QualityGateError(FinopsError):
    """A blocking check refused the data; nothing after it was built."""

    exit_code = 4


class SourceUnavailable(FinopsError):
    """A source did not answer usably, even after retries."""

    exit_code = 5


class PartialResult(FinopsError):
    """The work is done as far as possible; the message names what is missing."""

    exit_code = 6


class LakeUnavailable(FinopsError):
    """The lake cannot be read or written."""

    exit_code = 7


class PolicyThreshold(FinopsError):
    """A threshold given with `--fail-on` was hit."""

    exit_code = 10


class PermissionDenied(ConfigurationError):
    """Scaleway refused this key (401 or 403) for one product."""


class NotOffered(FinopsError):
    """The product does not exist in this locality (404, 501): it holds no resources there."""


class WriteRefused(FinopsError):
    """A call other than GET was attempted; this product never changes a customer's cloud."""
