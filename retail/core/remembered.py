"""A value of the whole installation that every request asks for: kept in this process's memory, read from the database
now and then, and at once where it is changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from flask import Flask, current_app
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from retail.core.db import reading, session
from retail.core.tenancy import across_tenants

T = TypeVar("T")


class Remembered(Generic[T]):
    """What `read` answers, at most `REMEMBERED_SECONDS` old; while the database is away, or not made yet, the old."""

    def __init__(self, app: Flask, name: str, nothing: T, read: Callable[[], T]) -> None:
        app.extensions.setdefault("remembered", {})[name] = self
        self.app, self.nothing, self.value = app, nothing, nothing
        self._read, self.read_at, self._turn = read, float("-inf"), threading.Lock()

    def get(self) -> T:
        """The value now. One thread reads it anew; the others go on with the old one."""
        is_old = time.monotonic() - self.read_at > self.app.config["REMEMBERED_SECONDS"]
        if is_old and self._turn.acquire(blocking=False):
            try:
                self.read_at = time.monotonic()
                with self.app.app_context(), across_tenants(), reading():
                    self.value = self._read()
            except SQLAlchemyError:
                pass
            finally:
                self._turn.release()
        return self.value

    def read_after_commit(self) -> None:
        """Have it read anew by whoever asks next, once the present transaction is through."""

        def soon(_session: object) -> None:
            # The transaction that is just ending cannot be used.
            self.read_at = float("-inf")

        event.listen(session(), "after_commit", soon, once=True)


def remembered(name: str) -> Any:
    """That of this application, by its name."""
    return current_app.extensions["remembered"][name]


def forget(app: Flask) -> None:
    """Be as if none of them were in the database, for tests, which take another one."""
    for one in app.extensions["remembered"].values():
        one.value, one.read_at = one.nothing, time.monotonic()
