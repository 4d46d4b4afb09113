"""Every language says what the program says: catalogs, whose it is, numbers, receipts, mails, business days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest
from babel.messages.catalog import Message
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select

from retail.core import clock, events, shown
from retail.core.db import session, unit_of_work
from retail.core.documents import receipt_pdf
from retail.core.forms import Form, MoneyField, read_decimal
from retail.core.language import LANGUAGES, catalog, readable, written_in
from retail.core.mail import Mail
from retail.customers.models import Customer
from retail.identity.letters import send_link
from retail.identity.models import User
from retail.orders.queries import document
from retail.orders.receipts import receipt_of
from retail.tenancy.models import Tenant
from scripts import translate
from tests import make
from tests.reports.support import trade
from tests.rules.sources import none

NAMES = {"es": "Iniciar sesión", "hi": "साइन इन करें", "ar": "تسجيل الدخول"}


# -- catalogs ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", translate.LANGUAGES)
def test_catalogs_hold_every_text_with_its_placeholders_and_plurals(language):
    none(translate.faults(language))


@pytest.mark.parametrize("language", translate.LANGUAGES)
@pytest.mark.parametrize("area", translate.AREAS)
def test_what_customers_and_cashiers_read_is_translated_whole(area, language):
    none(f"{language}, {area}: “{text}” has no translation" for text in translate.missing(area, language))


def test_a_bad_translation_is_found():
    def wrong(one, said):
        return list(translate.faults_of(Message(one, said), 6, "ar"))

    assert "lost %(n)s" in wrong("%(n)s left", "المتبقي")[0]
    assert "which nobody fills in" in wrong("%(n)s left", "%(n)s %(name)s")[0]
    assert "plural forms" in wrong(("%(num)s cup", "%(num)s cups"), ("%(num)s", "%(num)s"))[0]
    assert "breaks the page" in wrong("Name", 'الاسم "')[0]
    assert not wrong("%(n)s left", "المتبقي %(n)s")


def test_the_languages_of_the_program_are_those_translated():
    assert set(LANGUAGES) == {"en", *translate.LANGUAGES}


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "لا مدخلات"), (1, "مدخل واحد"), (2, "مدخلان"), (3, "3 مدخلات"), (11, "11 مدخلًا"), (100, "100 مدخل")],
)
def test_arabic_counts_in_six_ways(app, count, said):
    with app.test_request_context(), force_locale("ar_EG"):
        assert ngettext("%(num)s entry", "%(num)s entries", count).startswith(said)


# -- whose language it is ---------------------------------------------------------------------------------------------
def language_of(answer):
    found = re.search(r'<html lang="([\w-]+)" dir="(\w+)"', answer.text)
    assert found, answer.text[:300]
    return found.groups()


@pytest.mark.parametrize("wanted", ["es", "hi", "ar", "es-MX,es;q=0.9", "ar-EG"])
def test_sign_in_speaks_what_the_browser_reads(app, shop, wanted):
    answer = app.test_client().get("/sign-in", headers={"Accept-Language": wanted})
    assert NAMES[wanted[:2]] in answer.text
    language, direction = language_of(answer)
    assert language[:2] == wanted[:2]
    assert direction == ("rtl" if wanted.startswith("ar") else "ltr")


def test_a_visitor_changes_the_language_and_keeps_it_until_the_profile_says_otherwise(app, shop):
    browser = app.test_client()
    page = browser.get("/sign-in")
    assert all(name in page.text for name in LANGUAGES.values())
    assert 'aria-current="true">English' in page.text
    chosen = make.post(browser, "/language", {"language": "hi", "next": "/sign-in"})
    assert chosen.headers["Location"] == "/sign-in"
    assert NAMES["hi"] in browser.get("/sign-in").text
    assert (
        make.post(browser, "/language", {"language": "es", "next": "https://evil.example"}).headers["Location"] == "/"
    )
    assert make.post(browser, "/language", {"language": "xx"}).status_code == 303
    assert NAMES["es"] in browser.get("/sign-in").text


def test_a_persons_own_language_comes_before_the_browsers_and_that_before_the_shops(app, shop):
    browser = make.client(app, shop, "cashier")
    assert language_of(browser.get("/profile/"))[0] == "en-GB"
    browser.set_cookie("language", "es")
    assert language_of(browser.get("/profile/"))[0] == "es"
    sent = {"name": "Casey", "locale": "ar_EG", "timezone": "", "theme": "auto"}
    assert make.post(browser, "/profile/", sent).status_code == 303
    assert language_of(browser.get("/profile/")) == ("ar-EG", "rtl")
    make.post(browser, "/profile/", sent | {"locale": ""})
    assert language_of(browser.get("/profile/"))[0] == "en-GB"


def test_a_language_nobody_knows_is_english():
    assert [readable(text) for text in ("xx_YY", "", None, "es-MX", "ar_EG")] == ["en", "en", "en", "es_MX", "ar_EG"]


def test_what_falls_back_says_that_it_is_english(app):
    with app.test_request_context(), force_locale("ar"):
        before = {True: 0, False: 0}
        assert _("Sell") == "بيع"
        assert written_in(before) == ""
        assert [_("No such sentence."), _("Nor this one.")]
        assert written_in(before) == ' lang="en" dir="ltr"'


def test_forms_complain_in_every_language(app, shop):
    for language, words in (
        ("es", "Este campo es obligatorio."),
        ("hi", "यह भरना ज़रूरी है।"),
        ("ar", "هذا الحقل مطلوب."),
    ):
        browser = app.test_client()
        browser.set_cookie("language", language)
        assert words in make.post(browser, "/forgotten", {"email": ""}).text


class PriceForm(Form):
    """One amount."""

    price = MoneyField("Price")


# -- numbers ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("locale", "text", "number"),
    [
        ("en_GB", "1,234.50", "1234.50"),
        ("es_ES", "1.234,50", "1234.50"),
        ("es_ES", "12.50", "12.50"),
        ("es_ES", "12,5", "12.5"),
        ("hi_IN", "12,34,567.50", "1234567.50"),
        ("hi_IN", "१२.५०", "12.50"),
        ("ar_EG", "١٢٫٥", "12.5"),
        ("ar_EG", "١٬٢٣٤٫٥٠", "1234.50"),
        ("ar_EG", "12.5", "12.5"),
    ],
)
def test_numbers_are_read_as_people_write_them(app, locale, text, number):
    with app.test_request_context(), force_locale(locale):
        assert read_decimal(text, 4) == Decimal(number)


def test_what_reads_in_two_ways_is_asked_about(app):
    with app.test_request_context(), force_locale("es_ES"):
        field = PriceForm().price
        with pytest.raises(ValueError, match="1234 o 1,234"):
            field.process_formdata(["1.234"])
        field.process_formdata(["1234,5"])
        assert field.data == Decimal("1234.5")
        assert field._value() == "1234,5"


def test_money_and_dates_are_written_by_region(app):
    with app.test_request_context(), force_locale("hi_IN"):
        assert shown.money(Decimal("1234567.5"), "INR") == "₹12,34,567.50"
    with app.test_request_context(), force_locale("es_ES"):
        assert shown.money(Decimal("1234.5"), "EUR") == "1.234,50\xa0€"
        assert shown.value(date(2026, 11, 21), "date") == "21 nov 2026"


# -- what is written for others ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("locale", "word", "total"), [("es_ES", "Recibo", "Total"), ("hi_IN", "रसीद", "कुल"), ("ar_EG", "إيصال", "الإجمالي")]
)
def test_a_receipt_is_in_the_customers_language_whoever_prints_it(app, shop, locale, word, total):
    with make.within(shop):
        customer = make.customer("Ada Byron")
        with unit_of_work():
            session.get_one(Customer, customer.id).locale = locale
        sold = make.sale(shop, (make.product("Tea", price="2.40", stock=20), 2), customer_id=customer.id)
        with app.test_request_context():
            receipt = receipt_of(document(sold.order_id), session.get_one(Tenant, shop.tenant_id), is_copy=True)
            assert receipt.title == f"{word} {sold.number}"
            assert receipt.total_label == total
            assert receipt_pdf(receipt).startswith(b"%PDF")
    page = make.client(app, shop, "cashier").get(f"/orders/{sold.order_id}/receipt").text
    assert f'<article class="receipt" lang="{locale.replace("_", "-")}"' in page
    assert total in page
    assert '<html lang="en-GB"' in page


def test_a_receipt_tells_the_shops_time_to_everybody(app, shop):
    with clock.frozen(datetime(2026, 7, 1, 11, 30, tzinfo=UTC)), make.within(shop):
        sold = make.sale(shop, (make.product("Tea", price="2.40", stock=20), 1))
    with make.within(shop), unit_of_work():
        session.scalars(select(User).where(User.email == "cashier@corner.example")).one().timezone = "Asia/Tokyo"
    assert "12:30:00" in make.client(app, shop, "cashier").get(f"/orders/{sold.order_id}/receipt").text


@pytest.mark.parametrize(
    ("locale", "said"),
    [("es_MX", "Ponga una contraseña nueva para"), ("hi_IN", "नया पासवर्ड बनाएँ"), ("ar_EG", "اضبط كلمة مرور جديدة لـ")],
)
def test_a_mail_is_in_the_language_of_who_reads_it(app, shop, locale, said):
    with make.within(shop), app.test_request_context(headers={"Accept-Language": "en"}), unit_of_work():
        user = session.scalars(select(User).where(User.email == "cashier@corner.example")).one()
        user.locale = locale
        send_link(user, "reset")
    with make.within(shop):
        mail = session.scalars(select(Mail).where(Mail.category == "account")).one()
    assert said in mail.subject
    assert said in mail.html
    assert f'<html lang="{locale.replace("_", "-")}" dir="{"rtl" if locale == "ar_EG" else "ltr"}">' in mail.html


def test_each_owner_reads_the_report_in_their_own_language(app, shop):
    trade(shop)
    events.drain()
    session.rollback()
    with make.within(shop), unit_of_work():
        session.scalars(select(User).where(User.email == "owner@corner.example")).one().locale = "es_ES"
    sent = app.test_cli_runner().invoke(args=["report", "send", "--tenant", "corner-shop", "--date", "2026-11-21"])
    assert sent.exit_code == 0, sent.output
    with make.within(shop):
        mail = session.scalars(select(Mail).where(Mail.category == "report")).one()
    assert mail.subject == "Corner Shop · sáb 21 nov: 14,82\xa0GBP, −51% frente a la semana anterior".replace(
        "\xa0", " "
    )
    for words in ("Los más vendidos", "Ticket medio", "Tarjeta", "Devoluciones"):
        assert words in mail.html
        assert words in mail.text or words == "Tarjeta"


def test_a_catalog_is_read_once_and_quickly():
    catalog.cache_clear()
    started = datetime.now(UTC)
    assert catalog("ar").ugettext("Sell") == "بيع"
    assert catalog("ar") is catalog("ar")
    assert datetime.now(UTC) - started < timedelta(seconds=3)


# -- business days ----------------------------------------------------------------------------------------------------
ZONES = sorted(zone for zone in available_timezones() if "/" in zone)


def transitions(zone, year):
    """The instants of a year at which a zone's clock changes, to the minute."""
    place, found = ZoneInfo(zone), []
    before = datetime(year, 1, 1, tzinfo=UTC)
    for _day in range(366):
        after = before + timedelta(days=1)
        if before.astimezone(place).utcoffset() != after.astimezone(place).utcoffset():
            low, high = before, after
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                same = middle.astimezone(place).utcoffset() == low.astimezone(place).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high)
        before = after
    return found


