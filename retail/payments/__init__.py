"""How a sale was paid. Words: tender, method, change."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
