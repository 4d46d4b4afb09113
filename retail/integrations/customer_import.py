"""Customers from files: which customer a row means, what it would change, and writing and undoing that.

A row means the customer with its code; without a code the one with its mail address; without either the one with its
name, where only one has it. A blank cell leaves things as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core.errors import Refused
from retail.core.events import emit
from retail.core.imports import Changed, Given, Import, Kind, Past, Plan, Reversal, declare
from retail.core.imports.kinds import several_lines
from retail.core.imports.reversing import edits, referring, restored
from retail.core.spreadsheets import CellError, Field, parse_boolean
from retail.customers import bulk_services as bulk
from retail.customers.services import LONGEST, checked_email
from retail.events.customers import CustomersImported
from retail.integrations.layouts import CUSTOMER_LAYOUTS
from retail.integrations.product_fields import value_text
from retail.integrations.undone import tell_undone
from retail.permissions import Can

FIELDS = (
    Field("name", _l("Name"), ("customer", "customer name", "full name", "company", "company name", "display name",
                               "kunde", "cliente", "nombre", "client")),
    Field("first_name", _l("First name"), ("given name", "vorname", "forename")),
    Field("last_name", _l("Last name"), ("surname", "family name", "nachname", "apellido")),
    Field("code", _l("Code"), ("customer code", "customer id", "customer number", "account", "account number",
                               "card number", "kundennummer", "id")),
    Field("email", _l("E-mail"), ("email address", "e mail", "mail", "e mail address", "correo")),
    Field("phone", _l("Telephone"), ("phone number", "telephone number", "mobile", "cell", "telefon", "telefono")),
    Field("country", _l("Country"), ("country code", "default address country code", "land", "pais")),
    Field("note", _l("Note"), ("notes", "comment", "comments", "remarks", "bemerkung")),
    Field("archived", _l("Archived"), ("inactive", "deleted", "is archived")),
)  # fmt: skip
LABELS: Mapping[str, object] = {one.name: one.label for one in FIELDS}
HINTS: Mapping[str, object] = {
    "name": _l("Or first and last name. Needed for new customers."),
    "code": _l("Finds customers that are here already. New ones without get one."),
    "email": _l("Finds customers where the row has no code."),
    "archived": _l("Yes takes them out of lists; what they bought stays."),
}


@dataclass
class Work:
    """What is to be written for a row."""

    customer_id: int | None
    values: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)


class CustomerImporting:
    """One pass over a file of customers."""

    def __init__(self, row: Import) -> None:
        self._import_id = row.id
        self._seen: dict[tuple[str, str], int] = {}
        self._meant: dict[int, int] = {}
        self._labels = {name: str(label) for name, label in LABELS.items()}

    def plan(self, rows: Sequence[Given]) -> list[Plan]:
        """One plan per row."""
        read = [(given, _read(given)) for given in rows]
        known = bulk.known_customers(
            codes=[said["code"] for _given, said in read if said["code"]],
            emails=[said["email"] for _given, said in read if said["email"]],
            names=[said["name"] for _given, said in read if said["name"] and not (said["code"] or said["email"])],
        )
        self._by_code = {one["code"]: one for one in known}
        self._by_mail: dict[str, list[dict[str, Any]]] = {}
        self._by_name: dict[str, list[dict[str, Any]]] = {}
        for one in sorted(known, key=lambda one: int(one["id"])):
            self._by_mail.setdefault(one["email"].casefold(), []).append(one)
            self._by_name.setdefault(one["name"], []).append(one)
        return [self._plan(given, said) for given, said in read]

    def _plan(self, given: Given, said: dict[str, Any]) -> Plan:
        label = said["name"] or said["code"] or said["email"]
        self._once(given, said)
        customer = self._match(given, said)
        if customer is not None:
            self._once_each(given, customer)
        if customer is None and not said["name"]:
            given.refuse("name", _("A new customer needs a name."))
        if given.problems:
            return Plan(given.number, "reject", label, reason=" ".join(given.problems))
        values = {name: value for name, value in said.items() if value not in {"", None}}
        if customer is None:
            changes = {self._labels[name]: ("", value_text(value)) for name, value in values.items()}
            return Plan(given.number, "create", label, changes, work=Work(None, said))
        new = {name: value for name, value in values.items() if value != customer[name]}
        changes = {
            self._labels[name]: (value_text(customer[name] or None), value_text(value)) for name, value in new.items()
        }
        work = Work(customer["id"], new, {name: customer[name] for name in new})
        return Plan(given.number, "update" if new else "unchanged", customer["name"], changes, work=work)

    def _once(self, given: Given, said: dict[str, Any]) -> None:
        """What names a row's customer cannot name the one of an earlier row, by whatever that one was named itself."""
        keys = [(name, said[name].casefold()) for name in ("code", "email", "name") if said[name]]
        if not keys:
            given.refuse("", _("The row has neither a code, a mail address nor a name; give it one of them."))
            return
        name = keys[0][0]
        earlier = self._seen.get(keys[0])
        if earlier is not None:
            given.refuse(
                name, _("“%(value)s” stands in row %(row)d already; keep one of them.", value=said[name], row=earlier)
            )
        for key in keys:
            self._seen.setdefault(key, given.number)

    def _once_each(self, given: Given, customer: dict[str, Any]) -> None:
        """Two rows of a file cannot mean the same customer: the second would undo what the first one says."""
        earlier = self._meant.setdefault(customer["id"], given.number)
        if earlier != given.number and not given.problems:
            given.refuse(
                "",
                _("Row %(row)d means “%(name)s” already; keep one of them.", row=earlier, name=customer["name"]),
            )

    def _match(self, given: Given, said: dict[str, Any]) -> dict[str, Any] | None:
        if said["code"]:
            return self._by_code.get(said["code"])
        found = (
            self._by_mail.get(said["email"].casefold(), []) if said["email"] else self._by_name.get(said["name"], [])
        )
        if len(found) > 1:
            name, value = ("email", said["email"]) if said["email"] else ("name", said["name"])
            given.refuse(name, _("Several customers have “%(value)s”; give the code.", value=value))
        return found[0] if found else None

    def apply(self, plans: Sequence[Plan]) -> list[Changed]:
        """Write the plans of a chunk."""
        new = [plan for plan in plans if plan.work.customer_id is None]
        made = bulk.insert_customers([plan.work.values for plan in new])
        bulk.update_customers(
            {plan.work.customer_id: plan.work.values for plan in plans if plan.work.customer_id is not None}
        )
        return [
            *(
                Changed(
                    plan.number,
                    "customers",
                    key,
                    True,
                    {},
                    {**plan.work.values, "code": code, "archived": bool(plan.work.values["archived"])},
                )
                for plan, (key, code) in zip(new, made, strict=True)
            ),
            *(
                Changed(plan.number, "customers", plan.work.customer_id, False, plan.work.before, plan.work.values)
                for plan in plans
                if plan.work.customer_id is not None
            ),
        ]


