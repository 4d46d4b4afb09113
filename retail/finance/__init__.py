"""The books. Words: account, journal entry, debit, credit, tax rate."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
