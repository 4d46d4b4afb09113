"""`flask report run`: the figures on standard output, exactly, without Redis or a terminal."""

from __future__ import annotations

import json
from decimal import Decimal

from tests import make
from tests.reports.support import trade


def run(app, *arguments):
    return app.test_cli_runner().invoke(args=["report", *arguments])


def figures(app, *arguments, numbers=Decimal):
    asked = run(app, "run", *arguments)
    assert asked.exit_code == 0, asked.output or asked.exc_info
    return json.loads(asked.stdout, parse_float=numbers)


def test_figures_come_as_exact_json(app, shop):
    trade(shop)
    asked = run(
        app,
        "run",
        "sales",
        "--tenant",
        "corner-shop",
        "--measures",
        "lines,gross_revenue,margin",
        "--by",
        "day",
        "--json",
    )
    assert asked.exit_code == 0, asked.stderr
    assert json.loads(asked.stdout, parse_float=str) == [
        {"day": "2026-11-14", "lines": 2, "gross_revenue": 30, "margin": 12},
        {"day": "2026-11-21", "lines": 6, "gross_revenue": "14.82", "margin": "5.95"},
    ]


def test_where_order_limit_and_dates(app, shop):
    trade(shop)
    command = (
        "run sales --tenant corner-shop --measures units --by product,kind --where kind=sale --where kind=return "
        "--order -units --limit 2 --from 2026-11-21 --to 2026-11-21 --csv"
    )
    asked = run(app, *command.split())
    assert asked.exit_code == 0, asked.stderr
    assert asked.stdout.lstrip("\ufeff").splitlines() == ["Product,Kind,Units", "Tea,sale,5", "Coffee,sale,2"]


def test_prices_with_three_decimals_lose_nothing(app, shop):
    nail = make.product("Nail", price="0.125", stock=100)
    make.sale(shop, (nail, 3))
    asked = run(app, "run", "sales", "--tenant", "corner-shop", "--measures", "gross_revenue")
    assert json.loads(asked.stdout, parse_float=Decimal)[0]["gross_revenue"] in {Decimal("0.375"), Decimal("0.38")}


def test_an_empty_business_answers_with_zero(app, shop):
    asked = figures(app, "sales", "--tenant", "corner-shop", "--measures", "lines,net_revenue")
    assert asked == [{"lines": 0, "net_revenue": 0}]


def test_what_cannot_be_asked_is_one_line_and_exit_1(app, shop):
    for arguments in (
        ["run", "seals", "--tenant", "corner-shop"],
        ["run", "sales", "--tenant", "nobody"],
        ["run", "sales", "--tenant", "corner-shop", "--measures", "profit"],
        ["run", "sales", "--tenant", "corner-shop", "--by", "moon"],
        ["run", "sales", "--tenant", "corner-shop", "--where", "kind"],
        ["run", "sales", "--tenant", "corner-shop", "--where", "hour=ten"],
        ["run", "sales", "--tenant", "corner-shop", "--order", "tax"],
        ["run", "sales", "--tenant", "corner-shop", "--from", "2026-11-21", "--to", "2026-11-20"],
    ):
        asked = run(app, *arguments)
        assert asked.exit_code == 1, arguments
        assert asked.stdout == ""
        assert len(asked.stderr.strip().splitlines()) == 1, asked.stderr


def test_one_business_is_never_asked_about_another(app, shop, rival):
    trade(shop)
    asked = run(app, "run", "sales", "--tenant", "rival", "--measures", "lines")
    assert json.loads(asked.stdout) == [{"lines": 0}]
