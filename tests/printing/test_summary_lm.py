"""The text of linear models where tests/printing/test_summary.py has no print of R's."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from lmebridge.printing.summary_lm import lm_print_text, lm_summary_text

TABLE = pd.DataFrame(
    {"Estimate": [1.5], "Std. Error": [0.5], "t value": [3.0], "Pr(>|t|)": [0.02]}, index=["(Intercept)"]
)
FEW: dict[str, Any] = {
    "call": "lm(formula=y~1,data=d)",
    "coefficients": TABLE,
    "residuals": pd.Series([0.5, -0.5], index=["1", "2"]),
    "sigma": 0.7071068,
    "df_residual": 1,
}
OMITTED = [
    (0, None),
    (1, "  (1 observation deleted due to missingness)"),
    (2, "  (2 observations deleted due to missingness)"),
]


@pytest.mark.parametrize(("count", "line"), OMITTED)
def test_omitted_rows_are_counted(count: int, line: str | None) -> None:
    """R names the number of rows dropped for missing values, in the singular and the plural."""
    found = [text for text in lm_summary_text(**FEW, n_omitted=count).split("\n") if "deleted" in text]
    assert found == ([] if line is None else [line])


def test_few_residuals_are_listed() -> None:
    """Up to five residual degrees of freedom R lists every residual by its row's name (R 4.2.2)."""
    lines = lm_summary_text(**FEW).split("\n")
    assert lines[:8] == ["", "Call:", "lm(formula = y ~ 1, data = d)", "", "Residuals:", "   1    2 ", " 0.5 -0.5 ", ""]


def test_model_without_coefficients_says_so() -> None:
    """R prints a sentence where there is nothing to print."""
    text = lm_print_text(call="lm(formula = y ~ 0)", estimates=pd.Series(dtype=float))
    assert text == "\nCall:\nlm(formula = y ~ 0)\n\nNo coefficients\n"
