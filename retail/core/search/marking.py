"""Showing in a text the pieces for which it was found."""

from __future__ import annotations

from markupsafe import Markup, escape

from retail.core.search.folding import folded, terms_of


def marked(text: str, q: str) -> Markup:
    """A text with the pieces marked that were typed: beginnings of its words, else wherever they stand."""
    plain, places = _with_places(text)
    spans: list[tuple[int, int]] = []
    for term in terms_of(q):
        for word in (*term.words, *term.whole):
            at = _beginning(plain, word)
            if at >= 0:
                spans.append((places[at], places[at + len(word) - 1] + 1))
    return _joined(text, spans)


def _with_places(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its letters which letter of the text it came from."""
    letters: list[str] = []
    places: list[int] = []
    for at, letter in enumerate(text):
        for one in folded(letter):
            letters.append(one)
            places.append(at)
    return "".join(letters), places


def _beginning(plain: str, word: str) -> int:
    at = plain.find(word)
    while at > 0 and plain[at - 1].isalnum():
        at = plain.find(word, at + 1)
    return at if at >= 0 else plain.find(word)


def _joined(text: str, spans: list[tuple[int, int]]) -> Markup:
    parts: list[Markup] = []
    last = 0
    for start, end in sorted(spans):
        if end <= last:
            continue
        start = max(start, last)
        parts += [escape(text[last:start]), Markup("<mark>{}</mark>").format(text[start:end])]
        last = end
    return Markup("").join([*parts, escape(text[last:])])
