"""Printing trees against R's ``deparse``."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmebridge.rsyntax import Argument, Call, Constant, Name, call, deparse, names, parse, parse_expression
from tests.rsyntax import r_trees
from tests.rsyntax.programs import VALID

#: As written to as R prints it; each line was compared with R.
PRINTED = {
    "y~log( x )+poly(z,2)": "y ~ log(x) + poly(z, 2)",
    "a*b/c^2:d": "a * b/c^2:d",
    "a%in%b%%c": "a %in% b%%c",
    "-a+!b": "-a + !b",
    "'a'": '"a"',
    "1e5+1e-4+123456+0.1+1L+0x1F": "1e+05 + 1e-04 + 123456 + 0.1 + 1L + 31",
    "x[1,]": "x[1, ]",
    "x$'y'": "x$y",
    "`a b`+`c`": "`a b` + c",
    "function(x)x+1": "function(x) x + 1",
    "if(a)b else c": "if (a) b else c",
    "f(a=1,'b c'=2)": "f(a = 1, `b c` = 2)",
    "x|>f(y)": "f(x, y)",
    "1->a": "a <- 1",
    "{a;b}": "{\n    a\n    b\n}",
    "{if(a)b else{c}}": "{\n    if (a) \n        b\n    else {\n        c\n    }\n}",
}

_A, _B, _C = Name("a"), Name("b"), Name("c")
#: Trees that a program puts together, with the parentheses R's ``deparse`` gives them, as ``bquote`` builds them in R.
BUILT = {
    "bquote(.(quote(a + b)) * c)": (call("*", call("+", _A, _B), _C), "(a + b) * c"),
    "bquote(a - .(quote(b - c)))": (call("-", _A, call("-", _B, _C)), "a - (b - c)"),
    "bquote(.(quote(a^b))^c)": (call("^", call("^", _A, _B), _C), "(a^b)^c"),
    "bquote(a^.(quote(b^c)))": (call("^", _A, call("^", _B, _C)), "a^b^c"),
    "bquote(a:.(quote(b:c)))": (call(":", _A, call(":", _B, _C)), "a:(b:c)"),
    "bquote(.(quote(-a))^b)": (call("^", call("-", _A), _B), "(-a)^b"),
    "bquote(a^.(quote(-b)))": (call("^", _A, call("-", _B)), "a^-b"),
    "bquote(.(quote(a < b)) < c)": (call("<", call("<", _A, _B), _C), "(a < b) < c"),
    "bquote(!.(quote(a & b)))": (call("!", call("&", _A, _B)), "!(a & b)"),
    "bquote(.(quote(a | b)) + c)": (call("+", call("|", _A, _B), _C), "(a | b) + c"),
    "bquote(.(quote(a + b))$c)": (call("$", call("+", _A, _B), _C), "(a + b)$c"),
    "bquote(.(quote(a + b))[c])": (call("[", call("+", _A, _B), _C), "(a + b)[c]"),
    "bquote(.(quote(a %in% b)):c)": (call(":", call("%in%", _A, _B), _C), "(a %in% b):c"),
    "bquote(.(quote(a + b))(c))": (Call(call("+", _A, _B), (Argument(_C),)), "(a + b)(c)"),
    "bquote(.(quote(function(a) a))(c))": (
        Call(parse_expression("function(a) a"), (Argument(_C),)),
        "(function(a) a)(c)",
    ),
    "bquote(`+`(a, b, c))": (call("+", _A, _B, _C), "`+`(a, b, c)"),
    "bquote(-.(quote(a + b)))": (call("-", call("+", _A, _B)), "-(a + b)"),
    "bquote(-.(quote(a * b)))": (call("-", call("*", _A, _B)), "-(a * b)"),
    "bquote(.(quote(-a)) + b)": (call("+", call("-", _A), _B), "-a + b"),
    "bquote(.(quote(!a)) & b)": (call("&", call("!", _A), _B), "!a & b"),
    "bquote(.(quote(if (a) b)) + c)": (call("+", parse_expression("if (a) b"), _C), "(if (a) b) + c"),
    "bquote(a + .(quote(if (a) b)))": (call("+", _A, parse_expression("if (a) b")), "a + if (a) b"),
    "bquote(.(quote(a ~ b)) + c)": (call("+", call("~", _A, _B), _C), "(a ~ b) + c"),
    "bquote(f(.(-1)))": (call("f", Constant(-1.0)), "f(-1)"),
}


@pytest.mark.parametrize(("written", "printed"), PRINTED.items())
def test_printed_as_r_prints_it(written: str, printed: str) -> None:
    """Spaces, quotes, numbers and braces come out as R's."""
    assert "\n".join(map(deparse, parse(written))) == printed


