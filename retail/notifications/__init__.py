"""Telling people. Words: notification, category, severity, bell."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__, url_prefix="/notifications")
