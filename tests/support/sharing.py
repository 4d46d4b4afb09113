"""How tests are shared between processes: what is costly is done once."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

WALKED_TOGETHER = "tests/rules"
"""All files of this folder look at one town and one walk through its pages."""


class ByFile(LoadScopeScheduling):
    """Gives the tests of a file to one process, one after another, and those that share one town as well."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return WALKED_TOGETHER if path.startswith(f"{WALKED_TOGETHER}/") else path


def slowest_first(items: list[pytest.Item]) -> None:
    """Put files with slow tests first, so that no process is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (WALKED_TOGETHER not in item.path.as_posix(), item.path not in slow))
