"""MAIL_URL, followed to the wire: who gets the mail, and what a refusal is called."""

from email.message import EmailMessage

import pytest
from flask import Flask

import config
from retail.core import mail
from tests.support.smtp import free_port, smtp_sink


@pytest.fixture
def deliver(tmp_path):
    def deliver_by(url):
        app = Flask("mail")
        app.config.update(config.load({"INSTANCE_DIR": str(tmp_path), "MAIL_URL": url}).flask_settings())
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "shop@example.com", "olive@example.com", "Yesterday"
        message.set_content("12 sales")
        with app.app_context():
            return mail._deliver(message)

    return deliver_by


def test_a_server_gets_the_mail(deliver):
    with smtp_sink() as sink:
        assert deliver(sink.url) is None
        assert [message["Subject"] for message in sink.messages] == ["Yesterday"]
        assert sink.recipients == [["olive@example.com"]]


def test_the_mailbox_sends_nothing(deliver):
    assert deliver("mailbox:") is None


def test_a_refusal_and_a_silent_server_are_told_in_words(deliver):
    with smtp_sink() as sink:
        sink.refusal = "550 no such person"
        problem = deliver(sink.url)
        assert "no such person" in problem.text
        assert problem.is_final
    problem = deliver(f"smtp://127.0.0.1:{free_port()}")
    assert "refused" in problem.text.lower()
    assert not problem.is_final, "a server that is down may be up again tomorrow"


def test_a_server_without_encryption_never_hears_the_password(deliver):
    with smtp_sink() as sink:
        address = sink.url.replace("//", "//shop:hunter2@").replace("?tls=none", "")
        assert "STARTTLS" in deliver(address).text
        assert sink.messages == []
