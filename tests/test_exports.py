"""What each module offers: its `__all__` is sorted, without doubles, and true."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("oversight", "blocker", "agents", "oversight_ui", "experiments")


def offers_nothing(path: Path) -> bool:
    """A command, or a package that holds nothing but its docstring."""
    return path.name == "__main__.py" or len(ast.parse(path.read_text()).body) <= 1


MODULES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if not offers_nothing(path)
)


def named(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def isort_key(name: str) -> tuple[int, list[tuple[str, int]]]:
    """As ruff's RUF022 sorts: constants, classes, the rest; numbers within names by value."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    parts = re.findall(r"(\D+)|(\d+)", name)
    return kind, [(text, int(number or 0)) for text, number in parts]


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_what_a_module_offers_is_there_sorted_and_once(path: Path) -> None:
    module = importlib.import_module(named(path))
    offered = module.__all__
    assert isinstance(offered, list)
    assert offered == sorted(set(offered), key=isort_key)
    missing = [name for name in offered if not hasattr(module, name)]
    assert missing == []


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_what_a_module_offers_is_public(path: Path) -> None:
    offered = set(importlib.import_module(named(path)).__all__)
    assert not {name for name in offered if name.startswith("_")}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_offers_only_what_its_modules_offer(package: str) -> None:
    top = importlib.import_module(package)
    for name in getattr(top, "__all__", []):
        thing = getattr(top, name)
        home = getattr(thing, "__module__", None)
        if home is None or not home.startswith(package):
            continue  # a constant, or a type alias of the standard library
        assert name in importlib.import_module(home).__all__, f"{home} does not offer {name}"


def test_the_order_is_ruffs() -> None:
    names = ["to_rgb", "Gate", "GAMES", "PALETTE_RGB", "AtariGame", "agent_reward", "PALETTE_GREY"]
    assert sorted(names, key=isort_key) == [
        "GAMES",
        "PALETTE_GREY",
        "PALETTE_RGB",
        "AtariGame",
        "Gate",
        "agent_reward",
        "to_rgb",
    ]
