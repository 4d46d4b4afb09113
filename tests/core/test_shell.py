"""The shell in a real browser, on a stand-in shop of a few pages: navigation, lists, forms, messages, keys, access."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, flash, g, make_response, redirect, render_template, request, url_for
from flask_babel import Babel
from flask_wtf import CSRFProtect, FlaskForm
from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader
from jinja2_fragments.flask import render_block
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server
from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from retail.core import shortcuts
from retail.core.language import LANGUAGES
from retail.core.shell import NOBODY
from retail.core.tables.drawn import Cell, Chip, ColumnChoice, ListedColumn, ListedFilter, ListedJob, ListedRow, Listing
from tests.support import browser as browsers

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "home.html": """{% extends "base.html" %}{% block title %}Home{% endblock %}
        {% block main %}
        {% call ui.page_header("Good morning") %}
        {{ ui.button("Fail", attrs={"hx-post": "/fail", "hx-swap": "none"}) }}
        {{ ui.post_button("Delete", "/remove", confirm="Delete it?") }}
        {% endcall %}
        <p id="feed" hx-get="/feed" hx-trigger="sale-completed from:body" hx-swap="innerHTML">quiet</p>
        {% endblock %}
        {% block scripts %}<script type="module" src="{{ asset("js/charts.js") }}"></script>{% endblock %}""",
    "goods.html": """{% extends "core/table.html" %}
        {% block listing %}{% include "core/_listing.html" %}{% endblock %}""",
    "edit.html": """{% extends "base.html" %}{% block title %}Edit{% endblock %}
        {% block main %}
        <h1 tabindex="-1">Edit</h1>
        {% block goods_form %}
        <form id="goods_form" method="post" hx-post="/edit" hx-target="this" hx-swap="outerHTML" novalidate>
        {{ ui.form_problems(form) }}{{ ui.hidden(form) }}{{ ui.field(form.name) }}
        {{ ui.form_actions("Save", "/goods") }}
        </form>
        {% endblock %}{% endblock %}""",
    "bare.html": """{% extends "core/bare.html" %}{% block title %}Door{% endblock %}
        {% block main %}<h1>Sign in</h1>{% endblock %}""",
    "found.html": """{% call ui.palette_group("Products") %}
        {{ ui.palette_item("Enamel mug", "/edit", "tags") }}{% endcall %}""",
}
GOODS = ["Enamel mug", "Fig candle", "Linen towel", "Oak board", "Wax candle"]
MENU = [("Home", "home", "/", "H"), ("Goods", "tags", "/goods", "P"), ("Edit", "edit", "/edit", None)]


class GoodsForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    class Meta:
        csrf = False

    name = StringField("Name", [DataRequired("Give it a name.")], description="As on the receipt.")
    kind = SelectField("Kind", choices=[SelectChoice("a", "One"), SelectChoice("b", "Two")])
    secret = PasswordField("Secret")
    note = TextAreaField("Note")
    counted = BooleanField("Counted")
    sold = RadioField("Sold", choices=[SelectChoice("p", "By the piece"), SelectChoice("w", "By weight")])


def _listing() -> Listing:
    q, low = request.args.get("q", ""), request.args.get("low", "")
    found = [name for name in GOODS if q.lower() in name.lower()]

    def cell(text: str, href: str | None = None) -> Cell:
        return Cell(text=text, href=href, align="start", tone=None)

    def column(key: str) -> ListedColumn:
        return ListedColumn(key=key, label=key.title(), align="start", sortable=True, whole=False)

    return Listing(
        id="list-goods",
        name="goods",
        columns=[column("name"), column("sku")],
        rows=[ListedRow(id=at, cells=[cell(name, "/edit"), cell(f"HL-{at}")]) for at, name in enumerate(found)],
        sort="name",
        descending=False,
        q=q,
        filters=[ListedFilter(name="low", label="Low only", kind="flag", value=low, choices=[])],
        total=len(found),
        next_cursor_url=None,
        previous_url=None,
        url_for_sort=lambda key: f"/goods?sort={key}",
        export_urls={"csv": "/goods?format=csv"},
        searchable=True,
        narrowed=bool(q or low),
        chips=[Chip(label="Low only", value="", url="/goods")] if low else [],
        bulk=[ListedJob(name="count", label="Count again", icon="refresh", danger=False)],
        bulk_url="/goods/job",
        may_keep=True,
        all_url="/goods",
        here="/goods",
        column_choices=[ColumnChoice(key="name", label="Name", chosen=True, fixed=True)],
        empty={"title": "No goods", "text": "", "icon": "tags", "action_url": None},
    )


def _page(template: str, fragment: str | None = None, status: int = 200, **context: Any) -> Any:
    alone = fragment and "HX-Request" in request.headers and "HX-Boosted" not in request.headers
    body = render_block(template, fragment, **context) if alone else render_template(template, **context)  # type: ignore[arg-type]
    return make_response(body, status)


def _context() -> dict[str, Any]:
    person = SimpleNamespace(
        is_authenticated=True, name="Priya Raman", email="p@example.org", role_name="Owner", viewing=""
    )
    items = [
        {"label": label, "icon": icon, "url": url, "active": request.path == url, "shortcut": letter, "primary": True}
        for label, icon, url, letter in MENU
    ]
    return {
        # The door is seen by who has not signed in: it offers the languages.
        "current_user": NOBODY if request.path == "/bare" else person,
        "tenant": SimpleNamespace(name="Harbour Lane", currency="GBP"),
        "menu": [{"label": "Shop", "items": items}],
        "theme": request.args.get("theme", "light"),
        "locale_code": "en",
        "shortcut_keys": shortcuts.keys_for({}),
        "shortcut_sheet": shortcuts.SHEET,
        "location": SimpleNamespace(id=1, name="Harbour Street"),
        "locations": [SimpleNamespace(id=1, name="Harbour Street")],
        "breadcrumbs": [("Goods", "/goods"), ("Here", None)],
        "unread_count": 3,
    }


def _stand_in() -> Flask:
    app = Flask("stand_in", static_folder=str(ROOT / "static"))
    app.secret_key = secrets.token_hex()
    app.jinja_loader = ChoiceLoader([DictLoader(PAGES), FileSystemLoader(ROOT / "templates")])
    Babel(app)
    CSRFProtect(app)

    def nonce() -> str:
        g.nonce = g.get("nonce") or secrets.token_urlsafe(8)
        return str(g.nonce)

    app.jinja_env.globals.update(
        asset=lambda path: url_for("static", filename=path),
        csp_nonce=nonce,
        can=lambda _permission: True,
        manual_here=lambda: "/help/goods",
        languages=LANGUAGES,
    )
    app.jinja_env.filters["quantity"] = str
    app.jinja_env.add_extension("jinja2.ext.i18n")
    with app.app_context():
        app.jinja_env.globals["ui"] = app.jinja_env.get_template("core/ui.html").module
    app.context_processor(_context)

    @app.after_request
    def policy(response: Any) -> Any:
        response.headers["Content-Security-Policy"] = (
            f"default-src 'self'; script-src 'self' 'nonce-{g.get('nonce')}'; style-src 'self'; img-src 'self' data:; "
            "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        return response

    @app.post("/remove")
    def remove() -> Any:
        flash("Deleted.", "success")
        return redirect("/goods", 303)

    @app.post("/fail")
    def fail() -> Any:
        return "<p>no</p>", 500, {"X-Reference": "A1B2C3"}

    @app.route("/edit", methods=["GET", "POST"])
    def edit() -> Any:
        form = GoodsForm()
        if request.method == "GET":
            return _page("edit.html", form=form)
        if not form.name.data:
            form.validate()
            return _page("edit.html", "goods_form", 422, form=form)
        flash(f"Saved {form.name.data}.", "success")
        return "", 204, {"HX-Redirect": "/goods"}

    @app.get("/style")
    def style() -> Any:
        form = GoodsForm()
        form.name.errors = ["Give it a name."]
        form.form_errors.append("The shop is closed.")
        return _page("core/styleguide.html", form=form)

    app.add_url_rule("/", view_func=lambda: _page("home.html"), endpoint="home")
    app.add_url_rule("/bare", view_func=lambda: _page("bare.html"), endpoint="bare")
    app.add_url_rule("/feed", view_func=lambda: "a sale", endpoint="feed")
    app.add_url_rule("/palette", view_func=lambda: _page("found.html"), endpoint="palette")
    app.add_url_rule("/notifications/bell", view_func=lambda: "4", endpoint="bell")
    app.add_url_rule("/profile/theme", methods=["POST"], view_func=lambda: ("", 204), endpoint="theme")

    # What the frame and the lists link to, or ask for by themselves.
    for elsewhere in (
        "identity.lock",
        "identity.read_in",
        "identity.switch",
        "lists.choose_columns",
        "lists.save_view",
    ):
        app.add_url_rule(f"/{elsewhere}", endpoint=elsewhere, view_func=lambda **_given: "")
    app.add_url_rule("/manifest.webmanifest", view_func=lambda: {"name": "Stand-in"}, endpoint="core_manifest")

    @app.get("/goods/job", endpoint="lists.ask_job")
    def ask_job(**_given: str) -> Any:
        ids = request.args.getlist("ids")
        job = ListedJob(name="count", label="Count again", icon="refresh", danger=False)
        return _page("lists/job.html", "job", job=job, list_name="goods", job_name="count", ids=ids, count=len(ids))

    @app.post("/goods/job/<list_name>/<job_name>", endpoint="lists.do_job")
    def do_job(**_given: str) -> Any:
        flash(f"{len(request.form.getlist('ids'))} to count.", "success")
        return "", 204, {"HX-Redirect": "/goods"}

    @app.get("/goods")
    def goods() -> Any:
        return _page("goods.html", "listing", title="Goods", subtitle="", listing=_listing())

    return app


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the stand-in shop answers."""
    server = make_server("127.0.0.1", 0, _stand_in(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if reason := browsers.unavailable_reason():
        pytest.fail(f"not run here: {reason}")
    with browsers.running_browser() as running:
        yield running


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A page of a desk's width; what its scripts or the content policy complain about fails the test."""
    with chromium.new_context(base_url=address, viewport=browsers.DESK) as context:  # type: ignore[arg-type]
        page, complaints = context.new_page(), list[str]()
        page.set_default_timeout(8000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
        yield page
        assert complaints == []


def _open(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("html[data-ready]")).to_be_attached()


def _travel(page: Page, step: str) -> None:
    """Go back or forward, and wait for the document that comes, not the one that goes."""
    page.evaluate("document.documentElement.dataset.old = ''")
    page.evaluate(f"setTimeout(() => history.{step}(), 0)")
    expect(page.locator("html[data-ready]:not([data-old])")).to_be_attached()


def test_links_swap_the_page_and_back_and_forward_work(page: Page) -> None:
    _open(page, "/")
    page.evaluate("window.sameDocument = true")
    page.locator("#menu").get_by_text("Goods").click()
    expect(page.locator("h1")).to_have_text("Goods")
    expect(page).to_have_title("Goods · Harbour Lane")
    expect(page.locator("#menu [aria-current]")).to_have_text("Goods")
    expect(page.locator("h1")).to_be_focused()
    assert page.evaluate("window.sameDocument") is True
    _travel(page, "back")
    expect(page.locator("h1")).to_have_text("Good morning")
    _travel(page, "forward")
    expect(page.locator("h1")).to_have_text("Goods")
    page.reload()
    expect(page.locator("h1")).to_have_text("Goods")


def test_back_pressed_twice_shows_the_page_of_the_address(page: Page) -> None:
    _open(page, "/")
    for name, path in (("Goods", "/goods"), ("Edit", "/edit")):
        page.locator("#menu").get_by_text(name).click()
        expect(page).to_have_url(path)
    page.evaluate("history.back(); setTimeout(() => history.back(), 0); 0")
    expect(page.locator("h1")).to_have_text("Good morning")
    expect(page).to_have_url("/")


def test_a_page_outside_the_shell_is_opened_whole(page: Page) -> None:
    _open(page, "/")
    page.evaluate("document.querySelector('#menu a').href = '/bare'")
    page.locator("#menu a").first.click()
    expect(page.locator("h1")).to_have_text("Sign in")
    expect(page.locator("#menu")).to_have_count(0)


def test_typing_filters_a_list_and_the_address_says_so(page: Page) -> None:
    _open(page, "/goods")
    page.keyboard.press("/")
    page.keyboard.type("candle")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page).to_have_url("/goods?q=candle&sort=name")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.locator(".filter-menu summary").click()
    page.get_by_label("Low only").check()
    expect(page).to_have_url("/goods?q=candle&sort=name&low=1")
    expect(page.get_by_role("list", name="Filters in force")).to_contain_text("Low only")
    _travel(page, "back")
    expect(page).to_have_url("/goods?q=candle&sort=name")
    _travel(page, "back")
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page).to_have_url("/goods")


def test_a_range_of_rows_is_chosen_and_sent(page: Page) -> None:
    _open(page, "/goods")
    page.locator("[data-select-row]").nth(0).click()
    page.locator("[data-select-row]").nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-bar]")).to_contain_text("3 selected")
    page.get_by_role("button", name="Count again").click()
    expect(page.locator("#job-dialog")).to_contain_text("For all 3 rows you chose.")
    page.locator("#job-dialog").get_by_role("button", name="Count again").click()
    expect(page.locator(".toast")).to_contain_text("3 to count.")


