"""In which language the program speaks: who is asked for it, and the catalogs that hold its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, Domain, force_locale, get_locale
from markupsafe import Markup

import config as settings

SOURCE = "en"
LANGUAGES = {"en": "English", "es": "Español", "hi": "हिन्दी", "ar": "العربية"}
"""The languages there are, each by its own name: who looks for theirs does not read the present one."""
LOCALES = {
    "en_GB": "English (United Kingdom)",
    "en_US": "English (United States)",
    "en_IN": "English (India)",
    "es_ES": "Español (España)",
    "es_MX": "Español (México)",
    "hi_IN": "हिन्दी (भारत)",
    "ar_EG": "العربية (مصر)",
}
"""What a person or a business chooses: a language, and how its region writes numbers and dates."""
COOKIE = "language"
COOKIE_SECONDS = 365 * 86_400
FOLDER = settings.ROOT / "translations"


def catalog_path(language: str) -> Path:
    """Where the words of a language are kept, as translators edit them."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


@cache
def catalog(language: str) -> NullTranslations:
    """The words of a language. Read from the translators' own file when the first of them is needed: there is no
    second, compiled file that could be older."""
    path = catalog_path(language)
    if language == SOURCE or not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


class _Counting:
    """A catalog as one page asks it: counts how many of its words it knew, for `written_in`."""

    def __init__(self, words: NullTranslations, said: dict[bool, int]) -> None:
        self._words, self._said = words, said

    def ugettext(self, text: str) -> str:
        found = str(self._words.ugettext(text))
        self._said[found != text] += 1
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._words, name)


class Catalogs(Domain):
    """Where gettext looks: one catalog a language, whatever the region."""

    def get_translations(self) -> Any:
        """The catalog of the present language; of English, which needs none, outside of everything."""
        locale = get_locale()
        language = locale.language if locale is not None else SOURCE
        words = catalog(language)
        return words if language == SOURCE else _Counting(words, g.setdefault("said", {True: 0, False: 0}))


class Speaking(Babel):
    """Flask-Babel with our catalogs."""

    @cached_property
    def domain_instance(self) -> Catalogs:
        """Where gettext looks."""
        return Catalogs()


def chosen() -> str:
    """The language of whoever asks: a person's own, else what was chosen in this browser at sign-in, else their shop's,
    else what the browser says its owner reads."""
    person = g.get("person")
    if person is not None and person.chose_language:
        return readable(person.locale)
    if not has_request_context():
        return SOURCE
    kept = request.cookies.get(COOKIE, "")
    if person is not None and (kept not in LANGUAGES or str(person.locale).startswith(kept)):
        return readable(person.locale)
    if kept in LANGUAGES:
        return kept
    wanted = request.accept_languages.best_match([*LOCALES, *LANGUAGES], SOURCE) or SOURCE
    return wanted.replace("-", "_")


def readable(locale: str | None) -> str:
    """A locale that Babel knows: what was kept or imported in another spelling must not break a page."""
    try:
        return str(Locale.parse(str(locale).replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return SOURCE


def zone() -> str:
    """The time zone of whoever asks."""
    person = g.get("person")
    return str(person.timezone) if person is not None else "UTC"


Reader = Callable[[int | None], str]
_readers: list[Reader] = []


def tells_locales(reader: Reader) -> Reader:
    """Declare who knows the language of a person by their id, or that of the business for None; inside a tenant."""
    _readers[:] = [reader]
    return reader


def locale_of(user_id: int | None = None) -> str:
    """The language of a person, else that of the business we are in."""
    return readable(_readers[0](user_id)) if _readers else SOURCE


@contextmanager
def speaking(locale: str | None) -> Iterator[None]:
    """Write what follows in somebody's language: mails, messages and documents for others than the one who asks."""
    with force_locale(readable(locale)):
        yield


def attributes(locale: str) -> Markup:
    """The attributes of a part of a page that is in a language of its own: a receipt, a mail."""
    found = Locale.parse(readable(locale))
    return Markup(' lang="{}" dir="{}"').format(str(found).replace("_", "-"), found.text_direction)


def _said() -> dict[bool, int]:
    return dict(g.get("said") or {True: 0, False: 0})


def written_in(before: dict[bool, int]) -> Markup:
    """Attributes for a part of a page that turned out to be English although the page is not: for screen readers, and
    so that its sentences end where English ones do. `before` is what `words_said()` told before the part was drawn."""
    now = _said()
    if now[False] - before[False] > now[True] - before[True]:
        return Markup(' lang="en" dir="ltr"')
    return Markup("")


def init_app(app: Flask) -> None:
    """Let the application speak."""
    Speaking(app, locale_selector=chosen, timezone_selector=zone)
    app.jinja_env.globals.update(words_said=_said, written_in=written_in, languages=LANGUAGES)
