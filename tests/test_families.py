"""Families and links as users write them, against R's own families."""

from __future__ import annotations

import pytest

from lmebridge.families import LINKS, OWN_LINKS, Family, family_code, read_family

#: What a user writes, and what it means.
READ = [
    ("binomial", Family("binomial", "logit")),
    ("binomial()", Family("binomial", "logit")),
    ("binomial(link = 'probit')", Family("binomial", "probit")),
    ('binomial("cloglog")', Family("binomial", "cloglog")),
    ("binomial(cauchit)", Family("binomial", "cauchit")),
    (("binomial", "probit"), Family("binomial", "probit")),
    (["Gamma", "log"], Family("Gamma", "log")),
    ("stats::poisson(link = sqrt)", Family("poisson", "sqrt")),
    ("inverse.gaussian", Family("inverse.gaussian", "1/mu^2")),
    ("inverse.gaussian(1/mu^2)", Family("inverse.gaussian", "1/mu^2")),
    ("binomial(identity)", Family("binomial", "identity")),
    ("gaussian(log)", Family("gaussian", "log")),
    ("negative.binomial(2)", Family("negative.binomial", "log", 2.0)),
    ("MASS::negative.binomial(link = 'sqrt', theta = 0.5)", Family("negative.binomial", "sqrt", 0.5)),
]


@pytest.mark.parametrize(("written", "family"), READ)
def test_families_are_read(written, family):
    """R's name, R's text with or without the package, or a pair."""
    assert read_family(written) == family


@pytest.mark.parametrize(("written", "family"), READ)
def test_code_of_a_family_reads_back(written, family):
    """The R code of a family means the same family."""
    assert read_family(family_code(family.family, family.link, family.theta)) == family


#: What is no family, and the words of the error.
WRONG = [
    ("binomal", "the families are binomial, .*; did you mean 'binomial'"),
    ("quasipoisson", '"quasi" families cannot be used in glmer'),
    ("binomial(link = logistic)", "'logistic' link not recognised; the links are logit, probit"),
    ("negative.binomial", "glmer_nb estimates it"),
    ("negative.binomial(theta = -1)", "theta is a number greater than zero"),
    ("negative.binomial(theta = x)", "theta is a number greater than zero"),
    ("poisson(log, 2)", "poisson has the arguments link"),
    ("poisson(", "never closed"),
    (("poisson",), "give a name such as 'poisson', or a pair"),
    (("poisson", 2), "give a name such as 'poisson', or a pair"),
]


@pytest.mark.parametrize(("written", "words"), WRONG)
def test_other_families_are_refused(written, words):
    """The message says what there is."""
    with pytest.raises(ValueError, match=words):
        read_family(written)


@pytest.mark.needs_r
def test_links_are_those_that_r_has(run_r):
    """Each family takes every link of the table by name, and has the one of its own by itself."""
    program = """
    negative.binomial <- function(link = "log") do.call(MASS::negative.binomial, list(theta = 2, link = link))
    takes <- function(name) vapply(links, function(link) do.call(name, list(link = link))$link, "")
    unknown <- try(binomial(link = "logistic"), silent = TRUE)
    list(links = lapply(names, function(name) I(unname(takes(name)))),
         own = lapply(names, function(name) do.call(name, list())$link),
         refused = inherits(unknown, "try-error"), text = MASS::negative.binomial(2.123456)$family)
    """
    answer = run_r(program, names=list(OWN_LINKS), links=list(LINKS))
    assert answer["links"] == [list(LINKS)] * len(OWN_LINKS)
    assert answer["own"] == list(OWN_LINKS.values())
    assert answer["refused"]
    assert Family("negative.binomial", "log", 2.123456).family == answer["text"]
