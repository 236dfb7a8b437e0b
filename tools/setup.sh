#!/bin/sh
# Makes .venv and installs this tree into it. `make` calls it; so can you, from anywhere:
#
#     sh tools/setup.sh runtime    what `make run` needs
#     sh tools/setup.sh dev        that, and what `make check` needs
#
# The variable PYTHON names the Python to use. Whatever is missing is said in one line on standard
# error. Nothing outside .venv is written but the tree's own hirl.egg-info.
set -eu

cd "$(dirname "$0")/.."

SUPPORTED='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
LOG=.venv/pip.log
# What pip's log holds when it was the connection that failed.
UNREACHABLE='connection broken by|connection error|NewConnectionError|NameResolutionError'
UNREACHABLE="$UNREACHABLE|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Max retries exceeded"

stop() {
    echo "setup: $1" >&2
    exit 1
}

version_of() {
    "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null || echo none
}

# Prints the first Python that is neither too old nor too new.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3 python3.13 python3.12 python3.11 python
    fi
    for candidate in "$@"; do
        if "$candidate" -c "$SUPPORTED" >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    stop "Python 3.11, 3.12 or 3.13 is missing ($1 is: $(version_of "$1")); install one, or name \
one: make setup PYTHON=/path/to/python3.11"
}

make_venv() {
    if .venv/bin/python -c "$SUPPORTED" >/dev/null 2>&1 &&
        .venv/bin/python -m pip --version >/dev/null 2>&1; then
        return
    fi
    python=$(find_python) || exit 1
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        stop "the venv module of $python is missing; on Debian and Ubuntu: apt install python3-venv"
    echo "setup: making .venv with Python $(version_of "$python")"
    "$python" -m venv --clear .venv || stop ".venv cannot be made with $python; see above"
}

# pip shows its progress; its log is kept to tell why it failed.
install() {
    .venv/bin/python -m pip --disable-pip-version-check --log "$LOG" install \
        --constraint constraints.txt "$@" || say_why
}

say_why() {
    if grep -q 'No space left on device' "$LOG" 2>/dev/null; then
        stop "the disk is full; free some space and call make again"
    elif grep -Eq "$UNREACHABLE" "$LOG" 2>/dev/null; then
        stop "the network is missing: pip cannot reach its package index (see above and $LOG)"
    fi
    stop "pip could not install; see above and $LOG"
}

case "${1:-}" in
    runtime) target=. stamps=".venv/.runtime" ;;
    dev) target=".[dev]" stamps=".venv/.runtime .venv/.dev" ;;
    *) stop "expected 'runtime' or 'dev', got '${1:-}'" ;;
esac

command -v git >/dev/null 2>&1 ||
    echo "setup: git is missing; hirl runs without it, but cannot be updated or changed" >&2
make_venv
rm -f "$LOG"
# The build backend comes from constraints.txt as well, so that no build is isolated and unpinned.
install --quiet setuptools
echo "setup: installing into .venv; on Linux with PyTorch's GPU libraries this is several GB"
install --no-build-isolation --editable "$target"
# shellcheck disable=SC2086 # a list
touch $stamps