def test_a_refused_form_says_why_and_takes_the_focus(page: Page) -> None:
    _open(page, "/edit")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".form-problems")).to_be_focused()
    expect(page.locator("#name")).to_have_attribute("aria-invalid", "true")
    page.fill("#name", "Mug")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Goods")
    expect(page.locator(".toast")).to_contain_text("Saved Mug.")


def test_typing_is_not_lost_by_leaving(page: Page) -> None:
    _open(page, "/edit")
    page.fill("#name", "Half a na")
    page.locator("#menu").get_by_text("Goods").click()
    page.locator("#confirm-dialog").get_by_text("Cancel").click()
    expect(page.locator("#name")).to_have_value("Half a na")
    page.locator("#menu").get_by_text("Goods").click()
    page.locator("#confirm-dialog").get_by_text("Yes, go on").click()
    expect(page.locator("h1")).to_have_text("Goods")


def test_what_cannot_be_undone_is_asked_first(page: Page) -> None:
    _open(page, "/")
    page.get_by_role("button", name="Delete").click()
    page.locator("#confirm-dialog").get_by_text("Cancel").click()
    expect(page.locator("h1")).to_have_text("Good morning")
    page.get_by_role("button", name="Delete").click()
    page.locator("#confirm-dialog").get_by_text("Yes, go on").click()
    expect(page.locator(".toast")).to_contain_text("Deleted.")


