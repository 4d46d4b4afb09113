"""How much of the program the tests run, by line and by branch, when `MEASURE_COVERAGE` is set (see `./test`).

SlipCover counts: it puts probes into the code at import and takes them out again once they were passed. A tracer,
called at every call and line, would double the time of the whole run. Processes that tests start are not counted, so
the true figure is higher.
"""

from __future__ import annotations

import json
import os
from io import StringIO
from typing import Any

import pytest
import slipcover

from config import ROOT

MEASURED = [str(ROOT / "retail"), str(ROOT / "jobs")]
NOT_MEASURED = [r"if TYPE_CHECKING:", r"@(abc\.)?abstractmethod", r"if __name__ == .__main__.:"]
LEAST_PERCENT = 90.0

_counting: list[slipcover.Slipcover] = []
_counted = pytest.StashKey[list[dict[str, Any]]]()


def begin() -> None:
    """Count what is imported from here on. The process that only hands out tests counts nothing."""
    if os.environ.get("MEASURE_COVERAGE") and "PYTEST_XDIST_WORKER" in os.environ:
        counting = slipcover.Slipcover(immediate=True, branch=True, source=MEASURED, exclude_lines=NOT_MEASURED)
        slipcover.ImportManager(counting, slipcover.FileMatcher(sources=MEASURED)).__enter__()
        _counting.append(counting)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what this process counted; where all of it comes together, fail the run when that is too little."""
    if _counting:
        session.config.workeroutput["counted"] = json.dumps(_counting[0].get_coverage())
        return
    passed = session.exitstatus == pytest.ExitCode.OK
    if passed and _is_judged(session.config) and percent(together(session.config)) < LEAST_PERCENT:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process counted; one that was killed counted nothing."""
    counted = getattr(node, "workeroutput", {}).get("counted")
    if counted:
        node.config.stash.setdefault(_counted, []).append(json.loads(counted))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell which lines and branches no test came by, and the sum."""
    if not _is_judged(config):
        return
    found = together(config)
    terminalreporter.section("coverage of retail and jobs, by line and branch")
    table = StringIO()
    slipcover.print_coverage(found, outfile=table, skip_covered=True, missing_width=60)
    terminalreporter.write_line(table.getvalue().strip())
    enough = percent(found) >= LEAST_PERCENT
    line = f"{percent(found):.2f} % of lines and branches were run; at least {LEAST_PERCENT:.0f} % have to be"
    terminalreporter.write_line(line, green=enough, red=not enough)


def _is_judged(config: pytest.Config) -> bool:
    return bool(os.environ.get("MEASURE_COVERAGE")) and not hasattr(config, "workeroutput")


def together(config: pytest.Config) -> dict[str, Any]:
    """What all processes counted, as one."""
    counted = config.stash.get(_counted, [])
    while len(counted) > 1:
        slipcover.merge_coverage(counted[0], counted.pop())
    return counted[0] if counted else {}


def percent(found: dict[str, Any]) -> float:
    """How much was run; nothing counted is nothing run."""
    return float(found["summary"]["percent_covered"]) if found else 0.0
