"""The `[mail]` section of the settings: who gets which review by e-mail, and through which server.

The password of the server comes from the environment alone: FINOPS_SMTP_PASSWORD.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipelines.secrets import Secret, secret_of

SMTP_LOGIN: Final = "FINOPS_SMTP_PASSWORD"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_TEM_HOST: Final = "smtp.tem.scaleway.com"
_PORTS: Final = {"tls": 465, "starttls": 587, "none": 25}


class Security(StrEnum):
    """How the connection is encrypted: from its first byte, by STARTTLS, or not (a server on this machine)."""

    tls = "tls"
    starttls = "starttls"
    none = "none"


def _address(value: str) -> str:
    plain = parseaddr(value)[1]
    user, _, domain = plain.rpartition("@")
    if not user or not domain or any(sign in value for sign in "\r\n"):
        raise ValueError(f"{value!r} is no e-mail address; write one such as finops@example.org")
    return value


EmailAddress = Annotated[str, AfterValidator(_address)]


class Mail(BaseModel):
    """Reviews by e-mail. Without `host` nothing is sent: the e-mail is a file beside the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sender: EmailAddress | None = Field(None, description="Who sends, such as FinOps <finops@example.org>.")
    monthly_to: tuple[EmailAddress, ...] = Field((), description="Who gets the monthly review.")
    weekly_to: tuple[EmailAddress, ...] = Field((), description="Who gets the weekly review.")
    host: str | None = Field(
        None, min_length=1, description="Mail server; scaleway-tem stands for Scaleway's Transactional Email."
    )
    port: int | None = Field(None, ge=1, le=65535, description="Its port; else 465 with tls and 587 with starttls.")
    security: Security = Field(Security.tls, description="tls, starttls, or none for a server on this machine.")
    user: str | None = Field(None, min_length=1, description="User name; with scaleway-tem the id of the project.")
    timeout_seconds: float = Field(30, gt=0, le=600, description="Longest wait for one answer of the server.")
    report_url: str | None = Field(
        None, pattern=r"^https?://\S+$", description="Where reports can be read; {file} is replaced by the file's name."
    )
    pictures: bool = Field(True, description="Put charts into e-mails as pictures, where a browser can draw them.")
    unsubscribe: EmailAddress | None = Field(None, description="Who is asked to end it; else the sender.")

    @model_validator(mode="after")
    def _complete(self) -> Mail:
        if self.host and not self.sender:
            raise ValueError("sender is not set; say who sends, such as FinOps <finops@example.org>")
        if self.host and self.security is Security.none and self.host not in _LOOPBACK:
            raise ValueError(f"host {self.host!r} is not on this machine; set security to tls or starttls")
        return self

    @property
    def server_host(self) -> str | None:
        """The host's name."""
        return _TEM_HOST if self.host == "scaleway-tem" else self.host

    @property
    def server_port(self) -> int:
        """The port, or the usual one of the encryption."""
        return self.port or _PORTS[self.security]

    def address_of(self, file_name: str) -> str:
        """Where a report can be read; nothing where no place is set."""
        return self.report_url.replace("{file}", file_name) if self.report_url else ""


def smtp_password(environment: Mapping[str, str]) -> Secret | None:
    """The password of the mail server, if any."""
    return secret_of(environment, SMTP_LOGIN)
