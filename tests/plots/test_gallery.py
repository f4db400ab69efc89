"""The gallery page is what its script writes, its code runs, and its pictures are those that the code draws."""

from __future__ import annotations

import importlib.util
import re
import struct
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.needs_source
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def gallery() -> Any:
    """The script that writes the page."""
    spec = importlib.util.spec_from_file_location("write_gallery", PROJECT / "scripts" / "write_gallery.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a PNG file, pixels."""
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return width, height


def test_page_is_the_list_of_examples(gallery: Any) -> None:
    """Every example has its section and no other has; `make docs` writes them."""
    assert gallery.PAGE.read_text(encoding="utf-8") == gallery.page(), "run `make docs`: gallery.md is out of date"
    shown = re.findall(r"!\[.*?\]\(images/(\w+)\.png\)", gallery.page())
    assert shown == [example.name for example in gallery.EXAMPLES]
    assert sorted(path.stem for path in gallery.IMAGES.iterdir()) == sorted(shown)


def test_pictures_are_small_and_undated(gallery: Any) -> None:
    """A picture takes at most 60 kB and holds neither a date nor a version."""
    for path in gallery.IMAGES.iterdir():
        assert path.stat().st_size <= gallery.MOST_BYTES, path.name
        assert not re.search(rb"tEXt|tIME|iTXt", path.read_bytes()), path.name


@pytest.mark.slow
def test_code_runs_and_draws_the_pictures(gallery: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example gives Axes whose figure has the size of the picture on the page, with something in every panel."""
    monkeypatch.setenv("LMEBRIDGE_BACKEND", "native")
    drawn = gallery.figures()
    assert list(drawn) == [example.name for example in gallery.EXAMPLES]
    for name, figure in drawn.items():
        wanted = figure.get_size_inches() * gallery.DPI
        # 1: part of a pixel is rounded away.
        assert size_of(gallery.IMAGES / f"{name}.png") == pytest.approx(wanted, abs=1), f"run `make docs`: {name}.png"
        assert all(ax.lines or ax.collections or ax.patches for ax in figure.axes), name


def test_every_picture_of_the_package_is_shown(gallery: Any) -> None:
    """The gallery has each drawing method of both kinds of model."""
    import lmebridge as lme

    code = "\n".join(example.code for example in gallery.EXAMPLES)
    methods = {
        name for kind in (lme.MerMod, lme.LinearModel) for name in dir(kind) if name.startswith(("plot", "qqmath"))
    }
    assert {name for name in methods if f".{name}(" not in code} == set()
