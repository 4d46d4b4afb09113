"""People who work at some locations only: who says so, what they see and do there, and what is not theirs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from retail.core import events, exports, files, tasks
from retail.core.audit import Actor, AuditEntry, act_as
from retail.core.db import session, unit_of_work
from retail.core.errors import NeedsApproval, NotFound, Refused
from retail.core.events import Event
from retail.core.places import Elsewhere, everywhere, limited_to
from retail.core.tenancy import insert_owned, update_owned
from retail.identity.approval_services import approve, who_may_approve
from retail.identity.models import User, UserPlace
from retail.identity.sessions import person_numbered
from retail.inventory import services as inventory
from retail.inventory.models import StockLevel, StockMove, StockTransfer
from retail.notifications.models import Notification
from retail.orders.models import Order, OrderLine
from retail.permissions import OF_THE_WHOLE, Can
from retail.tenancy.queries import first_shop, locations
from retail.till import services as till
from tests import make
from tests.support.sockets import serving

PIN, ONE = "2580", Decimal(1)


@pytest.fixture
def branch(app, shop):
    """The manager, who works at the warehouse alone."""
    make.limit(shop, "manager", shop.warehouse_id)
    return make.client(app, shop, "manager")


def choose(browser, user_id, name, role_id, **more):
    return make.post(browser, f"/people/{user_id}", {"name": name, "role_id": str(role_id), **more})


def person(shop, role):
    with make.within(shop):
        return person_numbered(shop.users[role], None)


# -- the fence --------------------------------------------------------------------------------------------------------
def test_statements_of_every_kind_reach_the_rows_of_ones_places_alone(shop):
    with make.within(shop):
        tea = make.product(stock=9)
        sold = make.sale(shop, (tea, 2))
        with limited_to(frozenset({shop.warehouse_id})):
            assert session.get(Order, sold.order_id) is None
            assert session.scalar(select(func.count()).select_from(OrderLine)) == 0
            assert session.scalar(select(func.sum(StockMove.quantity))) is None
        with unit_of_work(), limited_to(frozenset({shop.warehouse_id})):
            changed = session.execute(
                update(OrderLine).values(description="x").returning(OrderLine.id),
                execution_options={"synchronize_session": False},
            )
            assert changed.all() == [], "lines are reached through what they are a part of"
        with limited_to(frozenset({shop.location_id})):
            assert session.get(Order, sold.order_id) is not None
            assert session.scalar(select(func.count()).select_from(OrderLine)) == 1
        with limited_to(frozenset()):
            assert session.scalar(select(func.count()).select_from(StockLevel)) == 0, "nowhere is nowhere"


def test_nothing_is_written_elsewhere(shop):
    with make.within(shop):
        tea = make.product(stock=9)
        level_id = session.scalar(select(StockLevel.id).where(StockLevel.location_id == shop.location_id))
        there = frozenset({shop.warehouse_id})
        with pytest.raises(Elsewhere), unit_of_work(), limited_to(there):
            session.add(StockLevel(variant_id=tea.id, location_id=shop.location_id))
        with pytest.raises(Elsewhere), unit_of_work(), limited_to(there):
            insert_owned(StockLevel, [{"variant_id": tea.id, "location_id": shop.location_id}])
        with unit_of_work(), limited_to(there):
            update_owned(StockLevel, {level_id or 0: {"reorder_point": Decimal(3)}})
        with pytest.raises(NotFound), unit_of_work(), limited_to(there):
            inventory.adjust(shop.location_id, tea.id, Decimal(1), "correction")
        assert session.get_one(StockLevel, level_id).reorder_point is None
        with limited_to(there), everywhere():
            assert session.scalar(select(func.count()).select_from(StockLevel)) == 1


def test_pickers_offer_ones_own_places(shop):
    with make.within(shop), limited_to(frozenset({shop.warehouse_id})):
        assert [one.id for one in locations()] == [shop.warehouse_id]
        assert first_shop().id == shop.warehouse_id


# -- who says so ------------------------------------------------------------------------------------------------------
def test_an_owner_limits_somebody_and_it_holds_at_once(app, shop):
    owner, manager = make.client(app, shop, "owner"), make.client(app, shop, "manager")
    with make.within(shop):
        sold = make.sale(shop, (make.product(stock=9), 1))
        role_id = session.get_one(User, shop.users["manager"]).role_id
    assert manager.get(f"/orders/{sold.order_id}").status_code == 200
    page = owner.get(f"/people/{shop.users['manager']}").text
    assert "All locations, also those to come" in page
    answer = choose(
        owner, shop.users["manager"], "Corner Shop manager", role_id, works="some", places=[str(shop.warehouse_id)]
    )
    assert answer.status_code == 303
    assert manager.get(f"/orders/{sold.order_id}").status_code == 404, "the open session sees it no more"
    assert manager.get("/settings/").status_code == 403, "what concerns the whole business is closed"
    assert "Corner Shop warehouse" in owner.get("/people/").text
    with make.within(shop):
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "places_given"))
        assert entry.changes == {"places": ["everywhere", "Corner Shop warehouse"]}
    assert choose(owner, shop.users["manager"], "M", role_id).status_code == 303
    assert manager.get(f"/orders/{sold.order_id}").status_code == 404, "what was not said stays"
    choose(owner, shop.users["manager"], "M", role_id, works="everywhere", places=[str(shop.warehouse_id)])
    assert manager.get(f"/orders/{sold.order_id}").status_code == 200


def test_nowhere_is_no_choice(app, shop):
    owner = make.client(app, shop, "owner")
    with make.within(shop):
        role_id = session.get_one(User, shop.users["clerk"]).role_id
    answer = choose(owner, shop.users["clerk"], "C", role_id, works="some")
    assert answer.status_code == 422
    assert "Choose at least one location" in answer.text
    assert person(shop, "clerk").places is None


def test_nobody_gives_more_places_than_they_have(app, shop, branch):
    with make.within(shop):
        role_id = session.get_one(User, shop.users["cashier"]).role_id
    new = {"name": "Nora", "email": "nora@corner.example", "role_id": str(role_id)}
    assert "All locations, also those to come" not in branch.get("/people/invite").text
    assert make.post(branch, "/people/invite", {**new, "works": "everywhere"}).status_code == 422
    assert make.post(branch, "/people/invite", {**new, "places": [str(shop.location_id)]}).status_code == 422
    assert make.post(branch, "/people/invite", {**new, "places": [str(shop.warehouse_id)]}).status_code == 303
    with make.within(shop):
        nora = session.scalars(select(User).where(User.email == "nora@corner.example")).one()
        assert not nora.everywhere
        assert list(session.scalars(select(UserPlace.location_id).where(UserPlace.user_id == nora.id))) == [
            shop.warehouse_id
        ]
    answer = choose(branch, shop.users["cashier"], "C", role_id, places=[str(shop.warehouse_id)])
    assert answer.status_code == 422, "who works everywhere is not theirs to limit"


def test_people_of_other_places_are_not_there(app, shop, branch):
    make.limit(shop, "clerk", shop.location_id)
    assert branch.get(f"/people/{shop.users['clerk']}").status_code == 404
    assert make.post(branch, f"/people/{shop.users['clerk']}/deactivate").status_code == 404
    listed = branch.get("/people/").text
    assert "Corner Shop owner" in listed
    assert "Corner Shop clerk" not in listed


def test_the_last_owner_is_never_limited(shop):
    with pytest.raises(Refused, match="Somebody must be left"):
        make.limit(shop, "owner", shop.location_id)
    assert person(shop, "owner").places is None


def test_what_concerns_the_whole_is_withheld_but_may_be_passed_on_by_role(shop):
    make.limit(shop, "manager", shop.warehouse_id)
    limited = person(shop, "manager")
    assert not limited.permissions & OF_THE_WHOLE
    assert limited.location_id == shop.warehouse_id, "a single place is chosen"
    assert limited.powers.permissions >= OF_THE_WHOLE & limited.withheld


def test_owners_see_what_a_limited_person_sees(app, shop):
    make.limit(shop, "manager", shop.warehouse_id)
    with make.within(shop):
        sold = make.sale(shop, (make.product(stock=9), 1))
    owner = make.client(app, shop, "owner")
    make.post(owner, f"/people/{shop.users['manager']}/look-as")
    assert owner.get(f"/orders/{sold.order_id}").status_code == 404
    make.post(owner, "/look-as/stop")
    assert owner.get(f"/orders/{sold.order_id}").status_code == 200


# -- work -------------------------------------------------------------------------------------------------------------
def test_each_end_of_a_transfer_is_acted_on_by_its_own_people(shop):
    with make.within(shop):
        tea = make.product(stock=9)
        here, there = frozenset({shop.location_id}), frozenset({shop.warehouse_id})
        with unit_of_work(), limited_to(there):
            asked = inventory.request_transfer(shop.location_id, shop.warehouse_id, [(tea.id, Decimal(3))])
            with pytest.raises(Refused, match="other location"):
                inventory.ship(asked.id)
        with unit_of_work(), limited_to(here):
            inventory.ship(asked.id)
            line = session.scalars(select(StockTransfer)).one()
            with pytest.raises(Refused, match="other location"):
                inventory.receive_transfer(line.id, {})
        with unit_of_work(), limited_to(there):
            inventory.receive_transfer(asked.id, {1: inventory.Arrival(Decimal(3))})
            assert session.scalar(select(StockLevel.on_hand)) == 3
            with pytest.raises(Refused, match="both ends"):
                inventory.transfer(shop.location_id, shop.warehouse_id, [(tea.id, Decimal(1))])
        levels = {row.location_id: row.on_hand for row in session.scalars(select(StockLevel))}
        assert levels == {shop.location_id: 6, shop.warehouse_id: 3}
        with limited_to(frozenset()), pytest.raises(NotFound):
            inventory.request_transfer(shop.location_id, shop.warehouse_id, [(tea.id, Decimal(1))])


def test_only_people_of_a_till_take_it_over_and_approve_there(app, shop):
    make.open_till(shop)
    for role in ("cashier", "manager", "owner"):
        make.give_pin(shop, role, PIN)
    browser = make.client(app, shop, "owner")
    make.post(browser, f"/till/registers/{shop.register_id}/use")
    make.limit(shop, "cashier", shop.warehouse_id)
    make.limit(shop, "manager", shop.location_id)
    page = browser.get("/switch").text
    assert "Corner Shop manager" in page
    assert "Corner Shop cashier" not in page
    answer = make.post(browser, "/switch", {"person": str(shop.users["cashier"]), "pin": PIN})
    assert answer.status_code == 422


def test_a_register_elsewhere_is_no_register(app, shop):
    make.open_till(shop)
    make.limit(shop, "cashier", shop.warehouse_id)
    cashier = make.client(app, shop, "cashier")
    assert "Till 1" not in cashier.get("/till/").text
    for verb in ("use", "open"):
        url = f"/till/registers/{shop.register_id}/{verb}"
        assert make.post(cashier, url, {"opening_float": "10"}).status_code == 404


def test_work_somebody_asked_for_is_done_within_their_places(app, shop, monkeypatch):
    seen = []

    def look(progress):
        seen.append([one.id for one in locations()])

    for name, of_business in (("test.own", False), ("test.all", True)):
        monkeypatch.setitem(
            tasks.TASKS, name, tasks.Declared(name, name, look, "low", 60, (), quiet=True, of_business=of_business)
        )
    make.limit(shop, "clerk", shop.warehouse_id)
    with make.within(shop), unit_of_work():
        for name in ("test.own", "test.all"):
            tasks.ask_for(name).user_id = shop.users["clerk"]
    tasks.run_due()
    assert seen[0] == [shop.warehouse_id]
    assert len(seen[1]) == 2


def test_a_file_is_for_who_still_works_where_it_was_made(shop):
    with make.within(shop), unit_of_work():
        row = exports.ask("Orders", "/orders/?format=csv", person_numbered(shop.users["manager"], None))
        assert exports.may_take(row, person_numbered(shop.users["manager"], None))
    make.limit(shop, "manager", shop.warehouse_id)
    with make.within(shop):
        assert not exports.may_take(row, person_numbered(shop.users["manager"], None))


# -- being told -------------------------------------------------------------------------------------------------------
def test_people_are_told_of_what_happens_where_they_work(app, shop):
    make.limit(shop, "manager", shop.warehouse_id)
    with make.within(shop):
        tea = make.product(stock=9)
        sold = make.sale(shop, (tea, 1))
        station = make.open_till(shop)
        with unit_of_work():
            till.void(shop.tenant, station, sold.order_id, "v", "wrong", allowance=till.WITHOUT_LIMITS)
            inventory.set_reorder_point(shop.location_id, tea.id, Decimal(20))
        events.drain()
        told = {tuple(row) for row in session.execute(select(Notification.user_id, Notification.category))}
        assert (shop.users["owner"], "sales") in told
        assert (shop.users["owner"], "stock") in told
        assert shop.users["manager"] not in {user_id for user_id, _category in told}
        with unit_of_work():
            inventory.set_reorder_point(shop.warehouse_id, tea.id, Decimal(5))
        events.drain()
        low = select(Notification.title).where(Notification.user_id == shop.users["manager"])
        assert session.scalars(low).all() == [f"{tea.name} is running low"], "of one place, not of two"


def test_what_was_told_of_a_place_goes_with_it(app, shop):
    manager = make.client(app, shop, "manager")
    with make.within(shop):
        sold = make.sale(shop, (make.product(stock=9), 1))
        station = make.open_till(shop)
        with unit_of_work():
            till.void(shop.tenant, station, sold.order_id, "v", "wrong", allowance=till.WITHOUT_LIMITS)
        events.drain()
    assert "Voided" in manager.get("/notifications/").text
    make.limit(shop, "manager", shop.warehouse_id)
    assert "Voided" not in manager.get("/notifications/").text


@pytest.mark.sqlite_only
def test_screens_hear_and_catch_up_on_their_places_alone(app, shop):
    make.limit(shop, "clerk", shop.warehouse_id)
    with make.within(shop):
        make.sale(shop, (make.product(stock=9), 1))
    with serving(app) as served:
        lines = {role: served.listen(make.client(app, shop, role), 0) for role in ("clerk", "owner")}
        for line in lines.values():
            assert line.listen(10, lambda line=line: "position" in {kind for kind, *_rest in line.heard})
        kinds = {role: {kind for kind, *_rest in line.heard} for role, line in lines.items()}
        assert "sale.completed" in kinds["owner"]
        assert "sale.completed" not in kinds["clerk"]
        served.say("sale.completed", 71, f"everywhere:{shop.tenant_id}")
        served.say("stock.adjusted", 72, f"place:{shop.warehouse_id}")
        served.say("end", 73, f"tenant:{shop.tenant_id}")
        for line in lines.values():
            assert line.listen(10, lambda line=line: ("end", 73) in {one[:2] for one in line.heard})
        new = {role: {number for _kind, number, *_rest in line.heard} & {71, 72} for role, line in lines.items()}
        assert new == {"owner": {71}, "clerk": {72}}


def test_the_dashboard_tells_of_ones_own_places(app, shop, branch):
    with make.within(shop):
        sold = make.sale(shop, (make.product(stock=9, price="47.11"), 1))
        events.drain()
        assert session.scalar(select(Event.location_id).where(Event.kind == "sale.completed")) == shop.location_id
    owner = make.client(app, shop, "owner")
    for part in ("figures", "feed", "products"):
        url = f"/dashboard/{part}"
        told, untold = (one.get(url, headers={"HX-Request": "true"}) for one in (owner, branch))
        assert "47.11" in told.text or sold.number in told.text, part
        assert untold.status_code == 200
        assert "47.11" not in untold.text, part
        assert sold.number not in untold.text, part


LEFT, TAKEN = ("8,318", "8318"), ("141.33", "117.78")
"""What lies at the shop, and what was taken there, gross and net: figures that stand nowhere else."""


@pytest.mark.sqlite_only
def test_no_figure_of_another_place_is_in_a_page(app, shop, branch):
    with make.within(shop):
        tea = make.product("Tea", stock=8321, price="47.11")
        buyer = make.customer("Ada")
        make.sale(shop, (tea, 3), customer_id=buyer.id)
        pages = [f"/products/{tea.product_id}", f"/customers/{buyer.id}", f"/stock/articles/{tea.id}"]
        events.drain()
    owner, seen = make.client(app, shop, "owner"), set()
    pages += [f"/products/?{more}" for more in ("", "format=csv")]
    pages += [f"/stock/?{more}" for more in ("", "format=csv", f"location={shop.location_id}")]
    pages += ["/stock/moves", "/stock/as-of", "/orders/", "/till/shifts", f"/dashboard?location={shop.location_id}"]
    pages += [f"/reports/{dataset}?period=30d&location=all" for dataset in ("stock", "sales", "tenders", "shifts")]
    for url in pages:
        of_owner, of_branch = owner.get(url).get_data(as_text=True), branch.get(url).get_data(as_text=True)
        for canary in (*LEFT, *TAKEN):
            assert canary not in of_branch, f"{url} tells of {canary}"
            seen |= {(canary, url.partition("?")[0])} if canary in of_owner else set()
    assert len({url for canary, url in seen if canary in LEFT}) >= 3
    assert len({url for canary, url in seen if canary in TAKEN}) >= 4


def test_a_file_made_later_holds_ones_own_places(app, shop):
    make.limit(shop, "manager", shop.warehouse_id)
    with make.within(shop):
        tea = make.product("Tea", stock=8321)
        with unit_of_work():
            inventory.receive(shop.warehouse_id, [inventory.Movement(tea.id, shop.warehouse_id, Decimal(77), ONE)], "x")
            made = [
                exports.ask("Stock", "/stock/?format=csv", person_numbered(shop.users[role], None)).id
                for role in ("manager", "owner")
            ]
    tasks.run_due()
    with make.within(shop):
        texts = []
        for number in made:
            file = exports.file_of(exports.export_numbered(number))
            assert file is not None
            texts.append(files.place(shop.tenant_id, file.sha256).read_text(encoding="utf-8-sig"))
        assert "8321" not in texts[0]
        assert "77" in texts[0]
        assert "8321" in texts[1]


def test_an_approval_comes_from_somebody_of_the_place(shop):
    for role in ("manager", "owner"):
        make.give_pin(shop, role, PIN)
    make.limit(shop, "manager", shop.warehouse_id)
    need = NeedsApproval("x", Can.REFUND, action="refund", measure=Decimal(5), amount=Decimal(5), bound_to="x")
    with make.within(shop):
        here, there = frozenset({shop.location_id}), frozenset({shop.warehouse_id})
        assert [one.name for one in who_may_approve(need, here)] == ["Corner Shop owner"]
        assert len(who_may_approve(need, there)) == 2
        need.location_id = shop.location_id
        assert len(who_may_approve(need, there)) == 1, "where it happened counts, not where it is asked"
        act_as(Actor(user_id=shop.users["cashier"], name="Cashier"))
        with pytest.raises(Refused, match="may not approve"), unit_of_work():
            approve(need, session.get_one(User, shop.users["manager"]), there)
