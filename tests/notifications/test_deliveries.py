"""What leaves the program is sent once, tried again, waits for the morning, and stops where it is not wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from config import MailServer
from retail.core import outside as http
from retail.core.clock import frozen
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import NotFound, Refused
from retail.core.mail import Mail
from retail.core.tasks import Task
from retail.notifications import delivery_services, services, twilio
from retail.notifications import preference_services as preferences
from retail.notifications.models import (
    Addressee,
    NotificationDelivery,
    PushSubscription,
    ShortMessage,
    SmsAccount,
)
from tests import make
from tests.notifications.reaching import KEYS, REACH, left, reach, send, tell, wants
from tests.support.smtp import smtp_sink
from tests.support.twilio import outside

NOON = datetime(2026, 6, 10, 11, 0, tzinfo=UTC)
TOKEN = "0123456789abcdef0123456789abcdef"
SID = "AC" + "a" * 32


@pytest.fixture(autouse=True)
def silent(monkeypatch):
    monkeypatch.setattr("retail.core.push.push", lambda *_a, **_k: None)


@pytest.fixture
def away(shop, app, monkeypatch):
    """A stand-in for the world outside, and an account to send texts by."""
    with outside() as world:
        monkeypatch.setitem(app.config, "TWILIO_URL", world.url)
        with unit_of_work():
            preferences.set_sms_account(SID, TOKEN, "+447700900000", active=True)
        yield world


def the_delivery():
    with reading():
        return session.scalars(select(NotificationDelivery.id)).one()


def test_a_mail_leaves_at_once_as_html_and_text_and_only_once(shop):
    owner = shop.users["owner"]
    wants(owner, email="now")
    tell(owner, group_key="g")
    tell(owner, group_key="g", title="Two new orders")
    send()
    send()
    assert left("attempts", "error") == [("email", "sent", 1, "")]
    with reading():
        mail = session.scalars(select(Mail)).one()
        assert "A new order" in mail.subject or "Two new orders" in mail.subject
        assert "/notifications/" in mail.text
        assert "<h1" in mail.html
        assert mail.state == "sent"


def test_nobody_is_sent_what_they_did_not_ask_for(shop):
    tell(shop.users["owner"], shop.users["cashier"])
    send()
    assert left() == []


def test_what_was_read_meanwhile_is_not_sent(shop):
    owner = shop.users["owner"]
    wants(owner, email="now")
    number = tell(owner)
    with unit_of_work():
        services.mark_read(number, owner)
    send()
    assert left() == [("email", "dropped")]


def test_a_mail_server_that_is_away_is_tried_again_and_in_the_end_given_up(shop, app, monkeypatch):
    monkeypatch.setitem(app.config, "MAIL_SERVER", MailServer("127.0.0.1", 1, "", "", "none"))
    owner, instant = shop.users["owner"], NOON
    wants(owner, email="now")
    with frozen(instant):
        tell(owner)
        send()
        assert left("attempts")[0] == ("email", "waiting", 1)
        send()
        assert left("attempts")[0] == ("email", "waiting", 1), "not before its time"
    waits = []
    for _turn in range(delivery_services.MOST_ATTEMPTS - 1):
        with reading():
            due = session.scalars(select(NotificationDelivery.due_at)).one()
        waits.append(int((due - instant).total_seconds()))
        instant = due
        with frozen(instant):
            send()
    assert waits == list(delivery_services.RETRY_SECONDS)
    assert left("attempts", "due_at") == [("email", "failed", delivery_services.MOST_ATTEMPTS, None)]
    with reading():
        number = session.scalars(select(NotificationDelivery.id)).one()
        assert "refused" in session.scalars(select(NotificationDelivery.error)).one()
    monkeypatch.setitem(app.config, "MAIL_SERVER", None)
    with frozen(instant + timedelta(hours=1)):
        with unit_of_work():
            delivery_services.deliver_again(number)
        send()
    assert left("error") == [("email", "sent", "")]
    with unit_of_work(), pytest.raises(Refused):
        delivery_services.deliver_again(number)
    with unit_of_work(), pytest.raises(NotFound):
        delivery_services.deliver_again(10**6)


def test_an_address_that_refuses_us_for_good_gets_no_more(shop, app, monkeypatch):
    owner = shop.users["owner"]
    wants(owner, email="now")
    with smtp_sink() as sink:
        monkeypatch.setitem(app.config, "MAIL_SERVER", MailServer("127.0.0.1", sink.port, "", "", "none"))
        sink.refusal = "451 come back later"
        with frozen(NOON):
            tell(owner)
            send()
        assert left() == [("email", "waiting")]
        sink.refusal = "550 no such person"
        with frozen(NOON + timedelta(minutes=1)):
            send()
        assert left() == [("email", "stopped")]
        sink.refusal = None
        tell(owner, title="Another")
        send()
        assert left() == [("email", "stopped")], "nothing is even planned for it"
        with unit_of_work():
            preferences.try_address_again(owner)
        tell(owner, title="A third")
        send()
        assert left() == [("email", "stopped"), ("email", "sent")]
        assert len(sink.messages) == 1


def test_quiet_hours_hold_back_what_is_not_urgent(shop):
    owner = shop.users["owner"]
    wants(owner, email="now")
    reach(owner, quiet_from=22 * 60, quiet_to=7 * 60)
    night = datetime(2026, 6, 10, 22, 30, tzinfo=UTC)  # 23:30 in London
    with frozen(night):
        tell(owner)
        tell(owner, severity="danger", title="Fire")
        send()
    assert left() == [("email", "waiting"), ("email", "sent")]
    with frozen(night + timedelta(hours=7, minutes=29)):
        send()
        assert left()[0] == ("email", "waiting")
    with frozen(night + timedelta(hours=7, minutes=30)):
        send()
    assert left()[0] == ("email", "sent")


def test_a_text_stays_in_the_mailbox_while_there_is_no_account(shop, app):
    owner = shop.users["owner"]
    reach(owner, phone="+44 7700 900123")
    wants(owner, sms="now")
    tell(owner, title="x" * 400)
    send()
    assert left("target") == [("sms", "sent", "+447700900123")]
    with reading():
        row = session.scalars(select(ShortMessage)).one()
        assert (row.to_number, row.state, row.sid) == ("+447700900123", "sent", "")
        assert len(row.text) == 320
    page = make.client(app, shop, "owner").get("/notifications/texts").text
    assert "+447700900123" in page


def test_a_text_is_sent_as_twilio_wants_it(shop, app, away, monkeypatch):
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://shop.example")
    owner = shop.users["owner"]
    reach(owner, phone="+447700900123")
    wants(owner, sms="now")
    tell(owner)
    send()
    assert left()[0] == ("sms", "sent")
    path, headers, _body = away.asked[0]
    assert path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert headers["Authorization"].startswith("Basic ")
    form = away.forms[0]
    assert (form["To"], form["From"]) == ("+447700900123", "+447700900000")
    assert form["Body"].endswith("A new order. For Ada.")
    with reading():
        assert session.scalars(select(ShortMessage.sid)).one().startswith("SM")
        stored = session.scalars(select(SmsAccount.auth_token)).one()
        assert TOKEN not in stored

    callback = form["StatusCallback"]
    assert callback.startswith("https://shop.example/notifications/sms/status/")
    browser = app.test_client()

    def call(token, address=callback, code="30003"):
        said = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": code}
        proof = twilio.signature(token, callback, said.items())
        return browser.post(address[len("https://shop.example") :], data=said, headers={"X-Twilio-Signature": proof})

    assert call("another token").status_code == 403
    assert call(TOKEN, callback[:-4] + "AAAA").status_code == 403
    with make.within(shop):
        assert left()[0] == ("sms", "sent")
    session.rollback()
    assert call(TOKEN).status_code == 204
    with make.within(shop):
        assert left("error")[0] == ("sms", "failed", "30003")
        assert session.scalars(select(Addressee.phone_stopped)).one() == "", "a telephone that is off comes back"
    session.rollback()
    assert call(TOKEN, code="30006").status_code == 204
    with make.within(shop):
        assert left("error")[0] == ("sms", "stopped", "30006: landline or unreachable carrier")
        tell(owner, title="Another")
        assert len(left()) == 1, "nothing more is planned for a number that takes no texts"


def test_a_text_that_arrives_before_its_sending_is_noted_has_arrived(shop, away, monkeypatch):
    owner = shop.users["owner"]
    reach(owner, phone="+447700900123")
    wants(owner, sms="now")
    tell(owner)
    number, real = the_delivery(), twilio.send

    def arrives_at_once(request):
        outcome = real(request)
        with unit_of_work():
            session.scalars(select(ShortMessage)).one().state = "delivered"
            delivery_services.confirm(number, "delivered", "")
        return outcome

    monkeypatch.setattr(twilio, "send", arrives_at_once)
    send()
    assert left() == [("sms", "delivered")]
    with reading():
        assert session.scalars(select(ShortMessage.state)).one() == "delivered"


@pytest.mark.parametrize(
    ("number", "state", "stopped"),
    [
        ("+15005550001", "stopped", "21211"),
        ("+15005550004", "stopped", "21610"),
        ("+15005550006", "failed", ""),
        ("+15005550008", "failed", ""),
        ("+15005550429", "waiting", ""),
        ("+15005550500", "waiting", ""),
    ],
)
def test_what_twilio_answers_decides_what_is_tried_again(shop, away, number, state, stopped):
    owner = shop.users["owner"]
    reach(owner, phone=number)
    wants(owner, sms="now")
    with frozen(NOON):
        tell(owner)
        send()
    assert left()[0] == ("sms", state)
    with reading():
        row = session.scalars(select(NotificationDelivery)).one()
        assert session.scalars(select(Addressee.phone_stopped)).one()[:5] == stopped
        if number.endswith("429"):
            assert row.due_at == NOON + timedelta(seconds=900), "as long as it asked for"
    if stopped:
        tell(owner, title="Another")
        send()
        assert len(away.asked) == 1
        with unit_of_work():
            preferences.set_reach(owner, **{**REACH, "phone": "+447700900999"})
        tell(owner, title="A third")
        send()
        assert left()[-1] == ("sms", "sent")


def subscribe(user_id, monkeypatch, world):
    monkeypatch.setattr("retail.notifications.preference_services.is_push_service", lambda _endpoint: True)
    with unit_of_work():
        return preferences.subscribe(user_id, f"{world.url}/push/1", *KEYS, "Firefox").id


def test_a_sleeping_browser_is_woken_until_it_is_gone(shop, away, monkeypatch):
    owner = shop.users["owner"]
    subscribe(owner, monkeypatch, away)
    wants(owner, push="now")
    tell(owner, severity="danger")
    send()
    assert left()[0] == ("push", "sent")
    path, headers, body = away.asked[0]
    assert path == "/push/1"
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["Authorization"].startswith("vapid t=")
    assert (headers["TTL"], headers["Urgency"]) == ("86400", "high")
    assert b"order" not in body

    away.status = 503
    with frozen(NOON):
        tell(owner, title="Later")
        send()
    assert left()[1] == ("push", "waiting")
    away.status = 410
    with frozen(NOON + timedelta(minutes=1)):
        send()
    assert left()[1] == ("push", "stopped")
    with reading():
        assert session.scalars(select(PushSubscription.ended_at)).one() is not None
    tell(owner, title="Nobody there")
    assert len(left()) == 2


def test_a_browser_may_only_name_a_push_service(shop):
    for address in (
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://169.254.169.254/latest",
        "https://localhost/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com:port/x",
    ):
        with unit_of_work(), pytest.raises(Refused):
            preferences.subscribe(shop.users["owner"], address, *KEYS, "")
    with unit_of_work():
        good = preferences.subscribe(shop.users["owner"], "https://fcm.googleapis.com/fcm/send/1", *KEYS, "")
        assert preferences.keys_of(good) == KEYS


def killed_before_noting(monkeypatch):
    """Let a worker send what is due and die before it notes what came of it."""
    with monkeypatch.context() as killed:
        killed.setattr("retail.notifications.work.settle_attempt", lambda *_a: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            send()


def test_a_worker_killed_between_sending_and_noting_sends_no_second_mail(shop, app, monkeypatch):
    owner = shop.users["owner"]
    wants(owner, email="now")
    with smtp_sink() as sink:
        monkeypatch.setitem(app.config, "MAIL_SERVER", MailServer("127.0.0.1", sink.port, "", "", "none"))
        with frozen(NOON):
            tell(owner)
            killed_before_noting(monkeypatch)
        with frozen(NOON + timedelta(minutes=1)):
            send()
            assert left() == [("email", "waiting")], "its worker may be alive for all we know"
        with frozen(NOON + delivery_services.LEASE):
            send()
        assert left("attempts") == [("email", "sent", 2)]
        assert len(sink.messages) == 1
    with reading():
        assert len(session.scalars(select(Mail)).all()) == 1


def test_a_text_that_was_taken_is_not_sent_again_because_nobody_noted_it(shop, away, monkeypatch):
    owner = shop.users["owner"]
    reach(owner, phone="+447700900123")
    wants(owner, sms="now")
    with frozen(NOON):
        tell(owner)
        killed_before_noting(monkeypatch)
    with frozen(NOON + timedelta(minutes=1)):
        send()
    with frozen(NOON + delivery_services.LEASE):
        send()
    assert left("attempts") == [("sms", "sent", 2)]
    assert len(away.asked) == 1


def test_two_tasks_for_one_delivery_make_one_attempt(shop):
    owner = shop.users["owner"]
    wants(owner, email="now")
    with frozen(NOON):
        tell(owner)
        number = the_delivery()
        with unit_of_work():
            assert delivery_services.begin_attempt(number)
        with unit_of_work():
            assert not delivery_services.begin_attempt(number)
        send()
        assert left("attempts") == [("email", "waiting", 1)]


def test_what_only_waits_for_a_worker_is_neither_doubled_nor_given_up(shop):
    owner = shop.users["owner"]
    wants(owner, email="now")
    with frozen(NOON):
        tell(owner)
    for hours in range(1, 12):
        with frozen(NOON + timedelta(hours=hours, minutes=1)), unit_of_work():
            assert delivery_services.take_up_lost() == 0
    with reading():
        assert len(session.scalars(select(Task).where(Task.name == delivery_services.TASK)).all()) == 1
    with frozen(NOON + timedelta(hours=12)):
        send()
    assert left("attempts") == [("email", "sent", 1)]


def test_an_attempt_that_broke_is_taken_up_again(shop, monkeypatch):
    owner = shop.users["owner"]
    wants(owner, email="now")
    with frozen(NOON), monkeypatch.context() as broken:
        tell(owner)
        broken.setattr("retail.notifications.letters.write_one", lambda _parcel: 1 / 0)
        send()
    assert left("attempts") == [("email", "waiting", 1)]
    with frozen(NOON + timedelta(minutes=64)):
        with unit_of_work():
            assert delivery_services.take_up_lost() == 1
        send()
    assert left() == [("email", "sent")]


def test_what_breaks_at_every_attempt_is_given_up(shop, monkeypatch):
    owner = shop.users["owner"]
    wants(owner, email="now")
    monkeypatch.setattr("retail.notifications.letters.write_one", lambda _parcel: 1 / 0)
    with frozen(NOON):
        tell(owner)
        send()
    for hours in range(1, delivery_services.MOST_ATTEMPTS + 1):
        assert left("attempts") == [("email", "waiting", hours)]
        with frozen(NOON + timedelta(hours=2 * hours)):
            with unit_of_work():
                assert delivery_services.take_up_lost() == 1
            send()
    assert left("attempts") == [("email", "failed", delivery_services.MOST_ATTEMPTS)]


def test_the_log_shows_every_attempt_to_whom_may_see_it(shop, app, monkeypatch):
    owner = shop.users["owner"]
    wants(owner, email="now")
    monkeypatch.setitem(app.config, "MAIL_SERVER", MailServer("127.0.0.1", 1, "", "", "none"))
    tell(owner)
    send()
    with reading():
        number = session.scalars(select(NotificationDelivery.id)).one()
    session.rollback()
    browser = make.client(app, shop, "manager")
    assert "A new order" in browser.get("/notifications/deliveries").text
    page = browser.get(f"/notifications/deliveries/{number}").text
    assert "refused" in page
    assert "On its way" in page
    assert make.client(app, shop, "cashier").get("/notifications/deliveries").status_code == 403


def test_nothing_is_reached_where_nobody_listens():
    with pytest.raises(http.Unreachable):
        http.post("http://127.0.0.1:1/x", b"", {}, seconds=2)
