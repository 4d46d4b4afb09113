"""Which encoding a text file is in. UTF-8 and UTF-16 can be known; old ones can only be guessed, and are said to be."""

import codecs
from dataclasses import dataclass

from charset_normalizer import from_bytes
from flask_babel import gettext as _

from retail.core.spreadsheets.errors import SpreadsheetError
from retail.core.spreadsheets.source import SAMPLE, Source, looks_like_utf16

WESTERN = "cp1252"
OLD = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "iso8859_15", "cp437", "cp850",
    "cp866", "koi8_r", "mac_roman", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "tis_620",
)  # fmt: skip
LATIN = frozenset({"cp1250", "cp1254", "cp1257", "iso8859_15", "cp437", "cp850", "mac_roman", "latin_1", "tis_620"})


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
    # Only the lines with foreign letters tell encodings apart.
    telling = b"\n".join(line for line in piece.splitlines() if any(byte > 127 for byte in line))[: 64 * 1024]
    best = from_bytes(telling, cp_isolation=list(OLD)).best()
    name = best.encoding if best else WESTERN
    if name in LATIN or name not in OLD:
        # Short Western texts are often taken for Central European or DOS ones: what Windows writes is likelier by far,
        # unless it would show what no one types.
        try:
            shown = telling.decode(WESTERN)
        except UnicodeDecodeError:
            return name if name in OLD else "latin_1"
        foreign = [letter for letter in shown if ord(letter) > 127]
        if sum(letter.isalpha() or letter in "£€§°²³½¼«»–—‘’“”…®©™´\xa0·•" for letter in foreign) >= len(foreign) * 0.9:
            return WESTERN
    return name


def require(source: Source, name: str) -> Encoding:
    """The encoding a person chose. Raises SpreadsheetError when there is none of that name."""
    try:
        codecs.lookup(name)
    except LookupError as problem:
        raise SpreadsheetError(
            source.filename, _("There is no encoding “%(name)s”.", name=name), _("Choose UTF-8 or Windows-1252.")
        ) from problem
    return Encoding(name, sure=True)


def wrong(source: Source, encoding: str, row: int) -> SpreadsheetError:
    """The refusal of a text that is not in the encoding it was taken for."""
    return SpreadsheetError(
        source.filename,
        _("A letter here does not exist in the encoding %(name)s.", name=encoding),
        _("Choose another encoding (often Windows-1252), or save the file as “CSV UTF-8”."),
        row,
    )
