"""Who may do what. Words: user, role, permission, session, second factor, recovery code."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
