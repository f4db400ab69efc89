"""Which backend fits a model, and what is said when it is not the first choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import lmebridge as lme
from lmebridge.backends import REGISTRY, native, statsmodels
from lmebridge.backends.contract import Status
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model
from lmebridge.selection import BACKEND_VARIABLE, choose
from tests.cases import data

if TYPE_CHECKING:
    from collections.abc import Iterator

SIMPLE = Model(parse_formula("y ~ x + (1 | g)"))
#: MixedLM has one block of correlated effects, so slopes beside a crossed factor are beyond it.
BEYOND_MIXEDLM = Model(parse_formula("y ~ x + (x | g) + (1 | h)"))


@pytest.fixture(autouse=True)
def no_default(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test starts from the default order."""
    monkeypatch.delenv(BACKEND_VARIABLE, raising=False)
    yield
    lme.set_backend(None)


@pytest.fixture
def without_r(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which lme4 cannot be used."""
    from lmebridge.backends import lme4

    missing = Status(usable=False, reason="R is not installed", remedy="Install R.")
    monkeypatch.setattr(lme4, "status", lambda: missing)


@pytest.mark.needs_r
def test_lme4_comes_first() -> None:
    """Where R is there, lme4 fits and nothing is said."""
    assert choose(SIMPLE, None).name == "lme4"


def test_statsmodels_comes_second_and_says_why(without_r: None) -> None:
    """One warning names what fits, why, and how to get lme4."""
    with pytest.warns(
        lme.FallbackWarning, match=r"^Fitted by the statsmodels backend\. .*R is not installed\. Install R\.$"
    ):
        assert choose(SIMPLE, None).name == "statsmodels"


def test_native_fits_what_statsmodels_cannot(without_r: None) -> None:
    """The warning names the term that MixedLM cannot express."""
    with pytest.warns(lme.FallbackWarning, match=r"native.*`.*`") as caught:
        assert choose(BEYOND_MIXEDLM, None).name == "native"
    assert len(caught) == 1


def test_a_named_backend_does_not_fall_back(without_r: None) -> None:
    """Who names a backend gets it or an error."""
    with pytest.raises(lme.BackendUnavailable, match="R is not installed"):
        choose(SIMPLE, "lme4")
    with pytest.raises(lme.UnsupportedByBackend, match="statsmodels backend cannot fit"):
        choose(BEYOND_MIXEDLM, "statsmodels")


def test_default_backend_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call wins over set_backend, set_backend over the environment."""
    monkeypatch.setenv(BACKEND_VARIABLE, "statsmodels")
    assert choose(SIMPLE, None) is statsmodels
    lme.set_backend("native")
    assert choose(SIMPLE, None) is native
    assert choose(SIMPLE, "statsmodels") is statsmodels


@pytest.mark.parametrize("wrong", [lambda: lme.set_backend("lmer"), lambda: choose(SIMPLE, "lmer")])
def test_unknown_backend_names_those_there_are(wrong: object) -> None:
    """A misspelt backend is answered with the right names."""
    with pytest.raises(ValueError, match="'lme4', 'pymer4', 'statsmodels', 'native'"):
        wrong()


def test_table_of_backends_has_every_backend() -> None:
    """backends() says of each whether it can be used, and how to get it if not."""
    table = lme.backends()
    assert list(table.index) == list(REGISTRY)
    assert table.loc["native", "usable"]
    assert (table["usable"] | (table["how to fix it"] != "")).all()


def test_a_limit_that_only_the_data_show_is_fallen_back_from(without_r: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend may find out while fitting that it cannot; the next one fits then, unless it was named."""

    def refuse(*_: object) -> None:
        raise lme.UnsupportedByBackend("too many levels")

    monkeypatch.setattr(statsmodels, "fit", refuse)
    frame = data("sleepstudy")
    with pytest.warns(lme.FallbackWarning, match="native backend.*too many levels"):
        fit = lme.lmer("Reaction ~ Days + (1 | Subject)", frame)
    assert fit.backend.startswith("lmebridge")
    with pytest.raises(lme.UnsupportedByBackend, match="too many levels"):
        lme.lmer("Reaction ~ Days + (1 | Subject)", frame, backend="statsmodels")
