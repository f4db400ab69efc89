"""The call of a model as lme4 shows it: formula, data, weights, offset, control, subset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.formula.grouping import expand_effects
from lmebridge.printing.rformat import DEFAULTS, Options, number_text
from lmebridge.printing.rprint import cat_fill
from lmebridge.rsyntax import deparse
from lmebridge.rsyntax.rdeparse import deparse_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmebridge.formula.model_formula import Formula, RandomTerm
    from lmebridge.records import Model


def call_lines(model: Model, data_name: str, options: Options = DEFAULTS, *, control: str | None = None) -> list[str]:
    """The parts of the call, each under its label, in lme4's order.

    Parameters
    ----------
    model : Model
        What was fitted.
    data_name : str
        What the data are called.
    options : Options
        R's options.
    control : str, optional
        R text of the ``control`` argument, empty for none; made from the model by default.

    Returns
    -------
    list of str
        Lines.

    Examples
    --------
    >>> from lmebridge.formula.model_formula import parse_formula
    >>> from lmebridge.records import Model
    >>> print(*call_lines(Model(parse_formula("y ~ (x || g)"), weights="w"), "d"), sep="; ")
    Formula: y ~ ((1 | g) + (0 + x | g));    Data: d; Weights: w
    """
    if control is None:
        control = control_text(model.control, "glmerControl" if model.is_generalized else "lmerControl")
    parts = {"Formula:": kept_formula(model), "   Data:": data_name, "Weights:": model.weights}
    parts |= {" Offset:": model.offset, "Control:": control.removesuffix("lmerControl()")}
    parts |= {" Subset:": model.subset}
    shown = [(label, text) for label, text in parts.items() if text]
    return [line for label, text in shown for line in _labelled(label, text, options)]


def _labelled(label: str, text: str, options: Options) -> list[str]:
    # The data's name need not be R; it is shown as it is.
    lines = [text] if label == "   Data:" else deparse_lines(text)
    return cat_fill([label, *lines], options.width)


def kept_formula(model: Model) -> str:
    """R text of the formula as lme4 keeps it in the model: lmer writes ``||`` out, glmer does not."""
    return model.formula.text if model.is_generalized else single_bars(model.formula)


def single_bars(formula: Formula) -> str:
    """R text of a formula with ``||`` written out, as lme4 keeps a model's formula.

    Parameters
    ----------
    formula : Formula
        A model's formula.

    Returns
    -------
    str
        One R expression; layout as written.

    References
    ----------
    lme4 1.1-31, ``expandDoubleVerts``.

    Examples
    --------
    >>> from lmebridge.formula.model_formula import parse_formula
    >>> single_bars(parse_formula("y ~ x + (0 + x || g)"))
    'y ~ x + ((0 + x | g))'
    """
    text = formula.text
    for term in sorted(formula.random, key=lambda term: term.span, reverse=True):
        if term.covariance == "||":
            text = text[: term.span[0]] + _written_out(term) + text[term.span[1] :]
    return text


def _written_out(term: RandomTerm) -> str:
    group = deparse(term.group)
    bars = [f"({deparse(effects)} | {group})" for effects in expand_effects(term.effects)]
    return f"({' + '.join(bars)})"


def control_text(control: Mapping[str, object], maker: str = "lmerControl") -> str:
    """R text of the ``control`` argument that these options stand for, a call of `maker`; empty where there are none.

    Examples
    --------
    >>> control_text({"optimizer": "bobyqa", "calc_derivs": False, "polish": False})
    'lmerControl(optimizer = "bobyqa", calc.derivs = FALSE)'
    """
    renamed = {r_name(key): value for key, value in control.items() if key != "polish"}
    return f"{maker}({_arguments(renamed)})" if renamed else ""


def r_name(option: str) -> str:
    """An option of `lmerControl` as R spells it: only one has an underscore."""
    return option if option == "restart_edge" else option.replace("_", ".")


def _arguments(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {_r_value(value)}" for key, value in values.items())


def _r_value(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return f"{value}L"
    if isinstance(value, float):
        return number_text(value, 15)
    if isinstance(value, dict):
        return f"list({_arguments(value)})"
    if isinstance(value, (list, tuple)):
        return f"c({', '.join(map(_r_value, value))})"
    return "NULL" if value is None else f'"{value}"'