def test_a_failure_is_told_with_its_reference(page: Page) -> None:
    _open(page, "/")
    page.get_by_role("button", name="Fail").click()
    expect(page.locator(".toast-danger")).to_contain_text("A1B2C3")


def test_what_happened_elsewhere_refreshes_what_cares(page: Page) -> None:
    _open(page, "/")
    for name in ("sale-completed", "notification"):
        page.evaluate("name => { document.body.dispatchEvent(new CustomEvent(name, {bubbles: true})) }", name)
    expect(page.locator("#feed")).to_have_text("a sale")
    expect(page.locator("#bell-count")).to_have_text("4")


def test_the_palette_and_the_keys_go_places(page: Page) -> None:
    _open(page, "/")
    page.keyboard.press("Control+k")
    page.keyboard.type("mug")
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("Enamel mug")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Edit")
    expect(page.locator("h1")).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.locator("h1")).to_have_text("Goods")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_contain_text("Home")


def test_the_theme_changes_at_once_and_is_remembered(page: Page) -> None:
    _open(page, "/")
    page.locator(".user-menu summary").click()
    with page.expect_request("**/profile/theme") as sent:
        page.get_by_role("button", name="Dark").click()
    assert sent.value.post_data == "theme=dark"
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert any(cookie["name"] == "theme" and cookie["value"] == "dark" for cookie in page.context.cookies())


