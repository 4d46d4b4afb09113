"""Keep the catalogs of `translations/` in step with the program.

`python scripts/translate.py` extracts every text and brings each catalog up to date, keeping what is translated.
`python scripts/translate.py check` names what is missing or wrong and exits 1.
`python scripts/translate.py status` tells how complete each area is; `missing AREA LANGUAGE` lists what is not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("es", "hi", "ar")
PATHS = ("retail", "jobs", "templates")
METHODS = [
    ("retail/**.py", "python"),
    ("jobs/**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
]
OPTIONS = {
    pattern: {"trim_blocks": "true", "lstrip_blocks": "true"} for pattern, method in METHODS if method == "jinja2"
}
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2), "_nl": (1, 2)}

AREAS: dict[str, str] = {
    "sign-in": r"templates/identity/(sign_in|code|forgotten|set_password|confirm|switch|passkey|profile)"
    r"|retail/identity/(views|forms|profile_views|cashier_views|signing_in|passwords|guard_views|second_factor|passkey)",
    "shell": r"templates/(base|core/(?!styleguide)|operations/palette|notifications/drawer)|retail/[a-z]+/__init__"
    r"|retail/core/(shell|module|html|forms|shown|tables|errors|mail|money|files|downloads)|retail/identity/shell_views",
    "till": r"templates/till/|retail/(till|pricing|payments)/|retail/identity/(approv|limits|pin_serv|cashier)",
    "receipts": r"templates/orders/receipt|retail/orders/(receipts|labels|views|services)"
    r"|retail/core/documents/receipt",
    "mails": r"templates/identity/mail_link|templates/reports/mail/|retail/identity/letters"
    r"|retail/reports/owner_|retail/core/documents/report|templates/notifications/mail|retail/notifications/letters",
}
"""What must be complete in every language, by where its words stand; everything else falls back to English."""

HEADING = """\
msgid ""
msgstr ""
"Project-Id-Version: Counterfoil\\n"
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
PLACEHOLDER = re.compile(r"%\((\w+)\)[-+ 0#]*[\d.]*[a-zA-Z]|\{\w+\}")


