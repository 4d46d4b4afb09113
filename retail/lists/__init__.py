"""What people do with lists beside reading them: saved views, chosen columns, cells changed in place, and jobs for many
rows with undo. Words: view, layout, cell, job, run.
"""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__, url_prefix="/lists")
