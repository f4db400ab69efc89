"""Records made of what r/printed.R writes, and the texts rebuilt from them, for the tests of printing."""

from __future__ import annotations

import difflib
import math
from typing import Any

import numpy as np
import pandas as pd

from lmebridge.formula.model_formula import parse_formula
from lmebridge.printing.rformat import Options
from lmebridge.printing.rprint import ranef_text
from lmebridge.printing.summary import anova_heading, anova_text, print_text, summary_text, varcorr_text
from lmebridge.printing.summary_lm import lm_print_text, lm_summary_text
from lmebridge.records import Convergence, Fit, Message, Model, Source


def value(vector: list[Any] | None) -> Any:
    """The only element of an R vector, or None for NULL."""
    return plain(vector)[0] if vector else None


def plain(vector: list[Any]) -> list[Any]:
    """An R vector with NaN and the infinities as floats; NA stays None."""
    return [float(item[".number"]) if isinstance(item, dict) else item for item in vector]


def numbers(vector: list[Any]) -> np.ndarray:
    """A numeric R vector, NA and NaN alike as NaN."""
    return np.array([math.nan if item is None else item for item in plain(vector)], dtype=float)


def fit_record(entry: dict[str, Any]) -> Fit:
    """The record of a mixed model that r/printed.R has written."""
    names = entry["names"] or []
    columns = {"Estimate": numbers(entry["estimate"]), "Std. Error": numbers(entry["std_error"])}
    measured = {name: numbers(entry["variance"][name]) for name in ("vcov", "sdcor")}
    variance = {**entry["variance"], **measured}
    covariance = numbers(entry["covariance"]).reshape(len(names), len(names))
    return Fit(
        model=model_record(entry),
        fixed=pd.DataFrame(columns, index=pd.Index(names, dtype=object)),
        fixed_covariance=pd.DataFrame(covariance, index=names, columns=names),
        variance=pd.DataFrame(variance),
        blocks=(),
        theta=numbers(entry["theta"]),
        sigma=value(entry["sigma"]),
        criterion=value(entry["criterion"]),
        n_obs=int(value(entry["n_obs"])),
        n_groups=dict(zip(entry["groups"], map(int, entry["n_groups"]), strict=True)),
        convergence=convergence_record(entry),
        source=Source("golden", "lme4"),
        dropped=tuple(entry["dropped"]),
    )


def model_record(entry: dict[str, Any]) -> Model:
    """What was fitted, with the formula as the user wrote it."""
    parts = {name: value(entry[name]) for name in ("REML", "weights", "offset", "subset")}
    return Model(parse_formula(value(entry["written"]), trust=True), **parts)


def convergence_record(entry: dict[str, Any]) -> Convergence:
    """How the optimization ended, with its messages in the order lme4 keeps them."""
    singular = [Message("singular" if "singular" in text else "convergence", text) for text in entry["lme4_messages"]]
    others = [Message("convergence", text) for text in entry["optimizer_warnings"]]
    columns = [Message("note", text) for text in entry["column_warnings"]]
    code, status = value(entry["code"]), value(entry["status"]) or ""
    return Convergence(value(entry["optimizer"]), code, status, messages=(*columns, *singular, *others))


def options_of(printed: dict[str, Any]) -> tuple[Options, int | None]:
    """R's options under which a text was printed, and the `digits` argument."""
    argument = value(printed.get("argument"))
    options = Options(int(value(printed["digits"])), int(value(printed["width"])))
    return options, None if argument is None else int(argument)


def mixed_texts(entry: dict[str, Any], printed: dict[str, Any]) -> dict[str, str]:
    """The texts of a mixed model rebuilt, by the name R's are kept under."""
    fit, (options, digits) = fit_record(entry), options_of(printed)
    named: dict[str, Any] = {"data_name": value(entry["data"]), "digits": digits, "options": options}
    full = {**named, "residual_quantiles": numbers(entry["quantiles"]), "control": value(entry["control"]) or ""}
    return {
        "summary": summary_text(fit, **full),
        "with_correlation": summary_text(fit, correlation=True, **full),
        "print": print_text(fit, **named),
        "varcorr": varcorr_text(fit.variance, digits=digits, options=options),
    }


