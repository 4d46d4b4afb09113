"""Where the cashier sells. Words: register, shift, float, count, cart, receipt, tender."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
