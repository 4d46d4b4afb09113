"""Some people work at some of a business's locations only. What lies at another is not there for them.

Beside the fence of tenants stands a second one within it: whatever is done for a person is done within their places.
A model whose rows lie somewhere says so (`AtPlace`), and every ORM statement is limited to those rows, children through
their parents; a row that lies elsewhere cannot be written either. Work of the business itself (nights, events,
commands) is done everywhere. In no tenant one is nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import lru_cache
from typing import Any, ClassVar, cast

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, exists, func, or_, orm, select
from sqlalchemy.orm.interfaces import CriteriaOption, ORMOption

from retail.core.db import Model, session, table_of
from retail.core.errors import NotFound

Places = frozenset[int] | None
"""The ids of the locations somebody works at; None is all of them, those of tomorrow included."""
NOWHERE: frozenset[int] = frozenset()
PLACED_BY = ("location_id", "from_location_id", "to_location_id")
"""The fields by which an event says where it happened."""
_places: ContextVar[Places] = ContextVar("places", default=NOWHERE)


class AtPlace:
    """Mixin for rows that lie at a location.

    `at` are the columns that name one: a row with two (a transfer) is there for both ends. `within` is the column that
    names the row it is a part of, where it lies at that one's place. Rows that `may_be_nowhere` are of the business as
    a whole where all columns are empty; they tell of something, so they are written for other places too.
    """

    at: ClassVar[tuple[str, ...]] = ("location_id",)
    within: ClassVar[str] = ""
    may_be_nowhere: ClassVar[bool] = False


def present_places() -> Places:
    """The places within which the present work is done."""
    return _places.get()


def is_here(*location_ids: int | None) -> bool:
    """Whether one of these locations is among the present places; what has none is everywhere."""
    places, named = _places.get(), {one for one in location_ids if one is not None}
    return places is None or not named or not places.isdisjoint(named)


def a_place() -> int | None:
    """One of the present places, at which lies what somebody began nowhere in particular; None everywhere."""
    places = _places.get()
    return min(places) if places else None


def cover(mine: Places, theirs: Places) -> bool:
    """Whether somebody's places are all among mine."""
    return mine is None or (theirs is not None and theirs <= mine)


def shares_a_place(one: Places, other: Places) -> bool:
    """Whether two people meet at some location: who works everywhere meets everybody."""
    return one is None or other is None or not one.isdisjoint(other)


@contextmanager
def everywhere() -> Iterator[None]:
    """For rules of the business that hold wherever somebody works: the other end of a transfer, whether a product is
    in stock anywhere. What is read within is not shown. A rule test lists every caller."""
    with limited_to(None):
        yield


@contextmanager
def limited_to(places: Places) -> Iterator[None]:
    """Work within some places of the present tenant. What was written until then is of the places before."""
    if session.registry.has():
        session.flush()
    token = _places.set(places)
    try:
        yield
        if session.registry.has():
            session.flush()
    finally:
        _places.reset(token)


def stand_at(places: Places) -> Token[Places]:
    """For whoever enters a tenant; give the token back to `step_back`."""
    return _places.set(places)


def step_back(token: Token[Places]) -> None:
    """Go back to where `stand_at` was called."""
    _places.reset(token)


def places_of(happening: object) -> dict[str, int | None]:
    """Where something happened, by its fields, as columns of the row that tells of it: at a location, between two, or
    nowhere in particular."""
    found = [one for name in PLACED_BY if (one := getattr(happening, name, None)) is not None]
    return {"location_id": found[0] if found else None, "to_location_id": found[1] if len(found) > 1 else None}


# -- the fence --------------------------------------------------------------------------------------------------------
def placed_models() -> tuple[type[Model], ...]:
    """Every model whose rows lie somewhere."""
    return tuple(one.class_ for one in Model.registry.mappers if AtPlace in one.class_.__mro__)


