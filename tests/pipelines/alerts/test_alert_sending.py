"""What goes out through Apprise, and what is said when it does not; never a part of the URL."""

import logging

import pytest

from pipelines.alerts.message import Message
from pipelines.alerts.sending import Delivery, deliver
from pipelines.secrets import Secret

from ...assets.anomaly_lake import mail_sink, webhook  # noqa: TID252 - tests are no package

MESSAGE = Message("subject", "plain text\n", "<html><body><p>the page</p></body></html>", "high")


def test_a_webhook_gets_the_text_and_a_mail_both_forms(free_port):
    with webhook() as hook, mail_sink(free_port) as sink:
        assert deliver(MESSAGE, Secret(f"json://127.0.0.1:{hook.port}/in")) == Delivery(True)
        url = f"mailto://127.0.0.1:{free_port}?from=f@example.org&to=t@example.org&mode=insecure"
        assert deliver(MESSAGE, Secret(url)) == Delivery(True)
    (post,), (mail,) = hook.posts, sink.messages
    assert (post["title"], post["message"].strip(), post["type"]) == ("subject", "plain text", "warning")
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert "the page" in mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize("status", [301, 401, 500])
def test_an_answer_that_is_no_yes_is_told_by_its_status(status):
    with webhook() as hook:
        hook.status = status
        found = deliver(MESSAGE, Secret(f"json://127.0.0.1:{hook.port}/in"))
    assert found == Delivery(False, f"it answered HTTP {status}")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("json://127.0.0.1:{port}/hidden-path", "nobody answered"),
        ("mailto://me:hidden-word@127.0.0.1:{port}?from=f@example.org&to=t@example.org", "nobody answered"),
        ("nonsense://hidden-word", "its URL is not understood; correct it, each service has its own form"),
    ],
)
def test_who_cannot_be_reached_is_told_in_words_without_the_url(url, said, free_port, capsys, caplog):
    caplog.set_level(logging.DEBUG)
    found = deliver(MESSAGE, Secret(url.format(port=free_port)))
    assert found == Delivery(False, said)
    printed = capsys.readouterr()
    logged = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("urllib3"))
    assert "hidden" not in printed.out + printed.err + logged


def test_a_mail_server_without_a_sign_in_says_so(free_port):
    with mail_sink(free_port):
        url = f"mailto://me:hidden-word@127.0.0.1:{free_port}?from=f@example.org&to=t@example.org&mode=insecure"
        found = deliver(MESSAGE, Secret(url))
    assert found == Delivery(False, "its mail server takes no user and password on this connection")


def test_apprise_logs_as_before_once_a_message_is_out(free_port):
    logger = logging.getLogger("apprise")
    before = logger.handlers[:], logger.level, logger.propagate
    deliver(MESSAGE, Secret(f"json://127.0.0.1:{free_port}/x"))
    assert (logger.handlers[:], logger.level, logger.propagate) == before
