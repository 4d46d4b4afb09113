"""The stock ledger. Words: move, level, on hand, reorder point, receive, adjust, counterpart."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
