"""Text search, one for all: lists, the till, the palette and whatever else lets somebody type what they look for.

A module declares what of its things is to be found (`searched`); from then on the texts are kept in the transaction
that changes the rows, by whatever way. Words are folded (case, accents, forms of a letter), so any script is searched
alike on either database, and nothing but tables is needed for it. Words: entry (what is found), slot (its number),
place (a word in a block of slots), term (a word that was typed), hit.
"""

from __future__ import annotations

from retail.core.search.declared import SEARCHED, Searched, SearchText, Watch, searched
from retail.core.search.finding import Hit, find
from retail.core.search.keeping import init_app, touch
from retail.core.search.listing import Match, match
from retail.core.search.marking import marked
from retail.core.search.rebuilding import faults, rebuild

__all__ = [
    "SEARCHED",
    "Hit",
    "Match",
    "SearchText",
    "Searched",
    "Watch",
    "faults",
    "find",
    "init_app",
    "marked",
    "match",
    "rebuild",
    "searched",
    "touch",
]
