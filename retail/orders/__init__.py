"""One order for all channels. Words: order, line, sale, return, void, reversal, rounding."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
