"""Undoing an import: what it made goes, what it changed comes back, what somebody did since stays and is listed."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from retail.catalog.models import Barcode, Category, Product, Variant
from retail.catalog.services import change_price, change_product
from retail.catalog.services.products import Description
from retail.core import imports, tasks
from retail.core.audit import AuditEntry
from retail.core.checks import run_checks
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.imports import Import, ImportChange, services
from retail.customers.models import Customer
from retail.inventory.models import StockLevel, StockMove
from retail.inventory.services import Movement, receive
from tests import make
from tests.integrations.support import quiet, taken_in

FILE = (
    "Name,SKU,Barcode,Price,Cost,Category,Stock,Reorder point\n"
    "Green tea,T1,4006381333931,4.50,2.00,Drinks > Tea,5,2\n"
    "Black tea,T2,,3.95,,Drinks > Tea,,\n"
    "Cup,C1,,9.00,,Ware,,\n"
)


def undone(import_id):
    with unit_of_work():
        imports.begin_undo(services.get(import_id))
    return imports.undo(import_id, quiet)


def counted(*models):
    with reading():
        return [session.scalar(select(func.count()).select_from(model)) for model in models]


def variant(sku):
    return session.scalars(select(Variant).where(Variant.sku == sku)).one()


def test_what_an_import_made_is_gone_and_may_come_again(shop):
    import_id = taken_in(FILE)
    assert counted(Product, Barcode, Category) == [3, 1, 3]
    found = undone(import_id)
    assert (found["removed"], found["withdrawn"], found["kept"]) == (2, 1, 0)
    # What had stock has moves in the ledger; it stays there under a name that says so, and frees SKU and barcode.
    with reading():
        left = session.scalars(select(Variant)).one()
        assert (left.sku, left.archived_at is not None) == (f"T1 (import {import_id} undone)", True)
        assert session.scalar(select(func.sum(StockLevel.on_hand))) == 0
        assert session.scalar(select(func.sum(StockMove.value))) == 0
        assert not [one for one in run_checks([shop.tenant_id]) if one.faults]
    assert counted(Barcode) == [0]
    assert taken_in(FILE) != import_id
    with reading():
        on_sale = session.scalars(select(Variant.sku).where(Variant.archived_at.is_(None)).order_by(Variant.sku)).all()
        assert on_sale == ["C1", "T1", "T2"]
        assert variant("T1").name == "Green tea"


def test_ten_of_many_edited_by_hand_stay_and_are_listed(shop):
    rows = "".join(f"Thing {number},S{number},1.00\n" for number in range(300))
    import_id = taken_in(f"Name,SKU,Price\n{rows}")
    with unit_of_work():
        for number in range(0, 300, 30):
            change_price(variant(f"S{number}").id, Decimal("2.50"))
    found = undone(import_id)
    assert (found["removed"], found["kept"]) == (290, 10)
    assert found["kept_rows"][0] == {
        "row": 2,
        "label": "Thing 0",
        "fields": {"Price": ["1", "2.5"]},
        "reason": "",
    }
    assert [one["row"] for one in found["kept_rows"]] == [2 + number for number in range(0, 300, 30)]
    assert counted(Product, Variant) == [10, 10]


def test_changes_go_back_by_field_and_later_ones_stay(shop):
    make.product("Tea", price="4.00", sku="T1")
    make.product("Pot", price="9.00", sku="P1")
    import_id = taken_in("SKU,Name,Price,Brand\nT1,Fine tea,4.50,Leaf\nP1,Pot,9.50,\n")
    with unit_of_work():
        change_price(variant("T1").id, Decimal("5.00"))
    found = undone(import_id)
    assert (found["restored"], found["kept"]) == (1, 1)
    assert found["kept_rows"] == [{"row": 2, "label": "Fine tea", "fields": {"Price": ["4.5", "5"]}, "reason": ""}]
    with reading():
        tea, pot = variant("T1"), variant("P1")
        assert (tea.price, pot.price) == (Decimal("5.00"), Decimal("9.00"))
        product = session.get_one(Product, tea.product_id)
        assert (product.name, product.brand, tea.name) == ("Tea", "", "Tea")


def test_what_was_sold_or_stocked_since_stays(shop):
    import_id = taken_in(FILE)
    with unit_of_work():
        receive(shop.location_id, [Movement(variant("C1").id, shop.location_id, Decimal(3), Decimal(4))], "late")
    found = undone(import_id)
    assert (found["removed"], found["withdrawn"], found["kept"]) == (1, 1, 1)
    assert [(one["label"], one["reason"]) for one in found["kept_rows"]] == [("Cup", "sold, ordered or stocked since")]
    with reading():
        assert variant("C1").archived_at is None
        # The category it stands in stays with it; that of the others is gone.
        assert session.scalars(select(Category.path)).all() == ["Drinks", "Drinks > Tea", "Ware"]


def test_a_product_renamed_since_stays_with_all_its_variants(shop):
    import_id = taken_in(
        "Name,SKU,Price,Product group,Option 1 name,Option 1 value\n"
        "Shirt,SH-S,19,shirt,Size,S\nShirt,SH-M,19,shirt,Size,M\nSock,SO,4,,,\n"
    )
    with unit_of_work():
        change_product(variant("SH-S").product_id, Description("Best shirt"))
    found = undone(import_id)
    assert (found["removed"], found["kept"]) == (1, 2)
    assert found["kept_rows"][0]["fields"]["Name"] == ["Shirt", "Best shirt"]
    assert counted(Product, Variant) == [1, 2]


def test_undoing_is_seen_before_it_is_done_and_done_once(shop):
    import_id = taken_in(FILE)
    before = counted(Product, Variant, StockMove)
    with unit_of_work():
        imports.ask_weigh(services.get(import_id))
    tasks.run_due()
    with reading():
        row = services.get(import_id)
        assert (row.state, row.undo["removed"], row.undo["withdrawn"]) == ("weighed", 2, 1)
    assert counted(Product, Variant, StockMove) == before
    # "Stop" on a page that was left open while the import ran.
    with pytest.raises(Refused, match="has gone on since"), unit_of_work():
        services.cancel(services.get(import_id))
    with unit_of_work():
        imports.leave_as_is(services.get(import_id))
    with reading():
        assert (services.get(import_id).state, services.get(import_id).undo) == ("done", {})
    with unit_of_work():
        imports.ask_undo(services.get(import_id))
    tasks.run_due()
    with reading():
        assert services.get(import_id).state == "undone"
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "undo")).one()
        assert entry.changes["removed"] == [None, 2]
    moves = counted(StockMove)
    assert imports.undo(import_id, quiet)["removed"] == 2
    assert counted(StockMove) == moves


def test_an_undo_that_broke_off_goes_on_with_what_is_left(shop, monkeypatch):
    rows = "".join(f"Thing {number},S{number},1.00,{number % 2}\n" for number in range(100))
    import_id = taken_in(f"Name,SKU,Price,Stock\n{rows}")
    monkeypatch.setattr(imports.undoing, "CHANGES_A_CHUNK", 30)
    with unit_of_work():
        imports.begin_undo(services.get(import_id))

    def die(done, _total, _text):
        if done >= 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imports.undo(import_id, die)
    with reading():
        assert services.get(import_id).state == "undoing"
    found = imports.undo(import_id, quiet)
    assert (found["removed"], found["withdrawn"], found["kept"]) == (50, 50, 0)
    with reading():
        assert session.scalar(select(func.count()).where(ImportChange.outcome == "")) == 0
        assert not [one for one in run_checks([shop.tenant_id]) if one.faults]


def test_an_import_that_wrote_nothing_has_nothing_to_undo(shop):
    taken_in(FILE)
    with reading():
        again = services.get(taken_in(FILE))
    with unit_of_work(), pytest.raises(Refused, match="nothing to undo"):
        imports.begin_undo(services.get(again.id))


def test_customers_come_and_go_likewise(shop):
    make.customer("Old Friend", email="old@friends.example")
    header = "Full name,E-mail,Phone\n"
    good = "Old Friend,OLD@friends.example,1\nNew One,new@x.example,2\n"
    import_id = taken_in(f"{header}{good}Bad,nomail,3\nToo,t@x.example,\n", "customers")
    with reading():
        row = services.get(import_id)
        assert (row.created, row.updated, row.rejected) == (2, 1, 1)
    again = taken_in(header + good, "customers")
    with reading():
        assert services.get(again).unchanged == 2
    with unit_of_work():
        session.scalars(select(Customer).where(Customer.name == "New One")).one().note = "likes tea"
    found = undone(import_id)
    assert (found["removed"], found["restored"], found["kept"]) == (1, 1, 1)
    assert found["kept_rows"][0]["fields"] == {"Note": ["", "likes tea"]}
    with reading():
        rows = session.execute(select(Customer.name, Customer.email, Customer.phone).order_by(Customer.id)).all()
        assert rows[0] == ("Old Friend", "old@friends.example", "")
        assert rows[1] == ("New One", "new@x.example", "2")


def test_two_rows_do_not_change_one_customer_by_two_names(shop):
    ada = make.customer("Ada", email="ada@x.example")
    rows = f"{ada.code},,,1\n,ada@x.example,,2\nN1,new@x.example,New,3\n,new@x.example,,4\n,,New,5\n"
    import_id = taken_in(f"Code,E-mail,Full name,Phone\n{rows}", "customers")
    with reading():
        row = services.get(import_id)
        assert (row.created, row.updated, row.rejected) == (1, 1, 3)
        said = [one["reason"] for one in row.sample if one["action"] == "reject"]
        assert said[0] == "Row 2 means “Ada” already; keep one of them."
        assert all("stands in row 4 already" in one for one in said[1:])
        assert session.get_one(Customer, ada.id).phone == "1"
        assert session.scalars(select(Customer.phone).where(Customer.name == "New")).all() == ["3"]


def test_the_command_undoes_lists_what_stays_and_says_the_same_again(app, shop):
    import_id = taken_in(FILE)
    with unit_of_work():
        change_price(variant("C1").id, Decimal("8.00"))
    run = app.test_cli_runner().invoke
    said = json.loads(run(args=["import", "undo", str(import_id), "--json"]).stdout)
    assert {name: said[name] for name in ("removed", "restored", "withdrawn", "kept", "already_undone")} == {
        "removed": 1,
        "restored": 0,
        "withdrawn": 1,
        "kept": 1,
        "already_undone": False,
    }
    assert said["kept_rows"] == [{"row": 4, "label": "Cup", "fields": {"Price": ["9", "8"]}, "reason": ""}]
    again = json.loads(run(args=["import", "undo", str(import_id), "--json"]).stdout)
    assert (again["already_undone"], again["kept_rows"]) == (True, said["kept_rows"])
    missing = run(args=["import", "undo", "4711"])
    assert (missing.exit_code, missing.stderr) == (1, "Error: There is no import 4711.\n")
    with make.within(shop):
        assert session.scalar(select(Import.state).where(Import.id == import_id)) == "undone"
