"""The sale page: choose a register, fill a cart, take the money."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from flask import abort, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog.grid_queries import style_wanted, styles_of
from retail.catalog.jewel_queries import lock_numbered, standing_lock
from retail.catalog.queries import looked_for, only_meant, scanned, search_variants
from retail.catalog.services import ensure_variant
from retail.core import db, html
from retail.core.errors import NeedsApproval, NotFound, Refused
from retail.core.forms import add_problem, refusals
from retail.core.links import link
from retail.core.module import can, person_or_none
from retail.customers.queries import find_customers
from retail.identity.asking import ask_approval, with_approval
from retail.identity.workplace_services import use_register
from retail.inventory.lot_queries import number_on_scan
from retail.orders.queries import order_numbered
from retail.payments.services import Tender
from retail.permissions import Can
from retail.till import module, queries
from retail.till import services as till
from retail.till.approval import allowance_of
from retail.till.forms import METHODS, OpenForm, read_amount, read_cart, read_cart_as_far_as_it_goes
from retail.till.queries import Station, Tile
from retail.till.services import carts
from retail.till.services.carts import Cart
from retail.till.services.selling import Sold

FAVORITES, MOST_TILES, FAVORITE_DAYS = 24, 60, 90


@dataclass
class Screen:
    """What the sale page shows beside the cart."""

    mode: str = "cart"
    problem: str = ""
    fresh: int | None = None
    q: str = ""
    category_id: int | None = None
    sold: Sold | None = None
    receipt_id: int | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def station_here() -> Station | None:
    """The open register at which whoever makes this request sells on this device."""
    person = person_or_none()
    return queries.station_at(person.register_id) if person.register_id else None


def _tiles(station: Station, q: str, category_id: int | None) -> list[Tile]:
    if q:
        ids = [one.id for one in search_variants(q, MOST_TILES)]
    elif category_id is not None:
        ids = list(queries.variants_in(category_id, MOST_TILES))
    else:
        since = person_or_none().tenant.today() - timedelta(days=FAVORITE_DAYS)
        ids = queries.favorites(station.location_id, since, FAVORITES)
    return queries.tiles_of(ids, station.location_id)


def _new_product_url(q: str) -> str | None:
    """Where what was looked for in vain is made, for those who may."""
    return link("catalog.new_product", **looked_for(q)) if q else None


def _sale_page(station: Station, cart: Cart, screen: Screen) -> Response:
    tenant = person_or_none().tenant
    customer_q = request.values.get("customer_q", "").strip()[:100]
    whole = not html.wants_fragment()
    # A till that was just paid, or an earlier press, already ended its transaction; what is read now is read-only.
    with db.reading():
        priced = carts.show(tenant, cart, allowance_of("").discount)
        context: dict[str, Any] = {
            "station": station,
            "cart": priced,
            "screen": screen,
            "tiles": (tiles := _tiles(station, screen.q, screen.category_id) if whole else []),
            "categories": queries.main_categories() if whole else [],
            "customers": find_customers(customer_q) if whole else [],
            "customer_q": customer_q,
            "new_product_url": _new_product_url(screen.q),
            "styles": styles_of([one.variant_id for one in tiles]) if screen.q else [],
        }
    response = html.page("till/sale.html", fragment="cart", status=screen.status, **context)
    response.headers.update(screen.headers)
    return response


def _no_station() -> Response:
    """The register was closed elsewhere: back to choosing one; the browser keeps the cart."""
    html.settle(keep=False)
    return html.done(_("This register is closed; open it to go on. The cart is kept."), url_for("till.sell"), "info")


@module.get("/", needs=Can.SELL)
def sell() -> Response:
    """The sale page, or the choice of a register when none is open here."""
    station = station_here()
    if station is None:
        return _register_page(OpenForm())
    category = request.args.get("category", type=int)
    screen = Screen(q=request.args.get("q", "").strip()[:100], category_id=category)
    return _sale_page(station, Cart(carts.new_key()), screen)


def _register_page(form: OpenForm, register_id: int | None = None, status: int = 200) -> Response:
    desks = queries.desks()
    if register_id is not None and all(one.register_id != register_id for one in desks):
        abort(404)
    return html.page(
        "till/open.html",
        fragment="registers",
        status=status,
        desks=desks,
        form=form,
        register_id=register_id or person_or_none().register_id,
    )


@module.post("/registers/<int:register_id>/open", needs=Can.OPEN_SHIFT)
def open_register(register_id: int) -> Response:
    """Open a register with its float, and sell at it on this device."""
    form, person = OpenForm(), person_or_none()
    if form.validate_on_submit() and (opening_float := form.opening_float.data) is not None:
        with refusals(form):
            shift = till.open_shift(register_id, opening_float, person.id)
            use_register(person.session_id, register_id, shift.location_id)
            return html.done(_("The register is open."), url_for("till.sell"))
    html.settle(keep=False)
    return _register_page(form, register_id, 422)


@module.post("/registers/<int:register_id>/use", needs=Can.SELL)
def use_open_register(register_id: int) -> Response:
    """Sell on this device at a register that is open already."""
    station = queries.station_at(register_id)
    if station is None:
        form = OpenForm(formdata=None)
        add_problem(form, _("This register is closed; open it first."))
        return _register_page(form, register_id, 422)
    use_register(person_or_none().session_id, register_id, station.location_id)
    return html.done("", url_for("till.sell"))


@module.post("/leave", needs=Can.SELL)
def leave_register() -> Response:
    """Forget the register of this device; its shift stays open."""
    use_register(person_or_none().session_id, None, None)
    return html.done("", url_for("till.sell"))


@module.get("/products", needs=Can.SELL)
def products() -> Response:
    """Tiles found by text or category, else the best sellers."""
    station = station_here()
    if station is None:
        return html.done("", url_for("till.sell"))
    q, category = request.args.get("q", "").strip()[:100], request.args.get("category", type=int)
    if not html.wants_fragment():
        return _sale_page(station, Cart(carts.new_key()), Screen(q=q, category_id=category))
    tiles = _tiles(station, q, category)
    screen = Screen(q=q, category_id=category)
    return html.page(
        "till/sale.html",
        fragment="products",
        tiles=tiles,
        screen=screen,
        station=station,
        new_product_url=_new_product_url(q),
        styles=styles_of([one.variant_id for one in tiles]) if q else [],
    )


@module.get("/customers", needs=Can.SELL)
def customers() -> Response:
    """Customers found by name, code, mail address or telephone number."""
    q = request.args.get("customer_q", "").strip()[:100]
    if not html.wants_fragment():
        return redirect(url_for("till.sell"))
    found = find_customers(q) if can(Can.VIEW_CUSTOMERS) else []
    return html.page("till/sale.html", fragment="customers", customers=found, customer_q=q)


@module.post("/cart", needs=Can.SELL)
def change_cart() -> Response:
    """The cart the page carries, changed and priced anew. Nothing is stored."""
    try:
        made_id = None
        if wanted := style_wanted(request.form):
            made_id = ensure_variant(*wanted).id
            html.settle(keep=True)
        with db.reading():
            station = station_here()
            if station is None:
                return _no_station()
            cart, screen = _changed(_sent_cart(), made_id)
        return _changed_page(station, cart, screen)
    except Refused as no:
        return _refused(no)


def _changed_page(station: Station, cart: Cart, screen: Screen) -> Response:
    try:
        return with_approval(lambda token: _sale_page(station, replace(cart, approval=token), screen))
    except NeedsApproval as need:
        if request.form.get("do") == "restore":
            # What the browser kept must come back whether or not somebody who may approve stands beside it.
            screen.problem = _("The discount of this cart has to be approved again; it was left out.")
            return _sale_page(station, carts.without_discounts(cart), screen)
        return ask_approval(need, request.path, "#cart", url_for("till.sell"))


def _sent_cart() -> Cart:
    """The cart of the page; without a customer for whoever may not see customers."""
    cart = read_cart(request.form)
    return cart if can(Can.VIEW_CUSTOMERS) else replace(cart, customer_id=None)


def _changed(cart: Cart, made_id: int | None) -> tuple[Cart, Screen]:
    """Do what the pressed button says."""
    verb, _colon, argument = request.form.get("do", "update").partition(":")
    number = int(argument) if argument.isascii() and argument.isdecimal() and len(argument) < 18 else -1
    screen = Screen(q="", category_id=request.form.get("category", type=int))
    if made_id is not None:
        cart, screen.fresh = carts.with_one_more(cart, made_id)
    elif verb == "find":
        return _found(cart, request.form.get("q", "").strip()[:100], screen)
    if verb == "add":
        cart, screen.fresh = carts.with_one_more(cart, number)
    elif verb in {"plus", "minus"}:
        cart, screen.fresh = carts.step(cart, number, 1 if verb == "plus" else -1), number
    elif verb == "remove":
        cart = carts.without_line(cart, number)
    elif verb == "full-price":
        cart = carts.without_discount(cart, number)
    elif verb == "customer" and can(Can.VIEW_CUSTOMERS):
        cart = replace(cart, customer_id=number)
    elif verb == "no-customer":
        cart = replace(cart, customer_id=None)
    elif verb in {"clear", "new"}:
        cart = Cart(carts.new_key())
    elif verb == "category":
        screen.category_id = number if number >= 0 else None
    elif verb == "drop-tender":
        cart, screen.mode = carts.without_tender(cart, number), "pay"
    elif verb == "pay" or (verb == "update" and request.form.get("mode") == "pay"):
        screen.mode = "pay" if cart.lines else "cart"
        screen.problem = "" if cart.lines else _("The cart is empty; scan something first.")
    elif verb == "restore":
        kept = carts.with_known_lines(cart)
        if kept != cart:
            cart, screen.problem = kept, _("Something in the cart can no longer be sold and was taken out.")
    return carts.without_idle_discount(cart), screen


def _found(cart: Cart, text: str, screen: Screen) -> tuple[Cart, Screen]:
    """Add what a code or a text names; else show what it may mean, or say that nothing is called so."""
    if not text:
        return cart, screen
    if lock := lock_numbered(text):
        standing_lock(lock.number, lock.variant_id)
        cart, screen.fresh = carts.with_promised(cart, lock)
        return cart, screen
    found, variant = scanned(text), None
    if found is None and (told := number_on_scan(text)):
        cart, screen.fresh = carts.with_one_more(cart, *told)
        return cart, screen
    if found is None:
        variant = only_meant(text)
    # A number that nobody knows is beeped at, not guessed at.
    likely = [] if found or variant or "code" in looked_for(text) else search_variants(text, 1)
    if found is not None:
        cart, screen.fresh = carts.with_scanned(cart, found)
    elif variant is not None:
        cart, screen.fresh = carts.with_one_more(cart, variant.id)
    elif likely:
        screen.q, screen.headers["HX-Trigger"] = text, "till-choose"
    elif order := order_numbered(text):
        screen.problem = _("%(number)s is a receipt, nothing to sell. The cart is unchanged.", number=order.number)
        screen.receipt_id = order.id
        screen.status = 422
    else:
        screen.problem = _("Nothing has the code or name “%(text)s”. The cart is unchanged.", text=text)
        screen.status, screen.headers["HX-Trigger"] = 422, "till-unknown"
    return cart, screen


@module.post("/pay", needs=Can.SELL)
def pay() -> Response:
    """Take a tender; once everything is paid, ring the sale up, all in one transaction."""
    person = person_or_none()
    # Only ringing up takes its turn among the tills; what is read before waits for nobody and holds nobody up.
    with db.reading():
        station = station_here()
    if station is None:
        return _no_station()
    try:
        with db.reading():
            cart = _sent_cart()
            key = carts.check_key(cart.key)
            sold = till.sold_before(key)
            cart, paid = (cart, True) if sold else _with_tender(cart)
        if not paid:
            html.settle(keep=False)
            return with_approval(
                lambda token: _sale_page(station, replace(cart, approval=token), Screen(mode="pay")),
            )
        if sold is None:
            sold = with_approval(
                lambda token: till.ring_up(
                    person.tenant,
                    station,
                    cart.lines,
                    cart.tenders,
                    key,
                    discount=cart.discount,
                    customer_id=cart.customer_id,
                    allowance=allowance_of(token),
                )
            )
    except NeedsApproval as need:
        return ask_approval(need, request.path, "#cart", url_for("till.sell"))
    except Refused as no:
        return _refused(no)
    html.settle(keep=True)
    return _sale_page(station, Cart(carts.new_key()), Screen(mode="sold", sold=sold))


def _with_tender(cart: Cart) -> tuple[Cart, bool]:
    """The cart with the tender of the pressed button, and whether that pays for all of it."""
    if not cart.lines:
        raise Refused(_("The cart is empty; scan something first."), field="lines")
    total = till.price_cart(person_or_none().tenant, cart.lines, cart.discount).priced.gross
    method, _colon, fixed = request.form.get("tender", "").partition(":")
    if method:
        if method not in METHODS:
            raise Refused(_("“%(method)s” is no way to pay here.", method=method[:20]), field="tenders")
        due = carts.outstanding(total, cart.tenders)
        amount = read_amount(fixed or request.form.get("amount", ""), "amount")
        if due > 0:
            tender = Tender(method, due if amount is None else amount, request.form.get("reference", "").strip()[:100])
            cart = replace(cart, tenders=(*cart.tenders, tender))
    return cart, carts.is_covered(total, cart.tenders)


def _refused(no: Refused) -> Response:
    """The sentence alone where the browser keeps the cart on screen; else the page with what could be read of it."""
    db.session.rollback()
    status = 404 if isinstance(no, NotFound) else 422
    if html.wants_fragment():
        html.settle(keep=False)
        response = Response("", status, {"HX-Reswap": "none"}, content_type="text/html; charset=utf-8")
        return html.toast(response, no.message, "danger")
    station = station_here()
    if station is None:
        return _no_station()
    html.settle(keep=False)
    cart = carts.with_known_lines(read_cart_as_far_as_it_goes(request.form))
    cart = replace(cart, key=cart.key or carts.new_key())
    rest = _("Discounts and payments of this cart were left out; please check it.")
    return _sale_page(station, cart, Screen(problem=f"{no.message} {rest}", status=status))
