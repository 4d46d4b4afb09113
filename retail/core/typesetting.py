"""Turning a Typst template and plain data into a PDF or a picture.

One `Compiler` a template and process is kept, because the first run of a template costs about 140 ms and every later
one a few. What people typed reaches a template only as JSON in `sys.inputs.data`, never as Typst source, so it is shown
and cannot be executed. Only the vendored fonts are used: the same page everywhere.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import typst

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates" / "pdf"
FONTS = ROOT / "static" / "vendor" / "fonts-pdf"

Standard = Literal["a-2b", "ua-1"]
Format = Literal["pdf", "png"]


class TypesettingError(RuntimeError):
    """A document could not be set; the text names the template and the compiler's complaint."""


class _Compilers:
    """The compilers of this process, one a template, each used by one thread at a time."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.by_template: dict[str, tuple[typst.Compiler, threading.Lock]] = {}
        self.inherited = False

    def of(self, template: str) -> tuple[typst.Compiler, threading.Lock]:
        with self.guard:
            if template not in self.by_template:
                source = TEMPLATES / template
                if not source.is_file():
                    raise TypesettingError(f"There is no template {template} in {TEMPLATES.name}.")
                if not any(FONTS.glob("*.ttf")):
                    raise TypesettingError(f"No fonts in {FONTS.relative_to(ROOT)}: run scripts/vendor.py.")
                fonts: list[Path] = [FONTS]
                compiler = typst.Compiler(source, root=ROOT, font_paths=fonts, ignore_system_fonts=True)
                self.by_template[template] = (compiler, threading.Lock())
            return self.by_template[template]

    def after_fork(self) -> None:
        # Typst's threads do not survive a fork: a child whose parent had used them would wait for them for ever.
        self.inherited = self.inherited or bool(self.by_template)
        self.guard = threading.Lock()
        self.by_template = {}


_compilers = _Compilers()
os.register_at_fork(after_in_child=_compilers.after_fork)


def compile_pdf(
    template: str,
    data: Mapping[str, Any],
    *,
    standard: Standard | None = "a-2b",
    timestamp: datetime | None = None,
) -> bytes:
    """Set `templates/pdf/<template>` with `data` (JSON values) as PDF.

    `standard` is PDF/A-2b (to be kept), PDF/UA-1 (readable aloud; the template must set a title and describe its
    pictures) or none. With a `timestamp` (an aware instant) the same data gives the same bytes, always.

    Raises TypesettingError with the compiler's message, also for a mere warning (a missing font is one).
    """
    return _compile(template, data, "pdf", standard=standard, timestamp=timestamp)


def compile_png(template: str, data: Mapping[str, Any], *, ppi: float = 144) -> bytes:
    """Set the one-page `templates/pdf/<template>` as a PNG of `ppi` pixels an inch."""
    return _compile(template, data, "png", ppi=ppi)


def _compile(
    template: str,
    data: Mapping[str, Any],
    output: Format,
    *,
    standard: Standard | None = None,
    timestamp: datetime | None = None,
    ppi: float = 144,
) -> bytes:
    if _compilers.inherited:
        return _compile_in_a_fresh_process(template, data, output, standard=standard, timestamp=timestamp, ppi=ppi)
    compiler, turn = _compilers.of(template)
    with turn:
        try:
            result, warnings = compiler.compile_with_warnings(
                format=output,
                ppi=ppi,
                sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
                pdf_standards=[standard] if standard else [],
                # The document's clock counts whole seconds.
                timestamp=timestamp.replace(microsecond=0) if timestamp else None,
            )
        except typst.TypstError as problem:
            raise TypesettingError("; ".join([f"{template}: {problem.message}", *problem.hints])) from problem
    if warnings:
        raise TypesettingError("; ".join(f"{template}: {warning.message}" for warning in warnings))
    if isinstance(result, list) or result is None:
        raise TypesettingError(f"{template}: one page was expected.")
    return result


def _compile_in_a_fresh_process(
    template: str,
    data: Mapping[str, Any],
    output: Format,
    *,
    standard: Standard | None,
    timestamp: datetime | None,
    ppi: float,
) -> bytes:
    order = {
        "template": template,
        "data": data,
        "output": output,
        "standard": standard,
        "timestamp": timestamp.isoformat() if timestamp else None,
        "ppi": ppi,
    }
    done = subprocess.run(
        [sys.executable, "-m", "retail.core.typesetting"],
        input=json.dumps(order).encode(),
        capture_output=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise TypesettingError(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    return done.stdout


def _serve_one_order() -> None:
    order = json.load(sys.stdin)
    timestamp = order.pop("timestamp")
    document = _compile(**order, timestamp=datetime.fromisoformat(timestamp) if timestamp else None)
    sys.stdout.buffer.write(document)


if __name__ == "__main__":
    _serve_one_order()
