"""R's ``summary(lm)`` and ``print(lm)``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmebridge.parity.draft import Draft
from lmebridge.parity.keys import Key
from lmebridge.parity.numerals import numeral
from lmebridge.parity.outputs import Unread
from lmebridge.parity.readers import residuals
from lmebridge.parity.readers.coefficients import read_coefficients, read_fixed_vector

if TYPE_CHECKING:
    from lmebridge.parity.lines import Cursor
    from lmebridge.parity.outputs import PrintedOutput

CALL = re.compile(r"\s*Call:\s*$")
FUNCTION = re.compile(r"\s*(?P<function>[\w.:]+)\((?P<arguments>.*)\)\s*$", re.DOTALL)
COEFFICIENTS = re.compile(r"\s*Coefficients:")
RESIDUALS = re.compile(r"\s*(?:Weighted )?Residuals:\s*$")
ALIASED = re.compile(r"\((?P<n>[0-9]+) not defined because of singularit")
#: Longest call, in lines, that is put together again.
LONGEST_CALL = 60
P_VALUE = r"(?P<p><? ?[0-9.][-0-9.eE]*|NA|NaN)"
N = r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|NA|NaN"
#: The lines below the coefficients: pattern, and the key of each of its groups.
CLOSING = (
    (
        re.compile(rf"\s*Residual standard error: *(?P<sigma>{N}) on (?P<df>[0-9]+) degrees of freedom"),
        {"sigma": Key("sigma"), "df": Key("df_residual")},
    ),
    (
        re.compile(r"\s*\((?P<missing>[0-9]+) observations? deleted due to missingness\)"),
        {"missing": Key("n_missing")},
    ),
    (
        re.compile(rf"\s*Multiple R-squared: *(?P<r2>{N}),\s*Adjusted R-squared: *(?P<adjusted>{N})"),
        {"r2": Key("r_squared"), "adjusted": Key("adj_r_squared")},
    ),
    (
        re.compile(
            rf"\s*F-statistic: *(?P<f>{N}) on (?P<df1>[0-9]+) and (?P<df2>[0-9]+) DF, *p-value: *{P_VALUE}", re.DOTALL
        ),
        {
            "f": Key("f_statistic"),
            "df1": Key("f_df", term="numerator"),
            "df2": Key("f_df", term="denominator"),
            "p": Key("p_value", method="F"),
        },
    ),
)


def starts(cursor: Cursor) -> bool:
    """Whether ``Call:`` comes next, with a call below it."""
    return CALL.match(cursor.line.text) is not None and re.match(r"\s*[\w.:]+\(", cursor.ahead(1).text) is not None


def read(cursor: Cursor) -> PrintedOutput:
    """Read a summary or print of a linear model.

    Raises
    ------
    PrintedOutputError
        If it is another function's, or has no coefficients.
    """
    draft = Draft("print(lm)", "R", cursor.number)
    cursor.take()
    _read_call(cursor, draft)
    cursor.skip_blank()
    if RESIDUALS.match(cursor.line.text):
        draft.kind = "summary(lm)"
        draft.attempt(_read_residuals, cursor)
        cursor.skip_blank()
    if not COEFFICIENTS.match(cursor.line.text):
        cursor.fail("expected `Coefficients:`")
    heading = cursor.take().text
    if draft.kind == "print(lm)":
        read_fixed_vector(cursor, draft)
        return draft.output(cursor)
    draft.messages += [heading.strip()] if ALIASED.search(heading) else []
    read_coefficients(cursor, draft)
    _read_closing(cursor, draft)
    return draft.output(cursor)


def _read_call(cursor: Cursor, draft: Draft) -> None:
    """Put the call's lines together and take formula and data from it."""
    text = cursor.take().text
    for _ in range(LONGEST_CALL):
        if text.count("(") == text.count(")") or cursor.line.blank:
            break
        text = f"{text} {cursor.take().text.strip()}"
    call = FUNCTION.match(text)
    if call is None or call["function"].split("::")[-1] != "lm":
        cursor.position -= 1
        cursor.fail(f"expected a call of lm; {call['function'] if call else 'this'} is not read")
    arguments = _split_arguments(call["arguments"])
    named = dict(part.split(" = ", 1) for part in arguments if re.match(r"[\w.]+ = ", part))
    unnamed = [part for part in arguments if not re.match(r"[\w.]+ = ", part)]
    draft.formula = named.get("formula", unnamed[0] if unnamed else None)
    draft.data = named.get("data", unnamed[1] if len(unnamed) > 1 else None)


def _split_arguments(text: str) -> list[str]:
    """The arguments of a call: its text split at the commas outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'`":
            quote = character
        depth += 0 if quote else (character in "([{") - (character in ")]}")
        if character == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return [" ".join(part.split()) for part in parts]


def _read_residuals(cursor: Cursor, draft: Draft) -> None:
    """Read the quantiles; all residuals of a small data set are stepped over."""
    method = "weighted" if cursor.take().text.lstrip().startswith("Weighted") else "response"
    if residuals.starts(cursor):
        residuals.read_quantiles(cursor, draft, method)
        return
    while not cursor.done and not COEFFICIENTS.match(cursor.line.text):
        if CALL.match(cursor.line.text):
            cursor.fail("expected the residuals and `Coefficients:`")
        cursor.take()


def _read_closing(cursor: Cursor, draft: Draft) -> None:
    """Read the lines from the residual standard error to the F statistic."""
    cursor.skip_blank()
    seen = 0
    while matched := next((pair for pair in CLOSING if pair[0].match(_two_lines(cursor))), None):
        _file(cursor, draft, *matched)
        seen += 1
    if not seen:
        line = cursor.ahead(-1)
        draft.problems.append(
            Unread(line.number, line.text, "the output ends here without `Residual standard error:`: was it cut off?")
        )
    values = {number.key.quantity: number.value for number in draft.numbers}
    if "df_residual" in values:
        estimated = sum(n.key.quantity == "estimate" and n.text != "NA" for n in draft.numbers)
        draft.n_obs = int(values["df_residual"]) + estimated


def _two_lines(cursor: Cursor) -> str:
    """The next line, with the one after it where the F statistic is broken."""
    text = cursor.line.text
    return f"{text} {cursor.ahead(1).text.strip()}" if text.rstrip().endswith((",", "p-value:", "and")) else text


def _file(cursor: Cursor, draft: Draft, pattern: re.Pattern[str], keys: dict[str, Key]) -> None:
    text = _two_lines(cursor)
    broken = text != cursor.line.text
    line = cursor.take().number
    match = pattern.match(text)
    if match is None:
        return
    cursor.position += int(broken and match.end() > len(cursor.lines[line - 1].text))
    for name, key in keys.items():
        draft.add(key, numeral(match[name].replace(" ", "")), line)
