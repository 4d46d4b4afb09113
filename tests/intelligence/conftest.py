"""Days are what these tests count; none of them may end between two lines of a test."""

from collections.abc import Iterator

import pytest

from retail.core import clock


@pytest.fixture(autouse=True)
def _one_instant() -> Iterator[None]:
    with clock.frozen(clock.now()):
        yield
