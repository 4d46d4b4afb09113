"""What the search keeps: what is found (entries), and in which of them each word stands (places).

Entries of one kind in one business are numbered in the order they came: their slots. A place is one word in one block
of 4096 slots, and holds one letter for each entry in which the word stands; so a search reads a few rows, whatever it
finds, writing touches one block, and neither database needs an extension for it.
"""

from __future__ import annotations

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.db import Model
from retail.core.tenancy import OfTenant

BLOCK = 4096
_FIRST_LETTER = 0x4E00
IN_ORDER = Text().with_variant(Text(collation="C"), "postgresql")
"""Text in the order of its letters' numbers, by which beginnings of words are found."""


def letter_of(slot: int) -> str:
    """The letter that stands for a slot within its block."""
    return chr(_FIRST_LETTER + slot % BLOCK)


def slot_of(block: int, letter: str) -> int:
    """The slot for which a letter stands in a block."""
    return block * BLOCK + ord(letter) - _FIRST_LETTER


class SearchIndex(OfTenant, Model):
    """One kind of thing in one business: how many slots were given out. Whoever writes its entries locks this row."""

    __tablename__ = "search_indexes"
    __table_args__ = (UniqueConstraint("tenant_id", "kind"),)

    kind: Mapped[str]
    slots: Mapped[int] = mapped_column(default=0)


class SearchEntry(OfTenant, Model):
    """One thing that is found: its texts as they are compared. `group_id` is what lists show it under."""

    __tablename__ = "search_entries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "subject_id"),
        UniqueConstraint("tenant_id", "kind", "slot"),
        Index(None, "tenant_id", "kind", "title"),
        Index(None, "tenant_id", "kind", "group_id"),
    )

    kind: Mapped[str]
    slot: Mapped[int]
    subject_id: Mapped[int]
    group_id: Mapped[int]
    title: Mapped[str] = mapped_column(IN_ORDER)
    words: Mapped[str]
    """Every word once, with a space before and behind."""
    codes: Mapped[str]
    active: Mapped[bool]
    """Whether it is offered; what is archived is found in lists only."""


class SearchPlace(OfTenant, Model):
    """A word in a block of slots: a letter for each entry in which it stands."""

    __tablename__ = "search_places"
    __table_args__ = (UniqueConstraint("tenant_id", "kind", "block", "word"),)

    kind: Mapped[str]
    block: Mapped[int]
    word: Mapped[str] = mapped_column(IN_ORDER)
    letters: Mapped[str]


class SearchWords(OfTenant, Model):
    """The words there are that begin with the same two letters, each with a line break before and behind it."""

    __tablename__ = "search_words"
    __table_args__ = (UniqueConstraint("tenant_id", "kind", "beginning"),)

    kind: Mapped[str]
    beginning: Mapped[str] = mapped_column(IN_ORDER)
    words: Mapped[str]
