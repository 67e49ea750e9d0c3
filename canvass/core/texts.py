"""Text from outside, written in one way: composed (NFC), and without the characters that nobody sees."""

from __future__ import annotations

import re
import unicodedata

# What joins letters in Persian, Kurdish and emoji, and what tells which way a letter is to be read. Unlike the
# overrides, which turn round whatever follows them on a page, these concern their neighbours only.
_JOINERS = "\u200c\u200d\u200e\u200f\u061c"
_LOOSE_JOINERS = re.compile(rf"(?<!\S)[{_JOINERS}]+|[{_JOINERS}]+(?!\S)")
# The flags of England, Scotland and Wales are spelled in characters that are not seen elsewhere.
_SPELLED_FLAGS = re.compile("\U0001f3f4[\U000e0061-\U000e007a]{2,6}\U000e007f")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def tidy(text: str) -> str:
    """The text composed, without control characters, direction overrides and lone surrogates; lines stay lines."""
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text))
    if text.replace("\n", "").isprintable():
        return text
    flags = {at for found in _SPELLED_FLAGS.finditer(text) for at in range(*found.span())}
    kept = "".join(letter for at, letter in enumerate(text) if at in flags or _is_seen(letter))
    return _LOOSE_JOINERS.sub("", kept)


def line(text: str) -> str:
    """The same on one line, with single spaces."""
    return " ".join(tidy(text).split())


def folded(text: str) -> str:
    """A line to compare and search by: without case."""
    return unicodedata.normalize("NFC", line(text).casefold())


def _is_seen(letter: str) -> bool:
    return letter in "\n\t" or letter in _JOINERS or unicodedata.category(letter) not in ("Cc", "Cf", "Cs")
