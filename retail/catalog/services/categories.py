"""The tree of categories."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, or_, select

from retail.catalog.models import BRANCH, Category, Product
from retail.core.db import session
from retail.core.errors import NotFound, Refused

MOST_LEVELS = 5
LONGEST_NAME = 80


def create_category(name: str, parent_id: int | None = None) -> Category:
    """A new category below another, or at the root. Refused when a sibling has the name."""
    parent = None if parent_id is None else _category(parent_id)
    last = session.scalar(
        select(func.max(Category.position)).where(
            Category.parent_id.is_(None) if parent_id is None else Category.parent_id == parent_id
        )
    )
    row = Category(name=_checked_name(name), parent_id=parent_id, position=0 if last is None else last + 1)
    _place(row, parent)
    session.add(row)
    session.flush()
    return row


def ensure_category(path: str, made: list[Category] | None = None) -> Category | None:
    """The category at a path such as `Drinks > Tea`, made with what is missing above it; None for an empty path. What
    had to be made is added to `made`, the highest first."""
    found: Category | None = None
    for name in (part.strip() for part in path.split(BRANCH.strip())):
        if not name:
            continue
        wanted = name if found is None else found.path + BRANCH + name
        known = session.scalar(select(Category).where(_stands_at(wanted)).order_by(Category.path != wanted).limit(1))
        if known is None:
            known = create_category(name, None if found is None else found.id)
            if made is not None:
                made.append(known)
        found = known
    return found


def rename_category(category_id: int, name: str) -> Category:
    """Call a category something else; the paths of everything below it follow."""
    return change_category(category_id, name, _category(category_id).parent_id)


def move_category(category_id: int, parent_id: int | None) -> Category:
    """Hang a category, with everything below it, under another or at the root. Refused for a place within itself."""
    return change_category(category_id, _category(category_id).name, parent_id)


def change_category(category_id: int, name: str, parent_id: int | None) -> Category:
    """Rename and move a category in one step, with everything below it."""
    row = _category(category_id)
    parent = None if parent_id is None else _category(parent_id)
    above = parent
    while above is not None:
        if above.id == row.id:
            raise Refused(_("A category cannot stand below itself."), field="parent_id")
        above = None if above.parent_id is None else _category(above.parent_id)
    with session.no_autoflush:  # one change, one entry in the audit
        row.name, row.parent_id = _checked_name(name), parent_id
        _place(row, parent)
    session.flush()
    return row


def remove_category(category_id: int) -> None:
    """Remove a category nothing stands in."""
    row = _category(category_id)
    if session.scalar(select(Category.id).where(Category.parent_id == category_id).limit(1)):
        raise Refused(_("“%(name)s” has categories below it; move or remove them first.", name=row.name))
    if session.scalar(select(Product.id).where(Product.category_id == category_id).limit(1)):
        raise Refused(_("Products stand in “%(name)s”; give them another category first.", name=row.name))
    session.delete(row)
    session.flush()


def _stands_at(path: str) -> ColumnElement[bool]:
    """Whether a category's path is this one, in whatever case; SQLite knows the case of A to Z only."""
    return or_(Category.path == path, func.lower(Category.path) == path.lower())


def _place(row: Category, parent: Category | None) -> None:
    """Keep the path of a category and of what stands below it. Refused for a twin and for too deep a tree."""
    before = row.path
    path = row.name if parent is None else parent.path + BRANCH + row.name
    twin = session.scalar(select(Category).where(_stands_at(path), Category.id != row.id).limit(1))
    if twin is not None:
        raise Refused(_("There is a category “%(path)s” already.", path=twin.path), field="name")
    below = (
        session.scalars(select(Category).where(Category.path.startswith(before + BRANCH, autoescape=True))).all()
        if before
        else []
    )
    deepest = max((one.path.count(BRANCH) - before.count(BRANCH) for one in below), default=0)
    if path.count(BRANCH) + deepest + 1 > MOST_LEVELS:
        raise Refused(_("Categories go at most %(n)s levels deep.", n=MOST_LEVELS), field="parent_id")
    row.path = path
    for one in below:
        one.path = path + one.path[len(before) :]


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused(_("Give the category a name."), field="name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("A name has at most %(n)s characters.", n=LONGEST_NAME), field="name")
    if BRANCH.strip() in name:
        raise Refused(_("A category's name cannot hold “>”, which stands between levels."), field="name")
    return name


def _category(category_id: int) -> Category:
    row = session.get(Category, category_id)
    if row is None:
        raise NotFound(_("There is no such category."), field="parent_id")
    return row
