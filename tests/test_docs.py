"""The documents say what is: links, pictures, commands, programs, keys, columns and figures."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.phases import open_log
from experiments.rundir import RunState
from experiments.settings import RunSettings
from experiments.summary import summarise
from oversight.log import schema
from oversight_ui.keymap import DEFAULT_KEYS
from oversight_ui.naming.keys import CARD_KEYS
from oversight_ui.naming.keys import KEYS as NAMING_KEYS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
OWN = "experiments|blocker|agents|oversight_ui|oversight"


def _name(document: Path) -> str:
    return str(document.relative_to(ROOT))


def _table_words(text: str) -> set[str]:
    """Everything in `code` in the first column of a document's tables."""
    firsts = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {word for first in firsts for word in re.findall(r"`([^`]+)`", first)}


def _section(text: str, heading: str) -> str:
    """A section's own text, up to the next heading."""
    return text.split(f"{heading}\n", 1)[1].split("\n## ", 1)[0]


# --------------------------------------------------------------------------- links and pictures


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_links_and_pictures_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    own = [target for target in targets if "://" not in target]
    assert [target for target in own if not (document.parent / target).exists()] == []


def test_every_page_can_be_found_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text())
        waiting += [(page.parent / link).resolve() for link in links if "://" not in link]
    assert reached >= set(DOCUMENTS)


# ------------------------------------------------------------------------------------- commands


def _commands() -> list[tuple[str, ...]]:
    """Each `python -m package command` that a document names, once, with the flags named there."""
    found: dict[tuple[str, ...], set[str]] = {}
    for document in DOCUMENTS:
        for line in document.read_text().splitlines():
            for match in re.finditer(rf"python -m ({OWN}) ([a-z]+(?:-[a-z]+)*)([^`#|]*)", line):
                flags = re.findall(r"(--[a-z][a-z-]+)", match[3])
                words = [
                    match[2],
                    *re.findall(r"^ ([a-z]+)", match[3] if match[2] == "log" else ""),
                ]
                found.setdefault((match[1], " ".join(words)), set()).update(flags)
            for arguments in re.findall(r'make run ARGS="([^"]*)"', line):
                flags = re.findall(r"(--[a-z][a-z-]+)", arguments)
                found.setdefault(("experiments", "demo"), set()).update(flags)
    return [(*command, *sorted(flags)) for command, flags in sorted(found.items())]


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_commands_and_their_flags_exist(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    package, name, *flags = command
    # In this process: each of its own would load torch anew.
    main = importlib.import_module(f"{package}.__main__").main
    try:
        status = main([*name.split(), "--help"])
    except SystemExit as end:
        status = end.code
    said = capsys.readouterr()
    assert not status, said.err
    assert [flag for flag in flags if flag not in said.out] == []


@pytest.mark.parametrize("package", sorted({command[0] for command in _commands()}))
def test_packages_run_as_programs(package: str) -> None:
    command = [sys.executable, "-m", package, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout.lower()


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "".join(document.read_text() for document in DOCUMENTS)
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert {"run", "test", "check", "setup"} <= named
    assert named <= targets


# ------------------------------------------------------------------------------------- programs


PROGRAMS = [
    pytest.param(document, program, id=f"{document.stem}-{number}")
    for document in DOCUMENTS
    for number, program in enumerate(
        re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL), start=1
    )
]


@pytest.mark.parametrize(("document", "program"), PROGRAMS)
def test_programs_run_and_print_what_the_page_says(document: Path, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after = document.read_text().split(program, 1)[1].split("```python", 1)[0]
    said = re.findall(r"prints\s`([^`]*?)(?:, \.\.\.\))?`", after)
    assert [line for line in said if line not in done.stdout] == [], done.stdout


# ------------------------------------------------------------------------------ tables of facts


def test_the_guide_names_every_key() -> None:
    text = (ROOT / "docs" / "overseer_guide.md").read_text()
    named = {word.lower() for word in _table_words(_section(text, "## Keys"))}
    number_pad = {key for key in DEFAULT_KEYS if key.startswith(("[", "pad "))}
    assert named == set(DEFAULT_KEYS) - number_pad


def test_the_page_on_naming_names_every_key_of_its_window() -> None:
    text = (ROOT / "docs" / "naming.md").read_text()
    rows = _section(text, "## At the window").split("| key | does |", 1)[1].split("\n\n", 1)[0]
    keys = {word.lower() for row in rows.splitlines() for word in re.findall(r"`([^`]+)`", row)}
    spelled = keys | {str(digit) for digit in range(2, 9)}  # "1 to 9"
    assert spelled == {*CARD_KEYS, *NAMING_KEYS}


def test_the_log_has_the_tables_and_columns_that_its_page_names() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    page = _section(text, "## The intervention log")
    for table in schema.metadata.sorted_tables:
        start = page.split(f"**`{table.name}`**", 1)[1].split("\n**`", 1)[0]
        missing = [column.name for column in table.columns if f"`{column.name}`" not in start]
        assert missing == [], table.name
    columns = {column.name for column in schema.decisions.columns}
    assert _table_words(page.split("**`decisions`**", 1)[1]) == columns


def test_the_summary_has_exactly_the_keys_that_its_page_explains(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "summary.md").read_text()
    head, rest = text.split("\n## In `phases`", 1)
    with open_log(tmp_path / "log.sqlite", RunSettings()) as log:
        summary = summarise(log, RunSettings(), RunState(), None)
    assert _table_words(head) == set(summary)
    phases = summary["phases"]
    assert isinstance(phases, dict)
    for figures in phases.values():
        assert _table_words(rest.split("\n## ", 1)[0]) == set(figures)
