"""Who may do what. Words: user, role, permission, session, second factor, recovery code."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    menu=[MenuItem(_l("People"), "identity.people", "users", _l("Settings"), order=92)],
)
