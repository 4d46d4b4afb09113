"""A stand-in for Twilio and for push services: answers as their published documentation says, and keeps what came.

https://www.twilio.com/docs/messaging/api/message-resource, https://www.twilio.com/docs/api/errors, RFC 8030
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

ERRORS = {
    "+15005550001": (400, 21211, "The 'To' number +15005550001 is not a valid phone number."),
    "+15005550004": (400, 21610, "Attempt to send to unsubscribed recipient"),
    "+15005550006": (400, 21606, "The 'From' phone number provided is not a valid message-capable number."),
    "+15005550008": (400, 21408, "Permission to send an SMS has not been enabled for the region"),
    "+15005550429": (429, 20429, "Too Many Requests"),
    "+15005550500": (500, 20500, "Internal Server Error"),
}
"""What is answered to a text for each of these numbers; every other one is taken."""


@dataclass
class Outside:
    """What arrived, oldest first: path, headers, body. `status` is what a push is answered with."""

    url: str
    asked: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    status: int = 201

    @property
    def forms(self) -> list[dict[str, str]]:
        """The texts that were asked for."""
        return [dict(parse_qsl(body.decode())) for path, _headers, body in self.asked if "/Messages.json" in path]


@contextmanager
def outside() -> Iterator[Outside]:
    """Run it on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.asked.append((self.path, dict(self.headers.items()), body))
            status, answer, more = kept.status, b"", {}
            if self.path.startswith("/2010-04-01/"):
                to = dict(parse_qsl(body.decode())).get("To", "")
                if to in ERRORS:
                    status, code, text = ERRORS[to]
                    info = f"https://www.twilio.com/docs/errors/{code}"
                    answer = json.dumps({"code": code, "message": text, "more_info": info, "status": status}).encode()
                    more = {"Retry-After": "900"} if status == 429 else {}
                else:
                    status = 201
                    sid = f"SM{len(kept.asked):032x}"
                    answer = json.dumps({"sid": sid, "status": "queued", "error_code": None, "to": to}).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept = Outside(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
