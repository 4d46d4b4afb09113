"""Files sent to a browser without being held in memory: made aside while the database may be read, then sent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from flask import Response, current_app

IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024
TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def send_pieces(pieces: Iterable[bytes], name: str) -> Response:
    """A file out of pieces, for saving under `name`. All of it is made before the first byte goes out, so a fault in
    the middle is an error page and not half a file."""
    return send_made(lambda stream: stream.writelines(pieces), name)


def send_made(make: Callable[[IO[bytes]], object], name: str) -> Response:
    """`send_pieces` for what is written into a file that can be sought."""
    stream = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed when it has been sent
    try:
        make(stream)
        size = stream.seek(0, 2)
        stream.seek(0)
    except BaseException:
        stream.close()
        raise
    response = current_app.response_class(
        _pieces_of(stream), mimetype=TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    )
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    response.content_length = size
    response.call_on_close(stream.close)
    return response


def _pieces_of(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece
