"""statsmodels' summaries: ``MixedLM.summary()`` from 2015 to today, and ``OLS.summary()``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmebridge.parity.draft import Draft
from lmebridge.parity.keys import Key
from lmebridge.parity.names import r_name
from lmebridge.parity.numerals import Numeral, numeral, split_row, trailing

if TYPE_CHECKING:
    from lmebridge.parity.lines import Cursor
    from lmebridge.parity.outputs import PrintedOutput

MIXED = re.compile(r"\s*Mixed Linear Model Regression Results\s*$")
OLS = re.compile(r"\s*OLS Regression Results\s*$")
RULE = re.compile(r"\s*(?:={5,}|-{5,})\s*$")
HEADER = re.compile(r"\s*(?:Coef\.|coef)\s+(?:Std\.Err\.|std err)\s+(?P<test>[zt])\s+P>\|[zt]\|\s+\[")
#: Fields of the upper and lower tables and the keys of those that are numbers; longest names first.
FIELDS: dict[str, Key | None] = {
    "Dependent Variable:": None,
    "Dep. Variable:": None,
    "Covariance Type:": None,
    "Min. group size:": Key("group_size", method="min"),
    "Max. group size:": Key("group_size", method="max"),
    "Mean group size:": Key("group_size", method="mean"),
    "No. Observations:": Key("n_obs"),
    "No. Groups:": Key("n_groups", "Group"),
    "Prob (F-statistic):": Key("p_value", method="F"),
    "Log-Likelihood:": Key("logLik"),
    "Adj. R-squared:": Key("adj_r_squared"),
    "Jarque-Bera (JB):": Key("diagnostic", term="Jarque-Bera"),
    "Prob(Omnibus):": Key("p_value", method="Omnibus"),
    "Durbin-Watson:": Key("diagnostic", term="Durbin-Watson"),
    "Df Residuals:": Key("df_residual"),
    "F-statistic:": Key("f_statistic"),
    "Likelihood:": Key("logLik"),
    "Prob(JB):": Key("p_value", method="Jarque-Bera"),
    "Cond. No.": Key("condition_number"),
    "R-squared:": Key("r_squared"),
    "Converged:": None,
    "Df Model:": Key("f_df", term="numerator"),
    "Kurtosis:": Key("diagnostic", term="kurtosis"),
    "Omnibus:": Key("diagnostic", term="Omnibus"),
    "Method:": None,
    "Model:": None,
    "Scale:": Key("vcov", "Residual"),
    "Skew:": Key("diagnostic", term="skewness"),
    "Date:": None,
    "Time:": None,
    "AIC:": Key("AIC", method="ML without sigma"),
    "BIC:": Key("BIC", method="ML without sigma"),
}
FIELD = re.compile("|".join(re.escape(name) for name in FIELDS))
COLUMNS = ("estimate", "std_error", "", "p_value", "conf_low", "conf_high")
RANDOM = re.compile(r"(?P<first>.+?)(?: x (?P<second>.+))? (?P<kind>Var|Cov|RE)")
#: statsmodels' name for a grouping factor that was given as an array.
UNNAMED = "Group"
LIMITS = {"conf_low": "2.5 %", "conf_high": "97.5 %"}


def mixed_starts(cursor: Cursor) -> bool:
    """Whether the title of a MixedLM summary comes next."""
    return MIXED.match(cursor.line.text) is not None


def ols_starts(cursor: Cursor) -> bool:
    """Whether the title of an OLS summary comes next."""
    return OLS.match(cursor.line.text) is not None


def read_mixed(cursor: Cursor) -> PrintedOutput:
    """Read a MixedLM summary.

    Raises
    ------
    PrintedOutputError
        If it has no coefficients.
    """
    draft = Draft("MixedLM", "statsmodels MixedLM", cursor.number)
    cursor.take()
    fields = _read_fields(cursor, draft)
    draft.REML = fields.get("Method:") == "REML"
    draft.software += " of 2015" if "Likelihood:" in fields else ""
    draft.response = fields.get("Dependent Variable:")
    if fields.get("Converged:") == "No":
        draft.messages.append("Converged: No")
    _set_method(draft, "REML" if draft.REML else "ML")
    rows = _read_rows(cursor, draft, "Var", "Cov", "RE")
    _file_random(draft, rows)
    if RULE.match(cursor.line.text):
        cursor.take()
    draft.n_groups = {n.key.group: int(n.value) for n in draft.numbers if n.key.quantity == "n_groups"}
    return draft.output(cursor)


def read_ols(cursor: Cursor) -> PrintedOutput:
    """Read an OLS summary.

    Raises
    ------
    PrintedOutputError
        If it has no coefficients.
    """
    draft = Draft("OLS", "statsmodels OLS", cursor.number)
    cursor.take()
    fields = _read_fields(cursor, draft)
    draft.response = fields.get("Dep. Variable:")
    _set_method(draft, "ML")
    _read_rows(cursor, draft)
    if RULE.match(cursor.line.text):
        cursor.take()
        _read_fields(cursor, draft, closing=True)
    if RULE.match(cursor.line.text):
        cursor.take()
    return draft.output(cursor)


def _read_fields(cursor: Cursor, draft: Draft, *, closing: bool = False) -> dict[str, str]:
    """Read lines of ``name: value`` pairs up to the header of the coefficients or the closing rule."""
    fields: dict[str, str] = {}
    if not closing and RULE.match(cursor.line.text):
        cursor.take()
    while not RULE.match(cursor.line.text) and not HEADER.match(cursor.line.text):
        line = cursor.line
        if not (pairs := _pairs(line.text)):
            cursor.fail("expected the fields of a statsmodels summary, then a rule")
        cursor.take()
        fields |= pairs
        for name, value in pairs.items():
            _file_field(draft, name, value, line.number)
    return fields


def _pairs(text: str) -> dict[str, str]:
    found = list(FIELD.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    return {match.group(): text[match.end() : end].strip() for match, end in zip(found, ends, strict=False)}


def _file_field(draft: Draft, name: str, value: str, line: int) -> None:
    key, number = FIELDS[name], numeral(value)
    if key is None or number is None:
        return
    draft.add(key, number, line)
    if key.quantity == "n_obs":
        draft.n_obs = int(number.value)


def _set_method(draft: Draft, method: str) -> None:
    """Say of the log-likelihood which one it is."""
    for place, number in enumerate(draft.numbers):
        if number.key == Key("logLik"):
            draft.numbers[place] = type(number)(Key("logLik", method=method), number.numeral, number.line)


def _read_rows(cursor: Cursor, draft: Draft, *random_kinds: str) -> list[tuple[str, tuple[Numeral, ...], int]]:
    """File the coefficients' rows; return the rows of random effects."""
    if RULE.match(cursor.line.text):
        cursor.take()
    header = HEADER.match(cursor.line.text)
    if header is None:
        cursor.fail("expected the header of the coefficients")
    cursor.take()
    if RULE.match(cursor.line.text):
        cursor.take()
    test, random = header["test"], []
    while not cursor.done and not cursor.line.blank and not RULE.match(cursor.line.text):
        row = split_row(cursor.line.text, len(COLUMNS))
        if row is not None and row[0]:
            _file_coefficient(draft, r_name(row[0]), row[1], test, cursor.take().number)
        elif cursor.line.text.split()[0] and (found := _random_row(cursor.line.text, random_kinds)):
            random.append((*found, cursor.take().number))
        else:
            cursor.fail("expected a coefficient with six numbers, or the rule that closes the table")
    if not draft.terms and not random:
        cursor.fail("expected coefficients")
    return random


