"""Which column of a file is meant by which field of ours."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

GOOD_ENOUGH = 0.72
NAME, SYNONYM, SAME_WORDS, WITHIN = 1.0, 0.97, 0.93, 0.78
NOISE = frozenset({"the", "of", "a", "column", "field", "value"})


@dataclass(frozen=True)
class Field:
    """What an import can take: its key, what people call it here, and what others call it."""

    name: str
    label: str
    synonyms: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class Match:
    """The header found for a field, how sure that is (0 to 1), and whether a person had chosen it before."""

    header: str
    score: float
    remembered: bool = False


def normalized(name: str) -> str:
    """ "Variant Price (£)" and "variant_price" as “variant price”: small letters, no accents, no signs."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    plain = "".join(each for each in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(each))
    return " ".join(re.findall(r"\w+", plain.casefold().replace("_", " ")))


def match_columns(
    headers: Sequence[str], fields: Sequence[Field], remembered: Mapping[str, str] | None = None
) -> dict[str, Match]:
    """For each field the header that most likely is it; each header is used once, doubtful fields are left out.

    `remembered` is an earlier choice (field name to header, "" for “leave out”) and goes before any guess as long as
    the file has that header.
    """
    chosen: dict[str, Match] = {}
    by_name = {normalized(header): header for header in headers}
    kept = {name: header for name, header in (remembered or {}).items() if not header or normalized(header) in by_name}
    for each in fields:
        if kept.get(each.name):
            chosen[each.name] = Match(by_name[normalized(kept[each.name])], 1.0, remembered=True)
    taken = {match.header for match in chosen.values()}
    candidates = [
        (_score(header, each), -position, -place, each.name, header)
        for place, each in enumerate(fields)
        if each.name not in kept
        for position, header in enumerate(headers)
        if header not in taken
    ]
    for score, _position, _place, name, header in sorted(candidates, reverse=True):
        if score >= GOOD_ENOUGH and name not in chosen and header not in taken:
            chosen[name] = Match(header, round(score, 3))
            taken.add(header)
    return chosen


def _score(header: str, each: Field) -> float:
    """How alike a header is to a field: 1 for its name, less for a synonym, for the same words, for a near spelling."""
    plain = normalized(header)
    if not plain:
        return 0.0
    best = 0.0
    for value, names in ((NAME, (each.name, each.label)), (SYNONYM, each.synonyms)):
        for name in map(normalized, names):
            if plain == name or plain.replace(" ", "") == name.replace(" ", ""):
                best = max(best, value)
            else:
                best = max(best, _likeness(plain, name) * value)
    return best


def _likeness(header: str, name: str) -> float:
    ours, theirs = set(name.split()) - NOISE, set(header.split()) - NOISE
    if ours and ours == theirs:
        return SAME_WORDS
    if ours and theirs and ours < theirs and len(theirs) == len(ours) + 1:
        return WITHIN
    ratio = SequenceMatcher(None, header, name).ratio()
    return ratio * 0.95 if ratio >= 0.84 else 0.0
