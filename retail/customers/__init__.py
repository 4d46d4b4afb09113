"""People and companies who buy. Words: customer, code."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
