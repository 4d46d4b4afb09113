"""Other systems' data. Words: mapping, history import, error file."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
module.cli_group = None