class _Fence(CriteriaOption):
    """The criteria of all models as one option. What SQLAlchemy asks each of them for, again with every statement, is
    said once: they are built alike, and only the ids differ."""

    propagate_to_loaders = False
    inherit_cache = True

    def __init__(self, criteria: Sequence[Any]) -> None:
        self.criteria = criteria
        keys = [one.where_criteria._generate_cache_key() for one in criteria]
        self.values = [value for key in keys for value in key.bindparams]
        self.key = (_Fence, *(key.key for key in keys))

    def _gen_cache_key(self, _names: Any, bindparams: list[Any]) -> tuple[Any, ...]:
        bindparams.extend(self.values)
        return self.key

    def get_global_criteria(self, attributes: Any) -> None:
        for one in self.criteria:
            one.get_global_criteria(attributes)

    def process_compile_state(self, compile_state: Any) -> None:
        for one in self.criteria:
            one.process_compile_state(compile_state)

    def process_compile_state_replaced_entities(self, compile_state: Any, mapper_entities: Any) -> None:
        for one in self.criteria:
            one.process_compile_state_replaced_entities(compile_state, mapper_entities)


@lru_cache(maxsize=1024)
def rows_at(places: frozenset[int]) -> ORMOption:
    """What limits a statement to the rows of these places."""
    ids = sorted(places)
    criteria = [
        orm.with_loader_criteria(model, condition(model, model, ids), include_aliases=True) for model in placed_models()
    ]
    return cast(ORMOption, _Fence(criteria))


def condition(model: type[Any], row: Any, ids: Sequence[int]) -> ColumnElement[bool]:
    """That a row (the model, or columns under another name) lies at one of these locations."""
    if model.within:
        parent = parent_of(model)
        columns = table_of(parent).alias().c
        whole = exists().where(columns.id == getattr(row, model.within))
        return whole.where(condition(parent, columns, ids))
    named = [getattr(row, name) for name in model.at]
    here = [column.in_(ids) for column in named]
    if model.may_be_nowhere:
        here.append(and_(*(column.is_(None) for column in named)))
    return or_(*here)


def parent_of(model: type[Any]) -> type[Model]:
    """The model whose row a part names by its column `within`."""
    table = table_of(model)
    for constraint in table.foreign_key_constraints:
        for element in constraint.elements:
            if element.parent.name == model.within:
                target = element.column.table
                return cast(
                    "type[Model]", next(one.class_ for one in Model.registry.mappers if one.local_table is target)
                )
    raise TypeError(f"{model.__name__}.{model.within} refers to no row of a place")


class Elsewhere(NotFound):
    """Something of another location was to be written, as if it were there for whoever does."""


def refuse_elsewhere(model: type[Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """Raise Elsewhere when one of these rows, about to be written, lies at none of the present places."""
    places = _places.get()
    if places is None or not issubclass(model, AtPlace) or model.may_be_nowhere:
        return
    if not model.within:
        strays = any(places.isdisjoint({row.get(name) for name in model.at}) for row in rows)
    else:
        wanted = {row[model.within] for row in rows if row.get(model.within) is not None}
        strays = bool(wanted) and _known(parent_of(model), wanted) < len(wanted)
    if strays:
        raise Elsewhere(_("There is no such location."), field="location")


def _known(parent: type[Model], ids: Collection[int]) -> int:
    with session.no_autoflush:
        return session.scalar(select(func.count()).select_from(parent).where(parent.id.in_(ids))) or 0


def check_flush(flushing: orm.Session, _context: object, _instances: object) -> None:
    """Refuse what a flush would write elsewhere."""
    if _places.get() is None:
        return
    for row in (*flushing.new, *flushing.dirty, *flushing.deleted):
        if isinstance(row, AtPlace):
            kind = type(row)
            names = (kind.within,) if kind.within else kind.at
            refuse_elsewhere(kind, [{name: getattr(row, name) for name in names}])
