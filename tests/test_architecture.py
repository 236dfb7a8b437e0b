"""The floors, checked by reading the imports: down only, never sideways, never up."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = {"oversight": 1, "blocker": 2, "agents": 2, "oversight_ui": 2, "experiments": 3}
"""Package -> floor."""
NOT_IN = {
    "oversight": {"torch", "stable_baselines3", "sb3_contrib", "pygame", "zmq"},
    "blocker": {"stable_baselines3", "sb3_contrib", "pygame", "zmq"},
    "agents": {"pygame", "zmq"},
    "oversight_ui": {"torch", "stable_baselines3", "sb3_contrib"},
}
"""Third parties that a floor does without: a headless server needs no pygame, a window no torch."""
DISPLAYS = {"canvas.py", "gamepad.py", "paint.py", "sounds.py", "view.py", "window.py"}
"""The modules of oversight_ui that may know pygame; the last alone opens the display."""
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
LONGEST = 320
"""Lines that a module may have."""


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


EVERY_MODULE = [path for package in FLOORS for path in modules(package)]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Full names of what a module imports, wherever it does so, with the line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)}:{node.lineno}: imports are absolute"
            assert node.module is not None
            yield node.module, node.lineno


def top_levels(path: Path) -> set[str]:
    return {name.split(".")[0] for name, _ in imports(path)}


@pytest.mark.parametrize("path", EVERY_MODULE, ids=named)
def test_imports_go_down(path: Path) -> None:
    mine = path.relative_to(ROOT).parts[0]
    neighbours = {
        package for package, floor in FLOORS.items() if package != mine and floor >= FLOORS[mine]
    }
    assert not top_levels(path) & neighbours


@pytest.mark.parametrize("path", EVERY_MODULE, ids=named)
def test_a_floor_does_without_what_belongs_higher_up(path: Path) -> None:
    assert not top_levels(path) & NOT_IN.get(path.relative_to(ROOT).parts[0], set())


@pytest.mark.parametrize("path", modules("oversight_ui"), ids=named)
def test_only_the_display_knows_pygame(path: Path) -> None:
    assert path.name in DISPLAYS or "pygame" not in top_levels(path)


def test_one_file_opens_the_display() -> None:
    opening = [
        path.name
        for path in EVERY_MODULE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "set_mode"
    ]
    assert opening == ["window.py"]


@pytest.mark.parametrize("path", EVERY_MODULE, ids=named)
def test_nothing_is_unpickled(path: Path) -> None:
    assert not top_levels(path) & PICKLES
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"torch.load", "torch.save"}, f"{named(path)}:{node.lineno}"
            if called in {"np.load", "numpy.load"}:
                pickled = [k for k in node.keywords if k.arg == "allow_pickle"]
                assert all(ast.unparse(k.value) == "False" for k in pickled)


@pytest.mark.parametrize("path", EVERY_MODULE, ids=named)
def test_no_module_is_longer_than_one_can_keep_in_mind(path: Path) -> None:
    lines = path.read_text().count("\n")
    assert lines <= LONGEST


@pytest.mark.parametrize("package", FLOORS)
def test_each_package_is_the_one_of_this_repository(package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).resolve() == (ROOT / package / "__init__.py").resolve()


@pytest.mark.parametrize("package", FLOORS)
def test_each_package_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_every_package_has_a_floor() -> None:
    here = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert here == set(FLOORS)


def test_the_checks_can_fail(tmp_path: Path) -> None:
    module = tmp_path / "late.py"
    module.write_text("def f():\n    import torch.nn\n    from pygame import display\n")
    assert top_levels(module) == {"torch", "pygame"}
