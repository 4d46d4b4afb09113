"""Every page as it reaches the browser: links that lead somewhere, forms that can be sent, fragments that find their
place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from werkzeug.exceptions import HTTPException

from retail.core.module import registry_of
from retail.permissions import ROLES, Can
from tests.rules.sources import none
from tests.rules.walking import Seen

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SENDS = ("hx-get", "hx-post", "hx-put", "hx-delete")


@dataclass
class Form:
    """A form as the browser would send it."""

    action: str
    method: str
    names: set[str] = field(default_factory=set)


class Page(HTMLParser):
    """What a page is made of, as far as rules ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.problems: list[str] = []
        self.templates = 0
        self._forms: list[Form] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "template" or self.templates:
            # What a script copies from is not on the page yet.
            self.templates += tag == "template"
            return
        self.tags.append((tag, known))
        if len(known) < len(attrs):
            self.problems.append(f"<{tag}> says an attribute twice")
        if "id" in known:
            self.ids.append(known["id"])
        if tag == "form":
            if self._forms:
                self.problems.append("a form within a form, which browsers drop")
            self._forms.append(Form(known.get("action", ""), known.get("method", "get").lower()))
            self.forms.append(self._forms[-1])
        if tag in {"input", "select", "textarea", "button"} and "name" in known and self._forms:
            self._forms[-1].names.add(known["name"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.templates:
            self.templates -= tag == "template"
            return
        if tag == "form" and self._forms:
            self._forms.pop()
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self.open[-1] if self.open else 'nothing'}")
            if tag in self.open:
                while self.open.pop() != tag:
                    pass
        else:
            self.open.pop()


@pytest.fixture(scope="module")
def pages(walk) -> list[tuple[Seen, Page]]:
    return [(one, Page(one.text)) for one in walk.pages()]


def here(one: Seen) -> str:
    """Where a page stands. Which role looks at it makes no difference to most rules, so each fault is said once."""
    return one.url


# -- links and forms --------------------------------------------------------------------------------------------------
def inner(url: str, page: str) -> str | None:
    """The path an address of this site means on a page; None for other sites, fragments and other schemes."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc or url.startswith("#"):
        return None
    return parts.path or urlsplit(page).path


def asked_of(one: Seen, page: Page) -> Iterator[tuple[str, str]]:
    """Every (method, path) the page offers."""
    for tag, known in page.tags:
        wanted = [("GET", known["href"])] if tag == "a" and "href" in known else []
        wanted += [("GET" if name == "hx-get" else "POST", known[name]) for name in SENDS if name in known]
        if tag == "button" and "formaction" in known:
            wanted.append(("POST", known["formaction"]))
        for method, url in wanted:
            path = inner(url, one.url)
            if path is not None:
                yield method, path
    for form in page.forms:
        path = inner(form.action, one.url)
        if path is not None and form.method != "dialog":
            yield form.method.upper(), path


def leads_nowhere(one: Seen, page: Page, matches) -> Iterator[str]:
    for method, path in asked_of(one, page):
        if path.startswith("/static/"):
            continue
        endpoint = matches(method, path)
        if endpoint is None:
            yield f"{here(one)}: {method} {path} leads nowhere"


def is_refused(one: Seen, page: Page, matches, needs) -> Iterator[str]:
    for method, path in asked_of(one, page):
        endpoint = matches(method, path)
        need = needs.get(endpoint)
        if isinstance(need, Can) and need not in ROLES[one.role]:
            yield f"{one.url}: offers {method} {path}, which {one.role} may not open; ask can(…) before"


@pytest.fixture(scope="module")
def matches(_sqlite_town):
    adapter = _sqlite_town.app.url_map.bind("localhost")
    known: dict[tuple[str, str], str | None] = {}

    def match(method: str, path: str) -> str | None:
        if (method, path) not in known:
            try:
                known[method, path] = adapter.match(path, method=method)[0]
            except HTTPException:
                known[method, path] = None
        return known[method, path]

    return match


def test_every_link_and_form_leads_somewhere(pages, matches):
    none(line for one, page in pages for line in leads_nowhere(one, page, matches))
    one = SimpleNamespace(url="/till/", role="owner")
    assert list(
        leads_nowhere(one, Page('<a href="/no-such-page">x</a><form method="post" action="/"></form>'), matches)
    )


def test_nobody_is_offered_what_they_may_not_do(pages, matches, quick_town):
    needs = registry_of(quick_town.app).needs
    none(line for one, page in pages for line in is_refused(one, page, matches, needs))
    one = SimpleNamespace(url="/till/", role="cashier")
    assert list(is_refused(one, Page('<a href="/roles/">x</a>'), matches, needs))


def lacks_a_token(one: Seen, page: Page) -> Iterator[str]:
    for form in page.forms:
        if form.method == "post" and "csrf_token" not in form.names:
            yield f"{here(one)}: the form to {form.action or 'itself'} carries no CSRF token; put ui.hidden(form) in it"


def test_every_form_carries_its_token(pages, walk):
    none(line for one, page in pages for line in lacks_a_token(one, page))
    fragments = [(one, Page(one.text)) for one in walk.pages("owner", fragments=True) if one.fragment]
    none(line for one, page in fragments for line in lacks_a_token(one, page))
    assert list(lacks_a_token(SimpleNamespace(url="/", role="x"), Page('<form method="post"></form>')))
    assert sum(len(page.forms) for _one, page in pages) > 200


# -- fragments --------------------------------------------------------------------------------------------------------
RELATIVE = re.compile(r"^(this|body|closest |find |next|previous|window|document)")


def aims_at_nothing(one: Seen, page: Page) -> Iterator[str]:
    known = set(page.ids)
    for tag, attributes in page.tags:
        for name in ("hx-target", "hx-include", "hx-select", "hx-indicator", "aria-controls", "aria-labelledby", "for"):
            value = attributes.get(name, "")
            if not value or (name.startswith("hx") and (RELATIVE.match(value) or not value.startswith("#"))):
                continue
            if name.startswith("hx") and not re.fullmatch(r"#[\w-]+", value):
                continue
            missing = [part for part in value.split() if part.lstrip("#") not in known]
            if missing:
                yield f"{here(one)}: <{tag} {name}={value}> but nothing on the page has that id"


def test_what_a_page_aims_at_is_on_it(pages):
    none(line for one, page in pages for line in aims_at_nothing(one, page))
    assert list(aims_at_nothing(SimpleNamespace(url="/", role="x"), Page('<a hx-target="#rows">x</a>')))


def test_a_fragment_is_the_part_it_replaces(walk):
    """The block that htmx gets has an id the whole page has too, so that it can be put in its place."""
    whole = {one.url: Page(one.text) for one in walk.pages("owner")}
    for one in walk.pages("owner", fragments=True):
        if not one.fragment or one.url not in whole or one.text.lstrip().startswith("<!doctype"):
            continue
        assert "<html" not in one.text, f"{one.url}: a whole page within a page"
        page, ids = whole[one.url], Page(one.text).ids
        if any(inner(known.get("hx-get", "#"), one.url) == one.url for _tag, known in page.tags):
            assert not ids or set(ids) & set(page.ids), f"{one.url}: nothing of the fragment is on the page: {ids[:5]}"


def sends_only_by_script(one: Seen, page: Page) -> Iterator[str]:
    for tag, known in page.tags:
        if tag == "a" and "hx-get" in known and not known.get("href"):
            yield f"{here(one)}: a link by hx-get without href does not work without JavaScript"
        if tag == "form" and ("hx-post" in known or "hx-get" in known) and "action" not in known:
            yield f"{here(one)}: a form by htmx without action does not work without JavaScript"


def test_pages_work_without_javascript(pages):
    none(line for one, page in pages for line in sends_only_by_script(one, page))
    assert list(sends_only_by_script(SimpleNamespace(url="/", role="x"), Page('<a hx-get="/x">x</a>')))


# -- sound markup -----------------------------------------------------------------------------------------------------
def unsound(one: Seen, page: Page) -> Iterator[str]:
    twice = sorted({name for name in page.ids if page.ids.count(name) > 1})
    if twice:
        yield f"{here(one)}: ids that are there twice: {', '.join(twice[:5])}"
    for problem in page.problems[:3]:
        yield f"{here(one)}: {problem}"
    if page.open and not one.fragment:
        yield f"{here(one)}: never closed: {', '.join(page.open[:5])}"


def test_the_markup_is_sound(pages):
    none(line for one, page in pages for line in unsound(one, page))
    bad = Page('<p id="a"></p><p id="a"></b><form><form></form></form>')
    assert len(list(unsound(SimpleNamespace(url="/", role="x", fragment=False), bad))) >= 3


STRICT = re.compile(r"^on[a-z]+$")


def breaks_the_policy(one: Seen, page: Page) -> Iterator[str]:
    for tag, known in page.tags:
        if tag == "script" and not (known.get("src") or known.get("nonce") or known.get("type", "").endswith("json")):
            yield f"{here(one)}: a script without the nonce"
        for name in known if "style-src 'unsafe-inline'" not in one.policy else ():
            if name == "style" or STRICT.match(name):
                yield f"{here(one)}: <{tag} {name}=…> is refused by the browser: use a class or a module"


def test_no_page_breaks_its_content_policy(pages):
    none(line for one, page in pages for line in breaks_the_policy(one, page))
    assert len(list(breaks_the_policy(SimpleNamespace(url="/", policy=""), Page('<p style="a" onclick="b">')))) == 2


def test_every_page_is_called_something(pages):
    none(
        f"{here(one)}: needs one <h1>, has {count}"
        for one, page in pages
        if one.text.lstrip().startswith("<!doctype") and (count := sum(tag == "h1" for tag, _known in page.tags)) != 1
    )


LEFTOVERS = re.compile(
    r"(?<![|] )\bNone\b(?! (?:here|yet|left|of))|Undefined|\{\{|\{%|&lt;(?:span|a|svg)\b|%\(\w+\)s"
    r"|lazy_gettext|Decimal\(|datetime\."
)


def says_what_is_for_programs(one: Seen) -> Iterator[str]:
    body = re.sub(r"<(script|style|svg|textarea|pre|code)\b.*?</\1>", "", one.text, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", body)
    for found in LEFTOVERS.finditer(words):
        around = " ".join(words[max(0, found.start() - 40) : found.end() + 40].split())
        yield f"{here(one)}: “{around}” is for programs, not for people"


def test_pages_speak_to_people(walk):
    none(line for one in walk.pages() for line in says_what_is_for_programs(one))
    assert list(says_what_is_for_programs(SimpleNamespace(url="/", role="x", text="<p>Price None</p>")))
