"""E-mails to a real server over the loopback: their shape, and each way a server can fail, in words without secrets."""

import socket
import threading
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from pipelines.mail.message import Content, Envelope, email, message_id
from pipelines.mail.sending import NotTaken, Server, connected, send
from pipelines.secrets import Secret

from ...assets.anomaly_lake import mail_sink  # noqa: TID252 - tests are no package

NOW = datetime(2026, 11, 6, 8, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\nrest"
CONTENT = Content("monthly", "2026-10", "[FinOps] Grüße: €28,815", "text\n", "<p>page</p>", {"bridge": PNG})
ENVELOPE = Envelope("org", "FinOps <finops@example.org>", "Team <team@example.org>")
PASSWORD = "a-word-nobody-may-see"


def local(port, **changes):
    return Server(**{"host": "127.0.0.1", "port": port, "security": "none", "timeout_seconds": 2} | changes)


def test_a_message_has_both_parts_its_picture_and_the_headers(free_port):
    message = email(CONTENT, ENVELOPE, NOW)
    with mail_sink(free_port) as sink, connected(local(free_port)) as connection:
        send(connection, message, ["team@example.org"])
    [mail] = sink.messages
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    [picture] = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert (picture["Content-ID"], picture.get_content()) == ("<bridge>", PNG)
    assert mail["Subject"] == CONTENT.subject
    assert (mail["To"], mail["Auto-Submitted"]) == ("Team <team@example.org>", "auto-generated")
    assert mail["List-Unsubscribe"] == "<mailto:finops@example.org?subject=unsubscribe>"
    assert mail["Message-ID"].strip() == message_id("monthly", "2026-10", ENVELOPE)


def test_the_message_id_depends_on_report_period_and_recipient_alone():
    same = Envelope("org", "FinOps <finops@example.org>", "TEAM@example.org")
    assert message_id("monthly", "2026-10", same) == message_id("monthly", "2026-10", ENVELOPE)
    others = {
        message_id("weekly", "2026-10", ENVELOPE), message_id("monthly", "2026-11", ENVELOPE),
        message_id("monthly", "2026-10", Envelope("org", ENVELOPE.sender, "b@example.org")),
        message_id("monthly", "2026-10", Envelope("other", ENVELOPE.sender, ENVELOPE.recipient)),
        message_id("monthly", "2026-10", ENVELOPE),
    }  # fmt: skip
    assert len(others) == 5
    draft = email(CONTENT, Envelope("org", None, None), NOW)
    assert (draft["X-Unsent"], draft["To"]) == ("1", None)


def test_a_refused_recipient_is_told_by_its_status(free_port):
    with mail_sink(free_port) as sink, connected(local(free_port)) as connection:
        sink.refused.add("team@example.org")
        with pytest.raises(NotTaken, match="refused the recipient with 550") as told:
            send(connection, email(CONTENT, ENVELOPE, NOW), ["team@example.org"])
    assert not told.value.may_have_taken
    assert sink.messages == []


class Guard:
    """Takes one user only."""

    def __call__(self, server, session, envelope, mechanism, data):
        return AuthResult(success=data.password == b"right", handled=False)


def test_a_wrong_password_is_told_and_never_shown(free_port):
    controller = Controller(
        object(), hostname="127.0.0.1", port=free_port, authenticator=Guard(), auth_require_tls=False
    )
    controller.start()
    try:
        with (
            pytest.raises(NotTaken, match="refused user and password with 535") as told,
            connected(local(free_port, user="me", password=Secret(PASSWORD))),
        ):
            pass
        with connected(local(free_port, user="me", password=Secret("right"))):
            pass
        with pytest.raises(NotTaken, match="no encryption"), connected(local(free_port, security="starttls")):
            pass
    finally:
        controller.stop()
    assert PASSWORD not in str(told.value)
    assert told.value.__cause__ is None


class Broken:
    """A server that says what it is given to say, line for line, and then falls silent or hangs up."""

    def __init__(self, lines, *, hangs_up):
        self.lines, self.hangs_up = lines, hangs_up
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        client, _ = self.socket.accept()
        with client, client.makefile("rb") as heard:
            for line in self.lines:
                client.sendall(line)
                if b"354" in line:
                    while heard.readline() not in (b".\r\n", b""):
                        pass
                else:
                    heard.readline()
            if not self.hangs_up:
                self.done.wait(10)

    def close(self):
        self.done.set()
        self.thread.join(5)
        self.socket.close()


GREETING, DATA = [b"220 hello\r\n", b"250 here\r\n"], [b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"]


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_server_that_falls_silent_before_it_answers_may_have_taken_the_message(hangs_up):
    server = Broken([*GREETING, *DATA], hangs_up=hangs_up)
    try:
        with connected(local(server.port, timeout_seconds=0.5)) as connection, pytest.raises(NotTaken) as told:
            send(connection, email(CONTENT, ENVELOPE, NOW), ["team@example.org"])
    finally:
        server.close()
    assert told.value.may_have_taken


@pytest.mark.parametrize(("lines", "hangs_up", "words"), [
    ([], False, "did not answer in time"),
    ([], True, "closed the connection"),
    ([b"421 not now\r\n"], True, "answered 421"),
])  # fmt: skip
def test_a_half_open_connection_ends_in_time(lines, hangs_up, words):
    server = Broken(lines, hangs_up=hangs_up)
    try:
        with pytest.raises(NotTaken, match=words), connected(local(server.port, timeout_seconds=0.5)):
            pass
    finally:
        server.close()


def test_nobody_there_is_told(free_port):
    with pytest.raises(NotTaken, match=r"look at mail\.host and mail\.port"), connected(local(free_port)):
        pass
    with pytest.raises(NotTaken), connected(local(free_port, security="tls")):
        pass
