"""Scores and forecasts, each with how good it has been. Words: score, segment, forecast, baseline, error."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
