"""Every kind of formula and of data gives its pictures, drawn to the end without a warning."""

from __future__ import annotations

import pytest

from lmebridge.errors import PictureError
from tests.fits import fit

#: Cases whose models are each of a kind of their own.
CASES = (
    *("machines_factor", "na_exclude", "offset_argument"),
    *("everything", "backticks", "rank_deficient_factor"),
)
PICTURES = ("plot", "plot_fitted", "plot_ranef", "plot_by_group", "qqmath", "qqmath_ranef", "plot_groups")


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_pictures_are_drawn(case: str) -> None:
    """All seven; group lines alone may be refused, where there is no numeric predictor to draw them over."""
    model = fit(case, "native")
    for name in PICTURES:
        try:
            drawn = getattr(model, name)()
        except PictureError as refusal:
            if name == "plot_groups" and "no numeric predictor" in str(refusal):
                continue
            raise
        axes = list(drawn.values()) if isinstance(drawn, dict) else [drawn]
        axes[0].figure.draw_without_rendering()
        for ax in axes:
            shown = [text for text in (*ax.get_xticklabels(), *ax.get_yticklabels()) if text.get_text()]
            assert len(shown) <= 150, f"{name} of {case} names {len(shown)} levels"
