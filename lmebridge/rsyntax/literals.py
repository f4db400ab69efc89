"""R's literals: numbers and strings, from text to value and back."""

from __future__ import annotations

import math
import re

#: Words that R's parser reads as constants.
CONSTANTS: dict[str, float | bool | None] = {
    "NULL": None,
    "TRUE": True,
    "FALSE": False,
    "Inf": math.inf,
    "NaN": math.nan,
    **dict.fromkeys(("NA", "NA_integer_", "NA_real_", "NA_character_")),
}

#: Words that cannot be names unless they stand in backticks.
RESERVED = frozenset({"if", "else", "repeat", "while", "function", "for", "next", "break", "in", *CONSTANTS})

_SYNTACTIC = re.compile(r"(?:[^\W\d_]|\.(?![0-9]))[\w.]*")
_ESCAPE = re.compile(
    r"\\(?:x(?P<hex>[0-9a-fA-F]{1,2})|(?P<octal>[0-7]{1,3})"
    r"|u(?:\{(?P<u_braced>[0-9a-fA-F]{1,4})\}|(?P<u>[0-9a-fA-F]{1,4}))"
    r"|U(?:\{(?P<U_braced>[0-9a-fA-F]{1,8})\}|(?P<U>[0-9a-fA-F]{1,8}))|(?P<letter>[\s\S]))"
)
_LETTERS = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    **{symbol: symbol for symbol in "\\\"'` \n"},
}
_NAMED_CONTROLS = {value: f"\\{letter}" for letter, value in _LETTERS.items() if letter.isalpha()}
_SIGNIFICANT_DIGITS = 15


def is_syntactic(name: str) -> bool:
    """Whether R reads `name` as a name without backticks.

    Examples
    --------
    >>> [is_syntactic(name) for name in ("x.1", ".x", "my var", "_x", "TRUE")]
    [True, True, False, False, False]
    """
    return _SYNTACTIC.fullmatch(name) is not None and name not in RESERVED


def quote_name(name: str) -> str:
    """The name as R prints it: in backticks where it must be."""
    return name if is_syntactic(name) else f"`{_escape(name, '`')}`"


def number_value(text: str) -> float | int | complex:
    """Value of a number as R writes it: ``1``, ``1L``, ``0x1F``, ``1e-3``, ``2i``; ``1.5L`` is a double, as in R."""
    body = text.rstrip("Li")
    value = float.fromhex(body) if body[:2] in {"0x", "0X"} else float(body)
    if text.endswith("i"):
        return complex(0, value)
    return int(value) if text.endswith("L") and value.is_integer() else value


def string_value(text: str) -> str:
    """Value of a string or of a name in backticks, quotes included in `text`.

    Raises
    ------
    ValueError
        If an escape is not one of R's; the message says which.
    """
    if text[0] in "rR":
        opening = re.match(r"[rR][\"'](-*)[(\[{]", text)
        dashes = len(opening[1]) if opening else 0
        return text[3 + dashes : -2 - dashes]
    kinds = {_is_unicode(match) for match in _ESCAPE.finditer(text) if match["letter"] is None}
    if len(kinds) > 1:
        raise ValueError("a string cannot mix escapes of Unicode with escapes of bytes")
    return _ESCAPE.sub(_unescape, text[1:-1])


def _is_unicode(match: re.Match[str]) -> bool:
    """Whether an escape is one of Unicode, and not one of a byte."""
    return match["hex"] is None and match["octal"] is None


def _unescape(match: re.Match[str]) -> str:
    """The character that one escape stands for."""
    letter = match["letter"]
    if letter is not None:
        if letter not in _LETTERS:
            raise ValueError(f"`\\{letter}` is not an escape that R knows in a string")
        return _LETTERS[letter]
    digits = next(filter(None, (match[g] for g in ("hex", "u", "u_braced", "U", "U_braced"))), "")
    code = int(match["octal"], 8) if match["octal"] else int(digits, 16)
    if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"`{match[0]}` is not a character that a string of R may hold")
    return chr(code)


def quote_string(value: str) -> str:
    r"""The string in double quotes, escaped as `deparse` escapes it.

    Examples
    --------
    >>> print(quote_string('a"b' + chr(10)))
    "a\"b\n"
    """
    return f'"{_escape(value, chr(34))}"'


def _escape(value: str, quote: str) -> str:
    """The text with backslashes before what R escapes between such quotes."""
    return "".join(_escape_one(character, quote) for character in value)


def _escape_one(character: str, quote: str) -> str:
    """One character as R escapes it."""
    if character in {"\\", quote}:
        return f"\\{character}"
    if character in _NAMED_CONTROLS:
        return _NAMED_CONTROLS[character]
    return f"\\{ord(character):03o}" if ord(character) < 0x20 or ord(character) == 0x7F else character


def format_constant(value: float | int | complex | str | bool) -> str:
    """A constant that has a value, as `deparse` prints it.

    Examples
    --------
    >>> [format_constant(value) for value in (1.0, 1, 1e5, 123456.0, 0.0001, 2j, True, "a")]
    ['1', '1L', '1e+05', '123456', '1e-04', '0+2i', 'TRUE', '"a"']
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return quote_string(value)
    if isinstance(value, complex):
        return f"{format_double(value.real)}+{format_double(value.imag)}i"
    return f"{value}L" if isinstance(value, int) else format_double(value)


def format_double(value: float) -> str:
    """A double with up to 15 significant digits, fixed or scientific, whichever is shorter; fixed when equal.

    References
    ----------
    R ``format.c``, ``formatReal`` with ``digits = 15`` and ``scipen = 0``.
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Inf" if value > 0 else "-Inf")
    mantissa, exponent_text = f"{value:.{_SIGNIFICANT_DIGITS - 1}e}".split("e")
    mantissa, exponent = mantissa.rstrip("0").rstrip("."), int(exponent_text)
    digits = sum(character.isdigit() for character in mantissa)
    decimals = max(0, digits - 1 - exponent)
    fixed = f"{value:.{decimals}f}"
    scientific = f"{mantissa}e{exponent:+03d}"
    return fixed if len(fixed) <= len(scientific) else scientific
