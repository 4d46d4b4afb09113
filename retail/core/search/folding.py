"""Texts as they are compared: without case, accents and signs, in any script, cut into words and codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

LONGEST_WORD = 40
MOST_TERMS = 6
SHORTEST_CODE = 4
KEPT_MARKS = frozenset("\u3099\u309a")
"""The voicing marks of Japanese, which make other letters, unlike accents."""
_ALSO = str.maketrans(
    {
        "œ": "oe",
        "æ": "ae",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ı": "i",
        "ى": "ي",
        "ة": "ه",
        "ک": "ك",
        "ی": "ي",
        "ـ": None,
        "\u200c": None,
        "\u200d": None,
        "\u00ad": None,
    }
)
"""What is written in two ways and Unicode does not take apart."""
_MARKED = ((0x0300, 0x1E00), (0x20D0, 0x2100), (0x3099, 0x309B), (0xA66F, 0xABF0), (0xFB1E, 0xFB1F))


def _marks() -> str:
    """The vowel signs and marks that belong to words, as a class of a pattern; Python counts them as no letters."""
    found = (chr(at) for low, high in _MARKED for at in range(low, high) if unicodedata.category(chr(at))[0] == "M")
    return "".join(found)


_WORD = re.compile(f"(?:[^\\W_]|[{_marks()}])+")
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{_UNSPACED}]+")
_PLAIN_WORD = re.compile("[a-z0-9]+")
_OWNED = re.compile(r"(?<=\w)['\u2019\u02bc]s\b")
_NO_PART_OF_CODES = re.compile(r"[^\w@]+|_+")


def folded(text: str) -> str:
    """A text without case, accents and forms of the same letter: `Crème BRÛLÉE` and `creme brulee` are one."""
    text = text.casefold()
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_ALSO))
    kept = "".join(letter for letter in apart if letter in KEPT_MARKS or not unicodedata.combining(letter))
    # Taken apart are also the syllables of Korean, which belong together again.
    joined = unicodedata.normalize("NFC", kept).casefold()
    return "".join(_digit(letter) if letter.isdigit() else letter for letter in joined.translate(_ALSO))


def _digit(letter: str) -> str:
    """Digits of every script as 0 to 9."""
    return letter if letter.isascii() else str(unicodedata.digit(letter, letter))


def is_unspaced(word: str) -> bool:
    """Whether a word is of a script that leaves no space between words: it is kept as pairs of letters."""
    return _RUN.match(word) is not None


def _pieces(word: str) -> list[str]:
    """A word, or the pairs of letters of those parts of it that are of a script without spaces."""
    if word.isascii() or not _RUN.search(word):
        return [word[:LONGEST_WORD]]
    found: list[str] = []
    for part in re.findall(f"[{_UNSPACED}]+|[^{_UNSPACED}]+", word):
        if is_unspaced(part):
            found += [one + other for one, other in pairwise(part)]
            found.append(part[-1])
        else:
            found.append(part[:LONGEST_WORD])
    return found


def plain_words(text: str) -> list[str]:
    """The words of a text, folded, in their order."""
    plain = folded(text)
    if "'" in plain or "\u2019" in plain:
        plain = _OWNED.sub("s", plain)
    return _PLAIN_WORD.findall(plain) if plain.isascii() else _WORD.findall(plain)


def pieces_of(words: Iterable[str]) -> Iterator[str]:
    """Folded words as they are kept: those of a script without spaces as pairs of letters."""
    for word in words:
        if word.isascii():
            yield word[:LONGEST_WORD]
        else:
            yield from _pieces(word)


def words_in(text: str) -> list[str]:
    """The words of a text as they are kept, each once, in their order."""
    return list(dict.fromkeys(pieces_of(plain_words(text))))


def title_of(text: str) -> str:
    """A title as it is compared from its beginning: its folded words with one space between."""
    return " ".join(plain_words(text))


def code_of(text: str) -> str:
    """A code, telephone number or address as it is compared: letters and digits without what stands between."""
    return text if text.isascii() and text.isdecimal() else _NO_PART_OF_CODES.sub("", folded(text))


def parts_of_code(code: str) -> list[str]:
    """The names within a code: what consists of letters alone, such as `RED` in `AB-12-RED`."""
    if code.isascii() and code.isdecimal():
        return []
    return [word for word in words_in(code) if len(word) > 1 and word.isalpha()]


@dataclass(frozen=True)
class Term:
    """One of the words that were typed: its words as they are kept, and how it would be written within a code.

    Of `words` each may be the beginning of one; `whole` must be there as they are.
    """

    code: str
    words: tuple[str, ...]
    whole: tuple[str, ...] = ()

    @property
    def may_be_code(self) -> bool:
        """Whether it looks like a piece of a code: a digit or a sign of addresses, and not too short to mean much."""
        return len(self.code) >= SHORTEST_CODE and ("@" in self.code or any(letter.isdigit() for letter in self.code))


def terms_of(text: str) -> list[Term]:
    """What somebody typed, as terms; signs alone are none."""
    found: dict[str, Term] = {}
    for typed in text.split():
        words: list[str] = []
        whole: list[str] = []
        for word in plain_words(typed):
            pieces = _pieces(word)
            if len(pieces) > 1:
                # The last letter alone is for those who type no more than it.
                whole += pieces[:-1] if is_unspaced(pieces[-1]) and len(pieces[-1]) == 1 else pieces
            else:
                words += pieces
        if words or whole:
            found.setdefault(typed, Term(code_of(typed), tuple(words), tuple(whole)))
    return list(found.values())[:MOST_TERMS]
