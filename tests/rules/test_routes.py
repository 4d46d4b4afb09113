"""Every address: who may open it, that it shows one business, that it asks for a token, that reading is harmless."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from retail.core.module import Module
from retail.permissions import ROLES, Can, Open
from tests import make
from tests.rules.scenario import CANARY, WITNESS
from tests.rules.sources import none
from tests.rules.walking import Route, Walk, addresses, changes, dump, routes

if TYPE_CHECKING:
    from tests.rules.conftest import Town

PUBLIC_ENDPOINTS = {
    "core_health",
    "core_favicon",
    "operations.health_deep",
    "operations.metrics",
    "core_manifest",
    "core_worker",
    "core_offline",
    "identity.sign_in",
    "identity.sign_in_code",
    "identity.passkey_sign_in_options",
    "identity.passkey_sign_in",
    "identity.forgotten",
    "identity.set_password",
    "identity.read_in",
    "identity.platform_sign_in",
    "identity.platform_code",
    "notifications.push_worker",
    "notifications.sms_status",
}
"""What somebody who has not signed in may open. Add to it only what must work before signing in, or asks for a token of
its own."""


# -- who may open it --------------------------------------------------------------------------------------------------
def says_nothing_of_needs(found: list[Route], declared: dict[str, Any]) -> list[str]:
    missing = [f"{one.rule}: say what it needs=" for one in found if one.endpoint not in declared]
    return missing + [
        f"{one.rule}: is open to the whole world; give it a permission, or name it in PUBLIC_ENDPOINTS"
        for one in found
        if declared.get(one.endpoint) == Open.PUBLIC and one.endpoint not in PUBLIC_ENDPOINTS
    ]


def test_every_route_says_what_it_needs(quick_town):
    from_map, declared = routes(quick_town), quick_town.app.extensions["modules"].needs
    assert len(from_map) > 80
    none(says_nothing_of_needs(from_map, declared))
    open_door = Route("/x", "x.y", frozenset({"GET"}), (), Open.PUBLIC)
    assert says_nothing_of_needs([open_door], {})
    assert says_nothing_of_needs([open_door], {"x.y": Open.PUBLIC})
    with pytest.raises(TypeError, match="must say what it needs"):
        Module("retail.till").add_url_rule("/x", view_func=lambda: "")


def let_in_wrongly(walk: Walk) -> list[str]:
    wrong = []
    for one in walk.seen:
        allowed = all(not isinstance(need, Can) or need in ROLES[one.role] for need in one.route.needs(one.url))
        if not allowed and one.status != 403:
            wrong.append(f"{one.url}: {one.role} lacks {one.route.need} and got {one.status}; it must be 403")
        if allowed and one.status == 403 and not one.fragment:
            wrong.append(f"{one.url}: {one.role} holds {one.route.need} and got 403; name the permission it needs")
    return wrong


def test_a_page_opens_for_whoever_holds_its_permission_and_for_nobody_else(walk):
    none(let_in_wrongly(walk))
    route = Route("/x", "x.y", frozenset({"GET"}), (), Can.MANAGE_ROLES)
    one = SimpleNamespace(url="/x", role="cashier", status=200, fragment=False, route=route)
    assert let_in_wrongly(SimpleNamespace(seen=[one]))


def found_by_strangers(walk: Walk) -> list[str]:
    """Pages of the platform that somebody of a business got anything of, and the other way around."""
    return [
        f"{one.url}: {one.role} got {one.status}; pages of the platform are not there for people of a business"
        for one in walk.seen
        if one.route.need == Open.PLATFORM and one.role != "administrator" and one.status != 404
    ]


def test_the_platform_is_not_there_for_people_of_a_business(walk, quick_town):
    none(found_by_strangers(walk))
    route = Route("/x", "x.y", frozenset({"GET"}), (), Open.PLATFORM)
    assert found_by_strangers(SimpleNamespace(seen=[SimpleNamespace(url="/", role="owner", status=403, route=route)]))
    administrator, owner, wrong, asked = quick_town.client("administrator"), quick_town.client("owner"), [], 0
    for route in routes(quick_town):
        for url in addresses(quick_town, route, "corner-shop")[:1]:
            for method in sorted(route.methods):
                if route.need == Open.PUBLIC:
                    continue
                client = owner if route.need == Open.PLATFORM else administrator
                status = (client.get(url) if method == "GET" else make.post(client, url)).status_code
                asked += 1
                if status != 404:
                    wrong.append(f"{method} {url}: {status} for somebody of the other side; it must be 404")
    none(wrong)
    assert asked > 150


def test_no_page_breaks(walk):
    none(f"{one.url} as {one.role}: {one.status}, it broke" for one in walk.seen if one.status >= 500)


def test_what_a_role_lacks_it_cannot_send(quick_town):
    before = dump(quick_town)
    wrong = []
    for role in sorted(ROLES):
        client = quick_town.client(role)
        for route in routes(quick_town):
            if "POST" in route.methods and isinstance(route.need, Can) and route.need not in ROLES[role]:
                for url in addresses(quick_town, route, "corner-shop")[:1]:
                    status = make.post(client, url).status_code
                    if status != 403:
                        wrong.append(f"POST {url}: {role} lacks {route.need} and got {status}; it must be 403")
    none(wrong)
    assert changes(before, dump(quick_town)) == {}


def test_who_is_signed_out_is_sent_to_sign_in(quick_town):
    wrong = []
    client = quick_town.app.test_client()
    for route in routes(quick_town):
        if route.need == Open.PUBLIC:
            continue
        for url in addresses(quick_town, route, "corner-shop")[:1]:
            for method in sorted(route.methods):
                answer = client.open(url, method=method)
                door = "/platform/sign-in" if route.need == Open.PLATFORM else "/sign-in"
                if answer.status_code != 303 or not answer.headers["Location"].startswith(door):
                    wrong.append(
                        f"{method} {url}: {answer.status_code} for somebody signed out; it must lead to {door}"
                    )
    none(wrong)


SIGNED_BY_OTHERS = {"notifications.sms_status"}
"""Sent by other programs, which have no token of ours but sign what they send; refused with 403 when they did not."""


def test_nothing_is_sent_without_a_token(quick_town):
    """Another site's form carries the cookie but no token."""
    clients = {Open.PLATFORM: quick_town.client("administrator")}
    before = dump(quick_town)
    owner = quick_town.client("owner")
    wrong = []
    for route in routes(quick_town):
        if "POST" in route.methods:
            for url in addresses(quick_town, route, "corner-shop")[:1]:
                status = clients.get(route.need, owner).post(url, data={}).status_code
                if status != (403 if route.endpoint in SIGNED_BY_OTHERS else 400):
                    wrong.append(f"POST {url}: {status} without a CSRF token; it must be refused with 400")
    none(wrong)
    assert changes(before, dump(quick_town)) == {}


