"""What a cart costs and why. Pure: no database. Words: cart, list price, discount, net, tax, gross."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