class CustomerUndoing:
    """One pass over what an import of customers changed, the last change first."""

    def __init__(self, row: Import) -> None:
        self._import_id = row.id

    def plan(self, changes: Sequence[Past]) -> list[Reversal]:
        """What is to become of each customer: one who was edited, or who bought something since, stays."""
        found = bulk.customers_numbered(one.subject_id for one in changes)
        used = set().union(*referring("customers", found).values())
        return [self._reversal(change, found.get(change.subject_id), used) for change in changes]

    @staticmethod
    def _reversal(change: Past, there: dict[str, Any] | None, used: set[int]) -> Reversal:
        if there is None:
            return Reversal(change.id, change.row, "gone", str(change.after.get("name", "")))
        if not change.created:
            return restored(change, there["name"], there, _same, _label, _words)
        edited = edits(change.after, there, _same)
        if edited:
            kept = {_label(name): (_words(name, one), _words(name, other)) for name, (one, other) in edited.items()}
            return Reversal(change.id, change.row, "kept", there["name"], kept)
        if there["id"] in used:
            return Reversal(change.id, change.row, "kept", there["name"], reason=str(_("has bought something since")))
        return Reversal(change.id, change.row, "removed", there["name"])

    def apply(self, changes: Sequence[Past], reversals: Sequence[Reversal]) -> None:
        """Write what was planned."""
        pairs = list(zip(changes, reversals, strict=True))
        bulk.remove_customers([change.subject_id for change, one in pairs if one.outcome == "removed"])
        bulk.update_customers({change.subject_id: one.work for change, one in pairs if one.work})


def _same(_name: str, one: Any, other: Any) -> bool:
    return (one or "") == (other or "")


def _label(name: str) -> str:
    return str(LABELS[name])


def _words(_name: str, value: Any) -> str:
    return value_text(value)


def _read(given: Given) -> dict[str, Any]:
    """What a row says; empty texts and None mean that it says nothing of it."""
    parts = [given.text("first_name", 80), given.text("last_name", 80)]
    said: dict[str, Any] = {
        "code": given.text("code", LONGEST["code"]),
        "name": given.text("name", LONGEST["name"]) or " ".join(part for part in parts if part),
        "email": given.text("email", LONGEST["email"]),
        "phone": given.text("phone", LONGEST["phone"]),
        "country": given.text("country", LONGEST["country"]),
        "note": several_lines(given.raw("note"))[: LONGEST["note"]],
        "archived": None,
    }
    try:
        said["email"] = checked_email(said["email"])
    except Refused as no:
        given.refuse("email", no.message)
    if text := given.raw("archived"):
        try:
            said["archived"] = parse_boolean(text)
        except CellError as problem:
            given.refuse("archived", problem)
    return said


def _finish(row: Import) -> None:
    emit(CustomersImported(import_id=row.id, created=row.created, updated=row.updated, rejected=row.rejected))


CUSTOMERS = declare(
    Kind(
        name="customers",
        label=_l("Customers"),
        needs=Can.IMPORT_CUSTOMERS,
        fields=FIELDS,
        begin=CustomerImporting,
        undo=CustomerUndoing,
        finish=_finish,
        undone=tell_undone,
        known_by=("code", "email", "name", "last_name"),
        hints=HINTS,
        layouts=CUSTOMER_LAYOUTS,
    )
)


def example_customers() -> list[list[str]]:
    """Rows of an example file in the order of the fields."""
    return [
        ["", "Ada", "Byron", "", "ada@example.com", "020 7946 0321", "United Kingdom", "Prefers paper bags", ""],
        ["Corner Café", "", "", "CAFE-1", "orders@cafe.example", "", "United Kingdom", "Invoice by mail", ""],
    ]
