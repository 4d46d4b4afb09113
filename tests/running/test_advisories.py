"""The check for known holes against a stand-in of the OSV database, made from its published documentation."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import config
from scripts import advisories


@pytest.fixture
def database():
    """Knows a hole of Flask; `asked` keeps the questions."""
    asked = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self):
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.extend(question["queries"])
            known = {"flask": {"vulns": [{"id": "PYSEC-2099-1", "modified": "2099-01-01T00:00:00Z"}]}}
            results = [known.get(one["package"]["name"], {}) for one in question["queries"]]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"results": results}).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def run(url):
    command = [sys.executable, "scripts/advisories.py"]
    environ = os.environ | {"ADVISORIES_URL": url}
    return subprocess.run(command, cwd=config.ROOT, env=environ, capture_output=True, text=True, check=False)


def test_every_pinned_package_is_asked_for_and_a_hole_fails_the_check(database):
    url, asked = database
    answer = run(url)
    assert answer.returncode == 1
    assert "flask 3.1.3: PYSEC-2099-1 (https://osv.dev/vulnerability/PYSEC-2099-1)" in answer.stdout
    assert {"package": {"name": "psycopg-binary", "ecosystem": "PyPI"}, "version": "3.3.9"} in asked
    assert len(asked) == len(advisories.pinned()) > 80


def test_a_database_out_of_reach_is_said_and_no_failure():
    answer = run("http://127.0.0.1:1/")
    assert answer.returncode == 0
    assert answer.stdout.startswith("not run here: known holes of ")


def test_what_is_accepted_has_its_reason_beside_it(tmp_path):
    file = tmp_path / "accepted.txt"
    file.write_text("# why\nPYSEC-2099-1 only when debug mode is on\n\n")
    assert advisories.accepted(file) == {"PYSEC-2099-1"}