PLURALS = {
    "es": "nplurals=2; plural=(n != 1);",
    "hi": "nplurals=2; plural=(n != 1);",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
"""In the order of Unicode (none, one, two, few, many, other), which is what translators know."""


def catalog_path(language: str) -> Path:
    """The file of a language."""
    return ROOT / "translations" / language / "LC_MESSAGES" / "messages.po"


@cache
def extracted() -> Catalog:
    """Every text of the program, with the files it stands in."""
    found = Catalog(charset="utf-8", fuzzy=False)
    for folder in PATHS:
        texts = extract_from_dir(
            ROOT / folder,
            [(pattern.partition("/")[2], method) for pattern, method in METHODS if pattern.startswith(folder)],
            {pattern.partition("/")[2]: options for pattern, options in OPTIONS.items() if pattern.startswith(folder)},
            KEYWORDS,
        )
        for name, _line, text, comments, context in texts:
            found.add(text, None, [(f"{folder}/{name}", None)], auto_comments=comments, context=context)
    return found


@cache
def catalog(language: str) -> Catalog:
    """A language as its file has it."""
    path = catalog_path(language)
    if not path.is_file():
        return Catalog(locale=language, charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def messages(of: Catalog) -> Iterator[Message]:
    """The texts of a catalog, without its heading."""
    return (one for one in of if one.id)


def areas_of(message: Message) -> set[str]:
    """The areas in which a text is said."""
    return {
        area
        for area, pattern in AREAS.items()
        if any(re.match(rf"(?:{pattern})", str(path)) for path, _line in message.locations)
    }


def texts_of(message: Message) -> tuple[str, ...]:
    """The translations of a text: one, or one for each plural."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def is_translated(message: Message | None) -> bool:
    """Whether somebody has translated all of it."""
    return message is not None and not message.fuzzy and bool(texts_of(message)) and all(texts_of(message))


def placeholders(text: str) -> set[str]:
    """What is put into a text when it is said."""
    return {found.group() for found in PLACEHOLDER.finditer(text)}


def faults_of(message: Message, plurals: int, language: str) -> Iterator[str]:
    """What is wrong with one translation."""
    if not is_translated(message):
        return
    one, many = (message.id, message.id) if isinstance(message.id, str) else message.id[:2]
    named = f"{language}: “{one[:60]}”"
    texts = texts_of(message)
    if isinstance(message.id, str) != isinstance(message.string, str):
        yield f"{named} is counted in one of original and translation, and not in the other"
    elif not isinstance(message.id, str) and len(texts) != plurals:
        yield f"{named} has {len(texts)} plural forms; the language has {plurals}"
    allowed = placeholders(one) | placeholders(many)
    for text in texts:
        for lost in sorted(placeholders(many) - placeholders(text)) if text == texts[-1] else ():
            yield f"{named} lost {lost}"
        for mark in sorted(set('<>"&') & set(text) - set(one)):
            yield f"{named} has {mark}, which breaks the page it is put into"
        for made_up in sorted(placeholders(text) - allowed):
            yield f"{named} has {made_up}, which nobody fills in"
    if one.startswith("\n") != texts[0].startswith("\n") or one.endswith("\n") != texts[0].endswith("\n"):
        yield f"{named} begins or ends with a line break in one of the two only"


def faults(language: str) -> Iterator[str]:
    """What is missing from a catalog or wrong in it."""
    kept = catalog(language)
    for message in messages(extracted()):
        if kept.get(message.id, message.context) is None:
            one = message.id if isinstance(message.id, str) else message.id[0]
            where = ", ".join(sorted({str(path) for path, _line in message.locations}))
            yield f"{language}: “{one[:60]}” of {where} is missing: run `python scripts/translate.py`"
    for message in messages(kept):
        yield from faults_of(message, kept.num_plurals, language)


def missing(area: str, language: str) -> list[str]:
    """The texts of an area that a language does not have."""
    kept = catalog(language)
    return [
        message.id if isinstance(message.id, str) else message.id[0]
        for message in messages(extracted())
        if area in areas_of(message) and not is_translated(kept.get(message.id, message.context))
    ]


def update() -> None:
    """Bring every catalog up to date with the program."""
    for language in LANGUAGES:
        kept = catalog(language)
        for returned in list(kept.obsolete.values()):
            kept[returned.id] = returned
        kept.obsolete.clear()
        kept.update(extracted(), no_fuzzy_matching=True)
        write(language, kept)


def write(language: str, kept: Catalog) -> None:
    """Write a catalog: always in the same order and without dates, so that two people's changes merge."""
    path = catalog_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(HEADING.format(language=language, plurals=PLURALS[language]).encode())
        write_po(file, kept, width=0, sort_output=True, include_lineno=False, omit_header=True)


def status() -> str:
    """How complete each area is, in per cent, as a table."""
    lines = [f"{'area':10}{'texts':>7}" + "".join(f"{language:>7}" for language in LANGUAGES)]
    for area in [*AREAS, "all"]:
        ours = [one for one in messages(extracted()) if area == "all" or area in areas_of(one)]
        done = [
            sum(is_translated(catalog(language).get(one.id, one.context)) for one in ours) for language in LANGUAGES
        ]
        lines.append(f"{area:10}{len(ours):7}" + "".join(f"{100 * count // max(1, len(ours)):6}%" for count in done))
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run one of the commands; the exit code."""
    match arguments:
        case []:
            update()
            print(status())
        case ["check"]:
            found = [fault for language in LANGUAGES for fault in faults(language)]
            print("\n".join(found) or "The catalogs hold every text.")
            return bool(found)
        case ["status"]:
            print(status())
        case ["missing", area, language] if area in AREAS and language in LANGUAGES:
            print("\n".join(missing(area, language)))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
