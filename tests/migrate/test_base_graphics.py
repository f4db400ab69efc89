"""R's own pictures in matplotlib: the code, and that it draws."""

from __future__ import annotations

import pytest

from lmebridge.migrate import translate
from tests.cases import data

plt = pytest.importorskip("matplotlib.pyplot")

START = """
library(lme4)
d <- read.csv("d.csv")
m <- lmer(Reaction ~ Days + (Days | Subject), d)
linear <- lm(Reaction ~ Days, d)
re <- ranef(m, condVar = TRUE)
"""
CASES = {
    "hist(d$Reaction)": 'plt.hist(d["Reaction"].dropna(), bins="sturges")',
    'hist(resid(m), breaks = 20, col = "grey")': 'plt.hist(m.residuals().dropna(), bins=20, color="#BEBEBE")',
    'plot(d$Days, d$Reaction, pch = 16, main = "All")': 'plt.scatter(d["Days"], d["Reaction"], marker="o")',
    "plot(Reaction ~ Days, data = d)": 'plt.scatter(d["Days"], d["Reaction"])',
    "plot(Reaction ~ Days, d)": 'plt.scatter(d["Days"], d["Reaction"])',
    'plot(d$Days, d$Reaction, type = "l", lty = 2)': 'plt.plot(d["Days"], d["Reaction"], linestyle="dashed")',
    "plot(fitted(m), residuals(m)); abline(h = 0, lty = 2)": 'plt.axhline(0, linestyle="dashed")',
    "abline(v = mean(d$Days))": 'plt.axvline(d["Days"].mean(skipna=False))',
    "abline(a = 1, b = 2)": "plt.axline((0, 1), slope=2)",
    'abline(linear, col = "red")': 'plt.axline((0, linear.coef().iloc[0]), slope=linear.coef().iloc[1], color="red")',
    "boxplot(Reaction ~ Days, data = d)": 'd.boxplot(column="Reaction", by="Days", ax=plt.gca())',
    "boxplot(d$Reaction)": 'plt.boxplot(d["Reaction"].dropna())',
    "boxplot(residuals(m) ~ d$Subject)": (
        'pd.DataFrame({"y": m.residuals(), "Subject": d["Subject"]}).boxplot(column="y", by="Subject", ax=plt.gca())'
    ),
    "qqnorm(residuals(m)); qqline(residuals(m))": "stats.probplot(m.residuals().dropna(), plot=plt)",
    "interaction.plot(d$Days, d$Subject, d$Reaction)": (
        'd["Reaction"].groupby([d["Days"], d["Subject"]], observed=True).mean().unstack().plot()'
    ),
    "par(mfrow = c(1, 2)); hist(d$Days); hist(d$Reaction)": "plt.subplot(1, 2, 2)",
    'plot(d$Days, d$Reaction); legend("topleft", legend = c("a", "b"), col = c("red", "blue"), lty = 1:2)': (
        'plt.Line2D([], [], color="blue", linestyle="dashed", label="b")'
    ),
    "plot(m)": "m.plot()",
    "plot(linear)": "linear.plot()",
    "lattice::dotplot(re)": "m.plot_ranef()",
    "lattice::dotplot(ranef(m))": "m.plot_ranef()",
    "lattice::qqmath(ranef(m))": "m.qqmath_ranef()",
    'png("x.png"); hist(d$Days); dev.off()': 'plt.savefig("x.png")',
}
LEFT = {
    "plot(density(d$Days))": "no translation",
    "plot(factor(d$Subject), d$Days)": "boxplot",
    'legend(1, 2, c("a", "b"))': "legend at a point",
    "hist(d$Days, col = 3)": "colours that are computed or numbered",
    "coplot(Reaction ~ Days | Subject, d)": "`coplot` has no translation",
    "old <- par(mfrow = c(1, 2))": "old settings",
}


@pytest.mark.parametrize(("r", "python"), CASES.items())
def test_pictures_become_matplotlib(r, python):
    """A picture becomes the statement that a person would write."""
    found = translate(START + r)
    assert [str(each) for each in found.leftovers] == []
    flat = "".join(found.python.split()).replace(",)", ")").replace(",]", "]")
    assert "".join(python.split()) in flat


@pytest.mark.parametrize(("r", "reason"), LEFT.items())
def test_what_cannot_be_drawn_stays_with_its_reason(r, reason):
    """No picture is lost silently."""
    found = translate(START + r)
    assert len(found.leftovers) == 1
    assert reason in found.leftovers[0].reason


def test_every_picture_draws(tmp_path, monkeypatch):
    """All of them in one script run and draw."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LMEBRIDGE_BACKEND", "native")
    data("sleepstudy").to_csv("d.csv", index=False)
    monkeypatch.setattr(plt, "show", lambda: None)
    found = translate(START + "\n".join(CASES))
    assert found.leftovers == ()
    try:
        with plt.rc_context({"figure.max_open_warning": 0}):
            exec(compile(found.python, "migrated", "exec"), {})
        assert len(plt.get_fignums()) > len(CASES) / 2
        assert (tmp_path / "x.png").stat().st_size > 1000
    finally:
        plt.close("all")
