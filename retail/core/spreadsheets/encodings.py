"""Which encoding a text file is in. UTF-8 and UTF-16 can be known; old ones can only be guessed, and are said to be."""

import codecs
import unicodedata
from dataclasses import dataclass

from flask_babel import gettext as _

from retail.core.spreadsheets.errors import SpreadsheetError
from retail.core.spreadsheets.source import SAMPLE, Source, looks_like_utf16

FALLBACK = "latin_1"
OLD = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp850", "cp866", "koi8_r",
    "mac_roman",     "cp932", "euc_jp", "euc_kr", "gb18030", "big5",
)  # fmt: skip
WELL_KNOWN_SIGNS = frozenset("£€¥°²³½¼¾«»–—‘’“”„…®©™·•×\xa0№、。・ー，：；（）％￥「」《》")
# The letters most words are made of, by script; in the wrong encoding a text hits them by chance only.
COMMON = {
    "LATIN": frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýßœžšąćęłńóśźżčďěňřťůőűğışăâîșț"),
    "CYRILLIC": frozenset("оеаинтсрвлкмдпуяыьгзбчйхж"),
    "GREEK": frozenset("αοιετσςνηυρπκμλδγθωέάίόήύώ"),
    "HEBREW": frozenset("יוהלארתבםמשנדעחפקג"),
    "ARABIC": frozenset("اليمونرتهبةدعسفكحقأىشج"),
}


@dataclass(frozen=True)
class Encoding:
    """The name Python knows, and whether it was seen (`sure`) or guessed and should be confirmed by a preview."""

    name: str
    sure: bool


def detect(source: Source) -> Encoding:
    """The encoding of a text: by its mark, by being valid UTF-8 throughout, else the likeliest old one."""
    sample = source.sample()
    if sample.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8-sig", sure=True)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding("utf-16", sure=True)
    if unmarked := looks_like_utf16(sample):
        return Encoding(unmarked, sure=True)
    foreign = _first_not_utf8(source)
    return Encoding("utf-8", sure=True) if foreign is None else Encoding(_guess(foreign), sure=False)


def _first_not_utf8(source: Source) -> bytes | None:
    """The piece of the file that is not UTF-8, or None. The whole file is read: byte 0xE9 may come in the last row."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.open() as stream:
        while piece := stream.read(SAMPLE):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                return piece
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return source.sample()
    return None


def _guess(piece: bytes) -> str:
    # Only the lines with foreign letters tell encodings apart, and the first and last may be cut in the middle.
    lines = [line for line in piece.splitlines() if any(byte > 127 for byte in line)]
    telling = b"\n".join(lines[:400])[: 32 * 1024]
    oddness = {}
    for name in OLD:
        try:
            oddness[name] = _oddness(telling.decode(name, errors="strict" if len(telling) < SAMPLE else "ignore"))
        except UnicodeDecodeError:
            continue
    # Of equals the first wins: Windows-1252 is what most old programs write.
    return min(oddness, key=lambda name: oddness[name]) if oddness else FALLBACK


def _oddness(text: str) -> float:
    """How often a reader would stumble: signs inside words, capitals after small letters, two scripts in one word, rare
    letters where common ones are expected. The share of foreign letters at which that happens.
    """
    odd, foreign = 0.0, 0
    for before, letter, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if ord(letter) < 128:
            continue
        foreign += 1
        if letter.isalpha():
            script = _script(letter)
            odd += sum(_script(other) != script for other in (before, after) if other.isalpha())
            odd += before.islower() and letter.isupper() and _script(before) == script
            odd += letter.islower() and after.isupper() and _script(after) == script
            odd += 0.0 if _is_common(letter, script) else 0.5
            # Western words have one accent here and there, not two in a row.
            odd += 0.4 if script == "LATIN" and before.isalpha() and ord(before) > 127 else 0.0
        elif letter in WELL_KNOWN_SIGNS:
            odd += (before.isalpha() and after.isalpha() and letter not in "’‘–—-·") or (
                letter in "£€¥" and after.isalpha()
            )
        else:
            odd += 1.5
    return odd / max(foreign, 1)


def _script(letter: str) -> str:
    word = unicodedata.name(letter, "?").partition(" ")[0]
    return "KANA" if word in {"HIRAGANA", "KATAKANA", "CJK", "KATAKANA-HIRAGANA"} else word


def _is_common(letter: str, script: str) -> bool:
    if script in COMMON:
        return letter.lower() in COMMON[script]
    if script == "KANA" and unicodedata.name(letter).startswith("CJK"):
        try:
            # The first level of this standard holds the 3,755 most used signs, by sound; the second the rest.
            return letter.encode("gb2312")[0] < 0xD8
        except UnicodeEncodeError:
            return False
    return script in {"HANGUL", "KANA"}


def require(source: Source, name: str) -> Encoding:
    """The encoding a person chose. Raises SpreadsheetError when there is none of that name."""
    try:
        codecs.lookup(name)
    except LookupError as problem:
        raise SpreadsheetError(
            source.filename, _("There is no encoding “%(name)s”.", name=name), _("Choose UTF-8 or Windows-1252.")
        ) from problem
    return Encoding(name, sure=True)


def wrong(source: Source, encoding: str) -> SpreadsheetError:
    """The refusal of a text that is not in the encoding it was taken for; the row is that of the first such letter."""
    return SpreadsheetError(
        source.filename,
        _("A letter here does not exist in the encoding %(name)s.", name=encoding),
        _("Choose another encoding (often Windows-1252), or save the file as “CSV UTF-8”."),
        _row_of_first_error(source, encoding),
    )


def _row_of_first_error(source: Source, encoding: str) -> int:
    decoder, row = codecs.getincrementaldecoder(encoding)(), 1
    with source.open() as stream:
        while piece := stream.read(SAMPLE):
            try:
                row += decoder.decode(piece).count("\n")
            except UnicodeDecodeError as problem:
                return row + problem.object[: problem.start].decode(encoding, errors="ignore").count("\n")
    return row