# -- one business -----------------------------------------------------------------------------------------------------
def test_another_tenants_things_are_not_there(quick_touched):
    """Every address that names a record, with the rival's record: 404, whether read or written, and nothing changes."""
    town = quick_touched
    rival = town.cast("rival").tenant_id
    before = dump(town, tenant_id=rival)
    client = town.client("owner")
    wrong, asked = [], 0
    for route in routes(town):
        if not any(name.endswith("_id") for name in route.arguments):
            continue
        for url in addresses(town, route, "rival"):
            for method in sorted(route.methods):
                asked += 1
                answer = client.get(url) if method == "GET" else make.post(client, url)
                words = answer.get_data(as_text=True)
                if answer.status_code != 404:
                    wrong.append(f"{method} {url}: {answer.status_code} for another business's record; it must be 404")
                if CANARY in words:
                    wrong.append(f"{method} {url}: shows what belongs to another business")
    none(wrong)
    assert asked > 50
    assert changes(before, dump(town, tenant_id=rival)) == {}, "another business's rows were changed"


def leaks(texts: dict[str, str]) -> list[str]:
    return [f"{where}: shows another business's {WITNESS}" for where, found in texts.items() if WITNESS in found]


def found_by_looking(town: Town, slug: str, lists: set[str]) -> dict[str, str]:
    """What lists, their files, searches and the palette say to an owner who looks for the canary."""
    client = town.client("owner", slug)
    found: dict[str, str] = {}
    for route in routes(town):
        if "GET" not in route.methods or any(name.endswith("_id") for name in route.arguments):
            continue
        for url in addresses(town, route, slug):
            looks: list[tuple[str, dict[str, str]]] = [(f"?q={CANARY}&customer_q={CANARY}", {"HX-Request": "true"})]
            looks += [("?format=csv", {})] if url in lists else []
            for query, headers in looks:
                answer = client.get(url + query, headers=headers)
                if answer.mimetype.startswith(("text/", "application/json")):
                    found[url + query] = answer.get_data(as_text=True)
    return found


def test_nothing_of_another_tenant_comes_up_anywhere(quick_touched, owner_walk):
    town = quick_touched
    none(leaks(owner_walk.texts("owner")))
    lists = set(owner_walk.lists().values())
    none(leaks(found_by_looking(town, "corner-shop", lists)))
    assert leaks({"/x": f"{CANARY} {WITNESS} tea"})
    own = found_by_looking(town, "rival", lists)
    at_home = {one.partition("?")[0] for one, words in own.items() if WITNESS in words}
    assert len(at_home) >= 8, f"the canary must sing at home, or its silence elsewhere says nothing: {at_home}"


# -- reading is harmless ----------------------------------------------------------------------------------------------
def test_reading_changes_nothing(walk):
    """Every page and fragment, as every role."""
    none(f"GET changed {name}: {list(rows)[:2]}" for name, rows in walk.changed.items())


@pytest.mark.postgres
def test_pages_only_read_on_postgresql_too(request):
    """There a transaction of a page is READ ONLY: whatever wrote, or used what only SQLite has, breaks."""
    town = request.getfixturevalue("_postgresql_town")
    client = town.client("owner")
    before = dump(town)
    wrong = []
    for route in routes(town):
        if "GET" in route.methods:
            for url in addresses(town, route, "corner-shop")[:2]:
                status = client.get(url + "?q=tea&sort=-name").status_code
                if status >= 500:
                    wrong.append(f"GET {url}: {status}, it broke")
    none(wrong)
    none(f"GET changed {name}: {list(rows)[:2]}" for name, rows in changes(before, dump(town)).items())


def test_a_form_sent_empty_is_answered(quick_touched):
    """The worst input is none at all: refused with words, never with an error of the program."""
    town = quick_touched
    wrong = []
    for route in routes(town):
        if "POST" in route.methods and route.endpoint not in {"identity.sign_out", "identity.platform_sign_out"}:
            client = town.client("administrator" if route.need == Open.PLATFORM else "owner")
            for url in addresses(town, route, "corner-shop")[:1]:
                for data in ({}, {"name": "\x00🙂" * 300, "quantity": "1e400", "amount": "-1", "q": "%"}):
                    status = make.post(client, url, data).status_code
                    if status >= 500:
                        wrong.append(f"POST {url} with {'nothing' if not data else 'nonsense'}: {status}, it broke")
    none(wrong)


def test_the_changes_between_two_dumps_are_seen():
    assert changes({"a": [(1,)]}, {"a": [(1,), (2,)]}) == {"a": Counter({(2,): 1})}
    assert changes({"a": [(1,)]}, {"a": [(1,)]}) == {}