@pytest.mark.parametrize(("tree", "printed"), BUILT.values(), ids=BUILT)
def test_built_trees_get_the_parentheses_they_need(tree: Call, printed: str) -> None:
    """A tree put together by a program prints as the tree it is."""
    assert deparse(tree) == printed


def test_sums_of_thousands_are_printed() -> None:
    """No recursion limits what can be printed."""
    text = " + ".join(f"x{i}" for i in range(5000))
    assert deparse(parse_expression(text)) == text


_NAMES = st.sampled_from(["x", "y1", "a b", "if", ".z"]).map(Name)
_CONSTANTS = st.one_of(
    st.floats(min_value=0, allow_nan=False).map(lambda v: Constant(float(f"{v:.15g}"))),
    st.integers(0, 2**31 - 1).map(Constant),
    st.booleans().map(Constant),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map(Constant),
)
_SIGNS = st.sampled_from(["+", "-", "*", "/", "^", ":", "%in%", "|", "||", "&", "~", "==", "<-", "%%", "::", "f", "["])
_TREES = st.recursive(
    st.one_of(_NAMES, _CONSTANTS),
    lambda parts: st.one_of(
        st.builds(call, _SIGNS.filter(lambda s: s != "::"), parts, parts),
        st.builds(call, st.sampled_from(["-", "!", "~", "(", "log"]), parts),
        st.builds(call, st.just("if"), parts, parts, parts),
    ),
    max_leaves=12,
)


@given(_TREES)
def test_printed_tree_reads_as_r_code(tree: Call) -> None:
    """Whatever is printed can be read, and prints the same again."""
    once = deparse(tree)
    assert deparse(parse_expression(once)) == once


@pytest.mark.parametrize("text", [text for text in VALID if not re.search(r"\di", text)])
def test_what_was_printed_prints_the_same_again(text: str) -> None:
    """Printing settles at once: what is printed reads back as what prints so (but `1i`, a sum in print)."""
    printed = "\n".join(map(deparse, parse(text)))
    assert "\n".join(map(deparse, parse(printed))) == printed


@pytest.fixture(scope="module")
def printed_by_r(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """By program, what R's ``deparse`` prints."""
    printed = r_trees.ask_r(
        "I(vapply(texts, printed, '', USE.NAMES = FALSE))", VALID, tmp_path_factory.mktemp("printed")
    )
    return dict(zip(VALID, printed, strict=True))


@pytest.mark.needs_r
@pytest.mark.parametrize("text", VALID)
def test_prints_what_r_prints(text: str, printed_by_r: dict[str, str]) -> None:
    """Every construct prints as R's ``deparse`` prints it."""
    assert "\n".join(map(deparse, parse(text))) == printed_by_r[text]


@pytest.mark.needs_r
def test_built_trees_print_as_in_r(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Parentheses of trees put together by a program are R's."""
    program = "I(vapply(texts, function(t) deparse(eval(str2lang(t)), 500L, backtick = TRUE), '', USE.NAMES = FALSE))"
    printed = r_trees.ask_r(program, list(BUILT), tmp_path_factory.mktemp("built"))
    assert printed == [deparse(tree) for tree, _ in BUILT.values()]


@pytest.mark.needs_r
def test_names_are_r_s_all_vars(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Variables of every construct are those of R's ``all.vars``."""
    by_r = r_trees.ask_r("I(vapply(texts, variables, '', USE.NAMES = FALSE))", VALID, tmp_path_factory.mktemp("vars"))
    ours = [" ".join(dict.fromkeys(name for tree in parse(text) for name in names(tree))) for text in VALID]
    assert ours == by_r
