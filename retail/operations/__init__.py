"""Running the program: integrity check, events, schedules, mailbox, audit trail. Words: check, delivery, task."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
