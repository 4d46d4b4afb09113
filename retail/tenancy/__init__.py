"""Businesses and their places. Words: tenant (a business), location (a shop or warehouse), business date."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
