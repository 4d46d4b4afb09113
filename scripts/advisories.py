"""Asks the OSV database whether a version we depend on has a known hole: `.venv/bin/python scripts/advisories.py`.

Reads both locks. Status 1 when something is known that `scripts/advisories-accepted.txt` does not name. Where the
database cannot be reached it says `not run here:` and passes: a checkout must be testable without a network.
API: https://google.github.io/osv.dev/post-v1-querybatch/
"""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-test.txt")
ACCEPTED = ROOT / "scripts" / "advisories-accepted.txt"
DATABASE = "https://api.osv.dev/v1/querybatch"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)
SECONDS = 20


def pinned(root: Path = ROOT) -> list[tuple[str, str]]:
    """Every package of the locks with its version, once."""
    text = "\n".join((root / name).read_text(encoding="utf-8") for name in LOCKS)
    return sorted(set(PINNED.findall(text)))


def accepted(file: Path = ACCEPTED) -> set[str]:
    """The ids somebody looked at and decided to live with; each line of the file goes on with the reason."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def ask(packages: list[tuple[str, str]], address: str) -> dict[tuple[str, str], list[str]]:
    """The ids of what is known of each package; only of those of which something is. Raises OSError, ValueError."""
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in packages]
    question = urllib.request.Request(  # noqa: S310  the address is ours
        address, json.dumps({"queries": queries}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(question, timeout=SECONDS) as answer:  # noqa: S310
        results = json.load(answer)["results"]
    if len(results) != len(packages):
        raise ValueError(f"{len(packages)} asked, {len(results)} answered")
    known = {
        package: [one["id"] for one in result.get("vulns", [])]
        for package, result in zip(packages, results, strict=True)
    }
    return {package: ids for package, ids in known.items() if ids}


def main() -> int:
    """Say what is known."""
    packages = pinned()
    try:
        known = ask(packages, os.environ.get("ADVISORIES_URL", DATABASE))
    except (OSError, ValueError, KeyError) as problem:
        print(f"not run here: known holes of {len(packages)} packages: the database does not answer ({problem})")
        return 0
    lived_with = accepted()
    new = [(name, version, one) for (name, version), ids in known.items() for one in ids if one not in lived_with]
    for name, version, one in new:
        print(f"{name} {version}: {one} (https://osv.dev/vulnerability/{one})")
    print(f"{len(packages)} packages, {len(new)} known holes" + (f", {len(lived_with)} accepted" if lived_with else ""))
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