def test_on_a_phone_the_menu_is_a_drawer(chromium: Browser, address: str) -> None:
    with chromium.new_context(base_url=address, viewport=browsers.PHONE, has_touch=True) as context:  # type: ignore[arg-type]
        page = context.new_page()
        _open(page, "/")
        expect(page.locator("#sidebar")).not_to_be_visible()
        page.locator("#tabbar [data-drawer-open]").tap()
        page.locator("#menu").get_by_text("Goods").tap()
        expect(page.locator("h1")).to_have_text("Goods")
        expect(page.locator("#sidebar")).not_to_be_visible()


def test_it_works_without_scripts(chromium: Browser, address: str) -> None:
    with chromium.new_context(base_url=address, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/goods?q=candle")
        expect(page.locator("tbody tr")).to_have_count(2)
        page.get_by_role("button", name="Search").last.click()
        expect(page).to_have_url("/goods?q=candle&sort=name")
        page.goto("/edit")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".form-problems")).to_contain_text("Give it a name.")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [browsers.PHONE, browsers.DESK], ids=["phone", "desk"])
def test_every_part_can_be_used_by_everybody(chromium: Browser, address: str, size: dict[str, int], theme: str) -> None:
    with chromium.new_context(base_url=address, viewport=size, reduced_motion="reduce") as context:  # type: ignore[arg-type]
        page = context.new_page()
        for path in ("/style", "/goods", "/bare"):
            _open(page, f"{path}?theme={theme}")
            assert browsers.axe(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
