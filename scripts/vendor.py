"""Fetch the third-party front-end files and check that they are the ones we locked.

`python scripts/vendor.py fetch` downloads the pinned npm packages with `npm pack`, copies the few files the product
serves (or, for axe, the browser tests use), builds the icon sprite and writes `static/vendor.lock.json`.
`python scripts/vendor.py check` needs no network: it compares every file with the lock and exits 1 on a difference.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "static" / "vendor.lock.json"
SPRITE = Path("static/icons.svg")


@dataclass(frozen=True)
class Package:
    """One pinned npm package: what to take out of it (path inside the package → path in this tree)."""

    name: str
    version: str
    license: str
    files: dict[str, str]


PACKAGES = (
    Package("htmx.org", "2.0.11", "0BSD", {"dist/htmx.min.js": "static/vendor/htmx.min.js"}),
    Package("idiomorph", "0.8.0", "0BSD", {"dist/idiomorph-ext.min.js": "static/vendor/idiomorph-ext.min.js"}),
    Package("socket.io-client", "4.8.4", "MIT", {"dist/socket.io.esm.min.js": "static/vendor/socket.io.esm.min.js"}),
    Package("axe-core", "4.14.1", "MPL-2.0", {"axe.min.js": "tests/vendor/axe.min.js"}),
    Package(
        "@expo-google-fonts/noto-sans",
        "0.4.2",
        "OFL-1.1",
        {
            "400Regular/NotoSans_400Regular.ttf": "static/vendor/fonts-pdf/NotoSans-Regular.ttf",
            "700Bold/NotoSans_700Bold.ttf": "static/vendor/fonts-pdf/NotoSans-Bold.ttf",
            "LICENSE_FONT": "static/vendor/fonts-pdf/LICENSE.txt",
        },
    ),
    Package(
        "@expo-google-fonts/noto-sans-devanagari",
        "0.4.1",
        "OFL-1.1",
        {
            "400Regular/NotoSansDevanagari_400Regular.ttf": "static/vendor/fonts-pdf/NotoSansDevanagari-Regular.ttf",
            "700Bold/NotoSansDevanagari_700Bold.ttf": "static/vendor/fonts-pdf/NotoSansDevanagari-Bold.ttf",
        },
    ),
    Package(
        "@expo-google-fonts/noto-sans-arabic",
        "0.4.3",
        "OFL-1.1",
        {
            "400Regular/NotoSansArabic_400Regular.ttf": "static/vendor/fonts-pdf/NotoSansArabic-Regular.ttf",
            "700Bold/NotoSansArabic_700Bold.ttf": "static/vendor/fonts-pdf/NotoSansArabic-Bold.ttf",
        },
    ),
)
ICONS = Package("@tabler/icons", "3.51.0", "MIT", {})

# The names are Tabler's; `ui.icon("name")` takes exactly these.
ICON_NAMES = """
activity adjustments alert-triangle address-book arrow-back-up arrow-down arrow-down-right arrow-left arrow-right
arrow-up arrow-up-right arrows-sort backspace barcode bell bolt bookmark box brain building-bank building-store
building-warehouse calculator calendar camera cash cash-register category chart-bar chart-donut chart-line check
chevron-down chevron-left chevron-right chevron-up circle-check circle-dot circle-x clipboard-list clock coin command
copy credit-card database device-desktop device-mobile dots dots-vertical download edit external-link eye eye-off
file-spreadsheet file-type-pdf filter fingerprint flag gift hand-stop headset help-circle history home id-badge-2 inbox
info-circle key keyboard layout-dashboard layout-sidebar list-check loader-2 lock lock-open login logout mail map-pin
menu-2 message minus moon package packages paperclip pencil percentage phone photo player-pause player-play plus
printer qrcode receipt receipt-refund refresh report-analytics rosette-discount scale scan search send settings
shield-check shopping-cart shopping-bag sort-ascending sort-descending speakerphone star sun switch-horizontal table
table-import tag tags trash truck-delivery upload user user-circle user-plus users wallet wifi-off world x
""".split()  # noqa: SIM905  (words in a paragraph read better than 130 quoted lines)


def sha384(content: bytes) -> str:
    """The digest in the form that browsers use for subresource integrity."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def download(package: Package, folder: Path) -> tarfile.TarFile:
    """Fetch the package at its pinned version through npm, which checks the registry's own integrity value."""
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"npm pack {package.name}@{package.version} failed: {finished.stderr.strip()}")
    return tarfile.open(folder / finished.stdout.strip().splitlines()[-1])


def member(archive: tarfile.TarFile, path: str) -> bytes:
    """The content of one file of an npm archive, whose top folder is always `package/`."""
    stream = archive.extractfile(f"package/{path}")
    if stream is None:
        sys.exit(f"{path} is not a file in {archive.name!r}")
    return stream.read()


def sprite(archive: tarfile.TarFile) -> bytes:
    """All icons as `<symbol>`s of one file, so that a page costs one cached request for any number of icons."""
    symbols = []
    for name in sorted(ICON_NAMES):
        source = member(archive, f"icons/outline/{name}.svg").decode()
        body = source[source.index(">") + 1 : source.rindex("</svg>")]
        body = re.sub(r'\s*<path stroke="none"[^>]*/>', "", body)
        body = re.sub(r"\s*\n\s*", "", body)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
    head = f"<!-- {ICONS.name} {ICONS.version}, {ICONS.license} license, https://tabler.io/icons -->\n"
    return (
        f'{head}<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" stroke-width="1.75" '
        'stroke-linecap="round" stroke-linejoin="round">\n' + "\n".join(symbols) + "\n</svg>\n"
    ).encode()


def fetch() -> None:
    """Download everything and rewrite the lock."""
    entries = []
    with tempfile.TemporaryDirectory() as scratch:
        for package in (*PACKAGES, ICONS):
            with download(package, Path(scratch)) as archive:
                found = {target: member(archive, path) for path, target in package.files.items()}
                if package is ICONS:
                    found[str(SPRITE)] = sprite(archive)
            for target, content in found.items():
                (ROOT / target).parent.mkdir(parents=True, exist_ok=True)
                (ROOT / target).write_bytes(content)
            entries.append(
                {
                    "package": package.name,
                    "version": package.version,
                    "license": package.license,
                    "files": {target: sha384(content) for target, content in sorted(found.items())},
                }
            )
    LOCK.write_text(json.dumps(entries, indent=2) + "\n")


def faults() -> list[str]:
    """What differs between the lock and the tree, one sentence each; empty when all is well."""
    found = []
    for entry in json.loads(LOCK.read_text()):
        for target, digest in entry["files"].items():
            path = ROOT / target
            if not path.is_file():
                found.append(f"{target} is missing; run: python scripts/vendor.py fetch")
            elif sha384(path.read_bytes()) != digest:
                found.append(f"{target} differs from {entry['package']} {entry['version']} as locked")
    return found


def main(arguments: list[str]) -> int:
    """Command line: `fetch` or `check`."""
    if arguments == ["fetch"]:
        fetch()
    elif arguments != ["check"]:
        print("usage: vendor.py fetch | check", file=sys.stderr)
        return 2
    problems = faults()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