def test_any_instant_in_any_zone_belongs_to_one_business_day():
    """Whatever the instant, zone and start of the day: no day comes before the one that is over, the day's own start
    belongs to it, and the wall clock agrees whenever it is not being changed."""
    random = Random(20261121)
    for _turn in range(3000):
        zone = random.choice(ZONES)
        start = time(random.randrange(24), random.choice((0, 15, 30, 59)))
        instant = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=random.randrange(60 * 24 * 365 * 35))
        day = clock.business_date(instant, zone, start)
        said = f"{instant} in {zone}, day from {start}"
        assert clock.business_date(instant - timedelta(minutes=1), zone, start) <= day, said
        assert clock.business_date(instant + timedelta(minutes=37), zone, start) >= day, said
        local = instant.astimezone(ZoneInfo(zone))
        assert abs((local.date() - day).days) <= 1, said
        noon = instant + timedelta(hours=12)
        calm = {(instant + timedelta(hours=hours)).astimezone(ZoneInfo(zone)).utcoffset() for hours in (-26, 0, 26)}
        if len(calm) == 1:
            assert day == local.date() - timedelta(days=local.time() < start), said
            assert clock.business_date(noon + timedelta(hours=12), zone, start) == day + timedelta(days=1), said


@pytest.mark.parametrize(
    "zone",
    [
        "Pacific/Pago_Pago", "Pacific/Kiritimati", "America/St_Johns", "America/Havana", "America/Sao_Paulo",
        "Asia/Beirut", "Europe/Lisbon", "Europe/Madrid", "Australia/Lord_Howe", "Pacific/Chatham",
        "Africa/Cairo", "Antarctica/Troll",
    ],
)  # fmt: skip
@pytest.mark.parametrize("year", [2005, 2010, 2026])
def test_no_day_comes_twice_where_the_clock_is_changed(zone, year):
    for change in transitions(zone, year):
        for start in (time(0), time(0, 30), time(1, 30), time(2, 30), time(4), time(23, 30)):
            day = None
            for minutes in range(-240, 241, 7):
                next_day = clock.business_date(change + timedelta(minutes=minutes), zone, start)
                assert day is None or day <= next_day <= day + timedelta(days=1), (zone, change, minutes, start)
                day = next_day


def test_the_hour_that_is_repeated_and_the_one_that_is_skipped():
    def on(zone, start, *instant):
        return clock.business_date(datetime(*instant, tzinfo=UTC), zone, start)

    half_past_two = time(2, 30)
    assert on("Europe/Madrid", half_past_two, 2026, 10, 25, 0, 29) == date(2026, 10, 24)  # 02:29, the first time
    assert on("Europe/Madrid", half_past_two, 2026, 10, 25, 0, 30) == date(2026, 10, 25)  # 02:30
    assert on("Europe/Madrid", half_past_two, 2026, 10, 25, 1, 5) == date(2026, 10, 25)  # 02:05, the second time
    assert on("Europe/Madrid", half_past_two, 2026, 3, 29, 0, 59) == date(2026, 3, 28)  # 01:59
    assert on("Europe/Madrid", half_past_two, 2026, 3, 29, 1, 0) == date(2026, 3, 29)  # 03:00, after the gap
    assert on("Pacific/Kiritimati", time(0), 2026, 1, 1, 10, 0) == date(2026, 1, 2)  # +14
    assert on("Pacific/Pago_Pago", time(0), 2026, 1, 1, 10, 59) == date(2025, 12, 31)  # −11
