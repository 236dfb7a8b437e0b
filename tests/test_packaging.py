"""The wheel holds what it should, the pins are whole, and `make setup` says what is missing."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("agents", "blocker", "experiments", "oversight", "oversight_ui")


# ------------------------------------------------------------------------------------- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this tree, built from a copy so that nothing is left behind in it."""
    tree = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
        shutil.copytree(ROOT / package, tree / package, ignore=ignored)
    for folder in ("tests/oversight", "benchmarks", "docs"):
        (tree / folder).mkdir(parents=True)
        (tree / folder / "stray.py").write_text("")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tree / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


def _metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    return HeaderParser().parsestr(wheel.read(name).decode())


def test_the_wheel_holds_the_five_packages_whole(wheel: zipfile.ZipFile) -> None:
    files = {n for n in wheel.namelist() if ".dist-info/" not in n}
    sources = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }
    markers = {f"{package}/py.typed" for package in PACKAGES}
    assert files == sources | markers | {"oversight/measured.json"}


def test_the_wheel_has_its_licence_and_metadata(wheel: zipfile.ZipFile) -> None:
    assert any(n.endswith(".dist-info/licenses/LICENSE") for n in wheel.namelist())
    fields = _metadata(wheel)
    assert fields["Name"] == "hirl"
    assert fields["License"] == "MIT"
    assert SpecifierSet(fields["Requires-Python"]) == SpecifierSet(">=3.11,<3.14")
    extras = fields.get_all("Provides-Extra")
    assert sorted(extras) == ["dev", "explain", "minari", "pyarrow", "ray"]


def test_the_wheel_asks_for_no_pins(wheel: zipfile.ZipFile) -> None:
    """Exact versions belong in constraints.txt: who installs a wheel has other packages too."""
    asked = [Requirement(text) for text in _metadata(wheel).get_all("Requires-Dist", [])]
    assert asked
    assert [str(r) for r in asked if any(s.operator == "==" for s in r.specifier)] == []


# -------------------------------------------------------------------------------------- the pins


def _pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins), "a pin is not exact"
    named = [pin.split("==") for pin in pins]
    assert len({canonicalize_name(name) for name, _ in named}) == len(pins), "pinned twice"
    return {canonicalize_name(name): Version(version) for name, version in named}


def _declared() -> list[Requirement]:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    texts = config["options"]["install_requires"] + config["options.extras_require"]["dev"]
    lines = [line.strip() for line in texts.splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def _with_what_they_need(wanted: list[Requirement]) -> dict[str, str]:
    """Installed versions of these and of all that they need on this machine, by name."""
    versions: dict[str, str] = {}
    waiting, seen = list(wanted), set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        distribution = metadata.distribution(requirement.name)
        versions[name] = distribution.version
        extras = requirement.extras or {""}
        for text in distribution.requires or []:
            needed = Requirement(text)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed)
    return versions


def test_pins_meet_what_setup_cfg_asks_for() -> None:
    pins = _pins()
    for requirement in _declared():
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier, requirement
    assert pins["torch"] == Version("2.13.0")


# torch pins its own GPU libraries, exactly, and only where it needs them.
GPU_LIBRARIES = re.compile(r"nvidia-|cuda-|triton")


def test_pins_are_whole_and_none_is_idle() -> None:
    wanted = _with_what_they_need(_declared())
    needed = {name for name in wanted if GPU_LIBRARIES.match(name) is None}
    assert needed == set(_pins())


def test_no_package_that_brings_another_pygame() -> None:
    assert "pygame-ce" not in _with_what_they_need(_declared())


# ------------------------------------------------------------------------------------- the setup


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What `make setup` reads, in a folder of its own, and a folder `bin` to fake programs in."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup.sh", tmp_path / "tools" / "setup.sh")
    for name in ("Makefile", "setup.cfg", "pyproject.toml", "constraints.txt", "README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    return tmp_path


def _fake(tree: Path, name: str, script: str) -> Path:
    program = tree / "bin" / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def _setup(tree: Path, *, python: Path | str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    return subprocess.run(
        ["make", "setup", f"PYTHON={python}"],
        cwd=tree,
        env=clean | {"PIP_CONFIG_FILE": os.devnull} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of setup's own on standard error."""
    assert done.returncode != 0
    (line,) = (x for x in done.stderr.splitlines() if x.startswith("setup: "))
    return line


def test_setup_says_that_python_is_too_old(tree: Path) -> None:
    old = _fake(tree, "old", 'case "$2" in *platform*) echo 3.10.4;; *) exit 1;; esac')
    reason = _reason(_setup(tree, python=old))
    assert "Python 3.11, 3.12 or 3.13 is missing" in reason
    assert "is: 3.10.4" in reason


def test_setup_says_that_python_is_missing(tree: Path) -> None:
    reason = _reason(_setup(tree, python=tree / "bin" / "nothing"))
    assert "Python 3.11, 3.12 or 3.13 is missing" in reason
    assert "is: none" in reason


def test_setup_says_that_venv_is_missing(tree: Path) -> None:
    bare = _fake(tree, "bare", 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac')
    assert "the venv module of" in _reason(_setup(tree, python=bare))


def test_setup_says_that_the_network_is_missing(tree: Path) -> None:
    nowhere = "http://127.0.0.1:9/simple"  # port 9 is "discard": nothing answers
    done = _setup(tree, python=sys.executable, PIP_INDEX_URL=nowhere, PIP_RETRIES="0")
    assert "the network is missing" in _reason(done)
    assert not (tree / ".venv" / ".dev").exists()


def test_a_second_setup_does_nothing_until_the_pins_change(tree: Path) -> None:
    (tree / ".venv").mkdir()
    later = (tree / "setup.cfg").stat().st_mtime + 10
    for stamp in (".runtime", ".dev"):
        (tree / ".venv" / stamp).touch()
        os.utime(tree / ".venv" / stamp, (later, later))
    nothing = tree / "bin" / "nothing"
    assert _setup(tree, python=nothing).returncode == 0
    os.utime(tree / "constraints.txt", (later + 10, later + 10))
    assert _setup(tree, python=nothing).returncode != 0


def test_make_run_hands_its_arguments_on(tree: Path) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "run", "ARGS=--quick --overseer simulated"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ".venv/bin/python -m experiments demo --quick --overseer simulated" in done.stdout