def _file_coefficient(draft: Draft, term: str, numbers: tuple[Numeral, ...], test: str, line: int) -> None:
    draft.terms.append(term)
    for quantity, number in zip(COLUMNS, numbers, strict=True):
        method = test if quantity == "p_value" or quantity in LIMITS else ""
        name = quantity or f"{test}_value"
        draft.add(Key(name, term=term, term2=LIMITS.get(name, ""), method=method), number, line)


def _random_row(text: str, kinds: tuple[str, ...]) -> tuple[str, tuple[Numeral, ...]] | None:
    """The name and the estimate, with its standard error where there is one, of a variance or covariance."""
    for count in (2, 1):
        row = split_row(text, count) if trailing(text) >= count else None
        if row is not None and row[0].endswith(tuple(f" {kind}" for kind in kinds)):
            return row
    return None


def _file_random(draft: Draft, rows: list[tuple[str, tuple[Numeral, ...], int]]) -> None:
    """File the rows of variances and covariances under a group and its effects.

    In 2015 the intercept's row was ``Intercept RE``; since then it carries the grouping factor's name, or ``Group``
    where the groups were given as an array. A row named after a fixed effect is a slope.
    """
    names = [match for name, _, _ in rows if (match := RANDOM.fullmatch(name))]
    group = _grouping(draft, names)
    _rename_groups(draft, group)
    for name, numbers, line in rows:
        match = RANDOM.fullmatch(name)
        if match is None:
            continue
        owner, first = _effect(draft, match["first"], group)
        second = _effect(draft, match["second"], group)[1] if match["second"] else ""
        key = Key("vcov", owner, term=first, term2=second)
        draft.add(key, numbers[0], line)
        if len(numbers) > 1:
            draft.add(key._replace(quantity="std_error", method="variance"), numbers[1], line)


def _grouping(draft: Draft, names: list[re.Match[str]]) -> str:
    """The grouping factor's name: the first row that is no intercept's or slope's has it."""
    candidates = [match["first"] for match in names if match["kind"] != "RE"]
    known = {*draft.terms, "(Intercept)"}
    return next((name for name in candidates if r_name(name) not in known), UNNAMED)


def _effect(draft: Draft, name: str, group: str) -> tuple[str, str]:
    """Group and effect of a name in the rows of random effects."""
    if name == group or r_name(name) == "(Intercept)":
        return group, "(Intercept)"
    if r_name(name) in draft.terms:
        return group, r_name(name)
    return name, "(Intercept)"


def _rename_groups(draft: Draft, group: str) -> None:
    for place, number in enumerate(draft.numbers):
        if number.key == Key("n_groups", UNNAMED):
            draft.numbers[place] = type(number)(Key("n_groups", group), number.numeral, number.line)