def linear_texts(entry: dict[str, Any], printed: dict[str, Any]) -> dict[str, str]:
    """The texts of a linear model rebuilt."""
    options, digits = options_of(printed)
    names = ["Estimate", "Std. Error", "t value", "Pr(>|t|)"]
    columns = dict(zip(names, map(numbers, entry["table"].values()), strict=True))
    table = pd.DataFrame(columns, index=pd.Index(entry["names"], dtype=object), dtype=float)
    f_statistic = entry["f_statistic"] and numbers(entry["f_statistic"])
    call = value(entry["call"])
    text = lm_summary_text(
        call=call,
        coefficients=table,
        residuals=pd.Series(numbers(entry["residuals"]), index=entry["rows"]),
        f_statistic=None if f_statistic is None else (f_statistic[0], int(f_statistic[1]), int(f_statistic[2])),
        digits=digits,
        options=options,
        **{name: number_or_nan(entry[name]) for name in ("sigma", "r_squared", "adj_r_squared", "p_value")},
        **{name: int(value(entry[name])) for name in ("df_residual", "n_omitted")},
        weighted=bool(value(entry["weighted"])),
    )
    return {
        "summary": text,
        "print": lm_print_text(call=call, estimates=table["Estimate"], digits=digits, options=options),
    }


def number_or_nan(vector: list[Any] | None) -> float:
    """A number, NaN where R has NULL, NA or NaN."""
    return float(numbers(vector)[0]) if vector else math.nan


def anova_texts(entry: dict[str, Any], printed: dict[str, Any]) -> dict[str, str]:
    """The text of a comparison of models rebuilt, its heading from the formulas."""
    options, digits = options_of(printed)
    columns = dict(zip(entry["columns"], map(numbers, entry["table"].values()), strict=True))
    table = pd.DataFrame(columns, index=entry["models"])
    formulas = {name: value(text) for name, text in entry["formulas"].items()}
    data, subset = heading_part(entry, "Data: "), heading_part(entry, "Subset: ")
    heading = anova_heading(formulas, data or "", subset)
    return {"anova": anova_text(table, heading, digits=digits, options=options)}


def heading_part(entry: dict[str, Any], label: str) -> str | None:
    """What stands behind a label above an anova table."""
    return next((line.removeprefix(label) for line in entry["heading"] if line.startswith(label)), None)


def modes_texts(entry: dict[str, Any], printed: dict[str, Any]) -> dict[str, str]:
    """The text of the conditional modes rebuilt."""
    options, _ = options_of(printed)
    frames = {group: modes_frame(modes) for group, modes in entry["modes"].items()}
    return {"ranef": ranef_text(frames, conditional=bool(value(entry["conditional"])), options=options)}


def modes_frame(modes: dict[str, Any]) -> pd.DataFrame:
    """The modes of one grouping factor."""
    values = np.column_stack([numbers(column) for column in modes["values"]])
    return pd.DataFrame(values, index=modes["levels"], columns=modes["columns"])


TEXTS = {"lmer": mixed_texts, "lm": linear_texts, "anova": anova_texts, "ranef": modes_texts}


def differences(case: dict[str, Any]) -> list[str]:
    """Lines of a rebuilt text that are not R's, each with R's; empty when all texts are R's."""
    found = []
    for printed in case["printed"]:
        for name, text in TEXTS[value(case["kind"])](case["fit"], printed).items():
            expected = "\n".join(printed[name])
            if text.split("\n") != expected.split("\n"):
                found.append(difference(f"{name} under {options_of(printed)}", expected, text))
    return found


def difference(title: str, expected: str, got: str) -> str:
    """A diff that shows trailing blanks."""
    lines = difflib.unified_diff(expected.split("\n"), got.split("\n"), "R", "lmebridge", lineterm="", n=1)
    return "\n".join([title, *(f"{line}|" for line in lines)])
