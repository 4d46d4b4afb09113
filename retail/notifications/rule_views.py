"""What a business wants for everybody, and the account its texts are sent by."""

from __future__ import annotations

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.forms import refusals
from retail.notifications import module, preference_services
from retail.notifications.forms import SmsAccountForm
from retail.notifications.labels import CATEGORY_WORDS, CHANNEL_WORDS
from retail.notifications.models import CATEGORIES, CHANNELS
from retail.notifications.preference_queries import Cell, rules, sms_account
from retail.notifications.preference_views import MAIL_CHOICES, cell_name, read_matrix
from retail.permissions import Can
from retail.tenancy.settings_tabs import TABS, settings_tabs

TABS.append((_l("Notifications"), "notifications.defaults"))


@module.route("/defaults", methods=["GET", "POST"], needs=Can.EDIT_SETTINGS)
def defaults() -> Response:
    """What holds for everybody until they choose, and what they may not choose."""
    if request.method == "POST":
        fixed = set(request.form.getlist("forced"))
        wanted = {key: Cell(value, cell_name(*key) in fixed) for key, value in read_matrix().items()}
        preference_services.rule(wanted)
        return html.done(_("The rules are saved."), url_for("notifications.defaults"))
    cells = rules()
    account = sms_account()
    rows = []
    for category, (words, note, icon) in CATEGORY_WORDS.items():
        drawn = []
        for channel in CHANNELS:
            cell, name = cells[category, channel], cell_name(category, channel)
            label = f"{words}: {CHANNEL_WORDS[channel]}"
            options = [(one, str(text)) for one, text in MAIL_CHOICES]
            drawn.append(
                html.drawn("cell_rule", name, cell.value, label, cell.forced, options if channel == "email" else None)
            )
        rows.append({"label": str(words), "note": str(note), "icon": icon, "cells": drawn})
    return html.page(
        "notifications/defaults.html",
        tabs=settings_tabs(),
        columns=[str(CHANNEL_WORDS[channel]) for channel in CHANNELS],
        rows=rows,
        count=len(CATEGORIES),
        account=account,
    )


@module.route("/sms-account", methods=["GET", "POST"], needs=Can.EDIT_SETTINGS)
def sms_account_page() -> Response:
    """The Twilio account of the business; its token is never shown again."""
    row = sms_account()
    form = SmsAccountForm(obj=row) if row is not None else SmsAccountForm(active=True)
    if request.method == "POST" and form.validate():
        with refusals(form):
            preference_services.set_sms_account(
                form.account_sid.data, form.auth_token.data, form.sender.data, form.active.data
            )
            return html.done(_("The account is saved."), url_for("notifications.defaults"))
    form.auth_token.data = ""
    return html.page(
        "notifications/sms_account.html",
        status=422 if form.errors or form.form_errors else 200,
        form=form,
        known=row is not None,
        breadcrumbs=[(_("Settings"), url_for("notifications.defaults")), (_("SMS account"), None)],
    )
