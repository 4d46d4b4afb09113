"""Figures for people: rollups, dashboard, the owner's report. Words: rollup, dashboard, report, schedule."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
