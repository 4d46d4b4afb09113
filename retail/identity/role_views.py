"""Roles: what each allows, what tells two apart, and who may do what."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from flask import current_app, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.forms import refusals
from retail.core.module import can
from retail.identity import module, services
from retail.identity.access import by_need, routes_of
from retail.identity.forms import CopyRoleForm, RoleForm
from retail.identity.limits import Limits
from retail.identity.models import Role
from retail.identity.people_views import people_tabs
from retail.identity.permission_words import grouped_permissions, permission_groups, permission_word
from retail.identity.proof import fresh
from retail.permissions import Can, Open


@module.get("/roles/", needs=Can.MANAGE_ROLES)
def roles() -> Response:
    """All roles, and how many people have each."""
    return html.page("identity/roles.html", roles=services.roles_with_people(), tabs=people_tabs("identity.roles"))


@module.get("/roles/compare", needs=Can.MANAGE_ROLES)
def compare_roles() -> Response:
    """Two roles side by side: what one may and the other may not."""
    found = services.roles()
    chosen = [_chosen(found, "a", 0), _chosen(found, "b", 1)]
    everything = request.args.get("all") == "1"
    left, right = (set(one.permissions) for one in chosen)
    groups = []
    for label, permissions in permission_groups():
        rows = [
            (permission_word(one), one.value in left, one.value in right)
            for one in permissions
            if everything or (one.value in left) != (one.value in right)
        ]
        if rows:
            groups.append((label, rows))
    return html.page(
        "identity/compare_roles.html",
        roles=found,
        chosen=chosen,
        groups=groups,
        everything=everything,
        differences=len(left ^ right),
        tabs=people_tabs("identity.compare_roles"),
    )


def _chosen(found: Sequence[Role], name: str, otherwise: int) -> Role:
    wanted = request.args.get(name, type=int)
    return next((one for one in found if one.id == wanted), found[min(otherwise, len(found) - 1)])


@module.get("/roles/access", needs=Can.MANAGE_ROLES)
def access() -> Response:
    """Who may do what: each permission with the roles that hold it and the addresses it opens, as the program has
    them."""
    opened = by_need(routes_of(current_app))
    held = [(role, set(role.permissions)) for role in services.roles()]
    groups = []
    for label, found in permission_groups():
        rows = [
            (permission_word(one), one.value, [one.value in mine for _role, mine in held], opened[one]) for one in found
        ]
        groups.append((label, rows))
    return html.page(
        "identity/access.html",
        roles=[one for one, _permissions in held],
        groups=groups,
        signed_in=opened[Open.SIGNED_IN],
        public=opened[Open.PUBLIC],
        tabs=people_tabs("identity.access"),
    )


@module.get("/roles/<int:role_id>", needs=Can.MANAGE_ROLES)
def role(role_id: int) -> Response:
    """What one role allows."""
    row = services.role_numbered(role_id)
    return _role_page(row, RoleForm(obj=row))


@module.post("/roles/<int:role_id>", needs=Can.MANAGE_ROLES)
@fresh
def change_role(role_id: int) -> Response:
    """Say anew what a role allows; it holds at the next request of everybody who has it."""
    row = services.role_numbered(role_id)
    form = RoleForm(obj=row)
    if form.validate():
        with refusals(form):
            services.change_role(
                row,
                name=form.name.data,
                permissions=form.permissions.data,
                limits=Limits(
                    Decimal(form.largest_discount_percent.data),
                    form.largest_refund.data,
                    form.largest_void.data,
                    form.largest_purchase.data,
                    form.largest_adjustment.data,
                ),
                requires_second_factor=form.requires_second_factor.data,
                mine=g.person.powers,
            )
            return html.done(_("The role is saved."), to=url_for("identity.role", role_id=role_id))
        row = services.role_numbered(role_id)
    return _role_page(row, form, 422)


def _role_page(row: Role, form: RoleForm, status: int = 200) -> Response:
    return html.page(
        "identity/role.html",
        status=status,
        form=form,
        role=row,
        groups=grouped_permissions(set(form.permissions.data or ()), g.person.permissions),
        copy_form=CopyRoleForm(formdata=None),
        people=services.people_in(row.id),
        may_look_as=can(Can.VIEW_AS),
        currency=g.person.tenant.currency,
        breadcrumbs=[
            (_("People"), url_for("identity.people")),
            (_("Roles"), url_for("identity.roles")),
            (row.name, None),
        ],
    )


@module.post("/roles/<int:role_id>/copy", needs=Can.MANAGE_ROLES)
@fresh
def copy_role(role_id: int) -> Response:
    """A new role that starts with what this one allows."""
    row, form = services.role_numbered(role_id), CopyRoleForm()
    if form.validate():
        made = services.copy_role(row, form.name.data, g.person.powers)
        return html.done(
            _("The role is made; now choose what it allows."), to=url_for("identity.role", role_id=made.id)
        )
    return html.done(_("Give the new role a name."), to=url_for("identity.role", role_id=role_id), level="danger")


@module.post("/roles/<int:role_id>/remove", needs=Can.MANAGE_ROLES)
@fresh
def remove_role(role_id: int) -> Response:
    """Delete a role nobody has."""
    services.remove_role(services.role_numbered(role_id))
    return html.done(_("The role is removed."), to=url_for("identity.roles"))
