"""The look, held by tests: contrast in both themes, icons that exist, templates that keep the strict policy, weight."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, nodes

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "mail" not in path.parts)
TOKENS = (STATIC / "css" / "tokens.css").read_text()


def _theme(selector: str) -> dict[str, str]:
    """The custom properties of one theme block of tokens.css."""
    block = re.search(rf"{re.escape(selector)} {{(.*?)}}", TOKENS, re.DOTALL)
    assert block, f"tokens.css has no block for {selector}"
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block[1]))


LIGHT, DARK, AUTO = (_theme(f'[data-theme="{name}"]') for name in ("light", "dark", "auto"))


def _luminance(color: str) -> float:
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.1, from 1 to 21."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


GROUNDS = ("bg", "surface", "surface-sunken", "surface-raised")
TEXT_ON = [
    *(
        (text, ground)
        for text in ("text", "text-soft", "text-faint", "accent-text", "danger-text")
        for ground in GROUNDS
    ),
    *((f"{tone}-text", f"{tone}-soft") for tone in ("neutral", "accent", "success", "warning", "danger", "info")),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-danger", "danger"),
    ("on-danger", "danger-hover"),
    ("accent-text", "accent-soft"),
    ("chart-text", "surface"),
    *((f"hue-{number}-text", f"hue-{number}") for number in range(6)),
]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_in_every_theme(theme: dict[str, str]) -> None:
    faint = {
        f"{text} on {ground}": round(_contrast(theme[text], theme[ground]), 2)
        for text, ground in TEXT_ON
        if _contrast(theme[text], theme[ground]) < 4.5
    }
    assert faint == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_edges_of_inputs_and_the_focus_ring_stand_out(theme: dict[str, str]) -> None:
    for mark in ("border-control", "focus"):
        for ground in ("bg", "surface"):
            assert _contrast(theme[mark], theme[ground]) >= 3, (mark, ground)


@pytest.mark.parametrize("number", range(1, 9))
def test_chart_colors_stand_out_from_the_card(number: int) -> None:
    for theme in (LIGHT, DARK):
        floor = 2.8  # graphics have their values in words beside them; amber would turn brown at 3
        assert _contrast(theme[f"chart-{number}"], theme["surface"]) >= floor


def test_auto_is_dark_where_the_device_is_dark() -> None:
    assert AUTO == DARK
    assert LIGHT.keys() - {"color-scheme"} == DARK.keys() - {"color-scheme"}


def test_no_style_sheet_but_the_tokens_holds_a_color() -> None:
    for sheet in ("base", "components", "shell"):
        text = re.sub(r"@media print \{.*", "", (STATIC / "css" / f"{sheet}.css").read_text(), flags=re.DOTALL)
        assert re.findall(r":[^;{}]*#[0-9a-f]{3,8}\b", text) == [], sheet


def test_the_sheets_work_in_both_directions() -> None:
    sided = re.compile(
        r"(?:margin|padding|border)-(?:left|right)|(?<![\w-])(?:right|width|height):|text-align: (?:left|right)"
    )
    for sheet in (STATIC / "css").glob("*.css"):
        found = [line.strip()[:90] for line in sheet.read_text().splitlines() if sided.search(line)]
        assert found == [], sheet.name


def _icon_names() -> Iterator[tuple[str, str]]:
    """Every icon that a template or the menu names by a literal, with where."""
    environment = Environment(loader=FileSystemLoader(ROOT / "templates"), extensions=["jinja2.ext.i18n"])
    for path in TEMPLATES:
        tree = environment.parse(path.read_text())
        for call in tree.find_all(nodes.Call):
            named = getattr(call.node, "attr", getattr(call.node, "name", ""))
            given = call.args[:1] if named in {"icon", "_icon"} else []
            given += [word.value for word in call.kwargs if word.key in {"icon", "trailing_icon"}]
            yield from (
                (str(constant.value), path.name)
                for part in given
                for constant in ([part] if isinstance(part, nodes.Const) else [])
                if isinstance(constant.value, str)
            )
    for source in (ROOT / "retail").rglob("*.py"):
        yield from ((name, source.name) for name in re.findall(r"\bicon=\"([\w-]+)\"", source.read_text()))


def test_every_icon_that_is_named_exists() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    assert len(drawn) > 100
    assert [f"{name} in {where}" for name, where in _icon_names() if name not in drawn] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_keep_the_strict_content_policy(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert not re.search(r"<[^>]*\sstyle\s*=", text), "style attributes are refused by the browser: use a class"
    assert not re.search(r"<[a-z][^>{]*\son[a-z]+\s*=", text), "on… handlers are refused by the browser: use a module"
    assert not re.search(r"hx-on|hx-vals=['\"]js:", text), "htmx would have to evaluate text as a script"
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or "nonce" in script, f"an inline script needs the nonce: {script}"


def test_the_third_party_files_are_the_locked_ones() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "scripts" / "vendor.py", "check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
