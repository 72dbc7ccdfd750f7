"""Find the encoding of an exported text file.

Byte-order marks and UTF-8 are certain. Windows-1252 (and so Latin-1) is accepted when all it yields are the
characters of western European writing: a survey answer holds 'é', and hardly ever '‚' or 'Ž', which is what
'é' becomes when text of an old Mac or DOS is taken for Windows-1252. The rest is left to charset-normalizer.
"""

from __future__ import annotations

import codecs

from analysis.errors import DataError, Problem

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = frozenset(map(chr, range(0xC0, 0x100))) | frozenset("œŒŸ€’‘“”«»–—…•°²³§©®™ªº¿¡·´¨£±\xa0\xad")
_BYTE_GUESSES = ["mac_roman", "cp850", "cp437", "cp1250", "iso8859_15"]
_WORD_GUESSES = ["utf_16_le", "utf_16_be"]
_WORD_SHARE = 0.25  # of zero bytes: every other byte of western text in UTF-16 is zero
_CONTROLS = frozenset(map(chr, range(0x20))) - frozenset("\t\n\r\f") | frozenset(map(chr, range(0x7F, 0xA0)))


def decode(content: bytes, source: str) -> tuple[str, str]:
    """The text of ``content`` and the name of its encoding; raises DataError when it is no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            text = _try(content, encoding)
            if text is None:
                raise _undecodable(content, encoding, source)
            return text, encoding
    for encoding, plausible in (("utf-8", _is_text), ("cp1252", _is_western)):
        text = _try(content, encoding)
        if text is not None and plausible(text):
            return text, encoding
    return _guess(content, source)


def _try(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_text(text: str) -> bool:
    return _CONTROLS.isdisjoint(set(text))


def _is_western(text: str) -> bool:
    found = set(text)
    return _CONTROLS.isdisjoint(found) and {letter for letter in found if ord(letter) > 0x7F} <= _WESTERN


def _guess(content: bytes, source: str) -> tuple[str, str]:
    import charset_normalizer

    words = content.count(0) >= _WORD_SHARE * len(content)
    best = charset_normalizer.from_bytes(content, cp_isolation=_WORD_GUESSES if words else _BYTE_GUESSES).best()
    if best is None or not _is_text(str(best)):
        raise _undecodable(content, "utf-8", source)
    return str(best), best.encoding


def _undecodable(content: bytes, encoding: str, source: str) -> DataError:
    """An error that says where the first byte stands that is no text in ``encoding``."""
    try:
        content.decode(encoding)
        what = "the file holds control characters: it is not a text table"
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = f"the encoding is not known: byte 0x{content[error.start]:02x} in line {line} is not {encoding}"
    return DataError(Problem(what, source, "save the file as UTF-8 and try again"))
