"""The books. Words: account, journal entry, debit, credit, tax rate."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    menu=[
        MenuItem(_l("Journal"), "finance.journal", "building-bank", _l("Figures"), order=64, shortcut="j"),
        MenuItem(_l("Trial balance"), "finance.trial_balance", "scale", _l("Figures"), order=65),
    ],
)
