"""Every command: in the documentation, explained by --help without Redis or a terminal; importing does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import click

from tests.rules.sources import ROOT, none

FROM_FLASK = {"db", "run", "shell", "translate"}
LOOK = """
import json, sys
did = []
WRITES = ("w", "a", "x", "+")
def is_of_others():
    # A library that looks what the machine can while it is imported is no fault of the program.
    frame = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if "site-packages" in path and frame.f_code.co_name == "<module>":
            return True
        if "/retail/" in path or "/jobs/" in path:
            return False
        frame = frame.f_back
    return False
def watch(event, arguments):
    if event.startswith(("socket.", "sqlite3.", "subprocess.", "os.", "open")) and is_of_others():
        return
    if event in ("socket.connect", "socket.bind", "sqlite3.connect", "subprocess.Popen", "os.system", "os.fork",
                 "os.mkdir", "os.remove", "os.rename"):
        did.append(f"{event} {arguments[:1]}")
    elif event == "open" and isinstance(arguments[1], str) and any(one in arguments[1] for one in WRITES):
        if "__pycache__" not in str(arguments[0]):
            did.append(f"open {arguments[0]} {arguments[1]}")
sys.dont_write_bytecode = True
sys.addaudithook(watch)
import importlib, pkgutil, threading
import retail.app
heavy = sorted({"scipy", "typst", "matplotlib", "pandas"} & set(sys.modules))
import retail, jobs
for package in (retail, jobs):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
threads = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
print(json.dumps({"did": did, "heavy": heavy, "threads": threads, "count": len(sys.modules)}))
"""


def walk(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if not path and name in FROM_FLASK:
            continue
        if isinstance(command, click.Group):
            yield from walk(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def unexplained(name: str, command: click.Command) -> list[str]:
    found = []
    if not (command.help or "").strip():
        found.append(f"flask {name}: needs a docstring, which --help shows")
    silent = [one for one in command.params if isinstance(one, click.Option) and not (one.help or "").strip()]
    return found + [f"flask {name}: its option {one.opts[0]} needs help=" for one in silent]


def test_every_command_explains_itself(quick_town):
    commands = dict(walk(quick_town.app.cli))
    assert len(commands) >= 10
    none(line for name, command in commands.items() for line in unexplained(name, command))
    runner = quick_town.app.test_cli_runner()
    for name in commands:
        answer = runner.invoke(args=[*name.split(), "--help"])
        assert answer.exit_code == 0, f"flask {name} --help: {answer.output}"
    bad = click.Command("x", params=[click.Option(["--y"])])
    assert len(unexplained("x", bad)) == 2


def test_every_command_is_in_the_documentation(quick_town):
    texts = [path.read_text(encoding="utf-8") for path in [*ROOT.glob("docs/*.md"), *ROOT.glob("*.md")]]
    words = " ".join(" ".join(texts).split())
    none(
        f"flask {name}: say in docs/ what it is for"
        for name, _command in walk(quick_town.app.cli)
        if f"flask {name}" not in words
    )


def test_a_command_that_fails_says_so_in_one_line(quick_town):
    """A tenant that is not there: exit status above zero and a sentence, from every command that takes one."""
    runner = quick_town.app.test_cli_runner()
    wrong = []
    for name, command in walk(quick_town.app.cli):
        if not any("--tenant" in one.opts for one in command.params):
            continue
        given: list[str] = []
        for one in command.params:
            if "--tenant" in one.opts:
                given += ["--tenant", "no-such-shop"]
            elif one.required:
                value = one.type.choices[0] if isinstance(one.type, click.Choice) else str(ROOT / "README.md")
                given += [value] if isinstance(one, click.Argument) else [one.opts[0], value]
        answer = runner.invoke(args=[*name.split(), *given])
        if answer.exit_code == 0 or "Traceback" in answer.output or not isinstance(answer.exception, SystemExit):
            wrong.append(f"flask {name} {' '.join(given)}: {answer.exit_code} {answer.exception!r}")
    none(wrong)


def test_importing_the_program_does_nothing():
    """No connection, no file, no thread, no child: a worker, a test or a tool may import any part of it."""
    found = subprocess.run(
        [sys.executable, "-c", LOOK], capture_output=True, text=True, cwd=ROOT, check=False, timeout=120
    )
    assert found.returncode == 0, found.stderr[-2000:]
    told = json.loads(found.stdout.splitlines()[-1])
    none(f"importing does: {one}; do it when it is needed" for one in told["did"])
    none(f"importing starts a thread {one}" for one in told["threads"])
    none(f"importing retail.app loads {one}; import it inside the function that needs it" for one in told["heavy"])
    assert told["count"] > 500
