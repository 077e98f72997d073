# Sourced by the other scripts: makes .venv (or $TERMSERVER_VENV) and installs the project into it when something changed.
# Usage: environment EXTRAS      e.g. environment ""    environment "[dev]"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local name
    for name in python3.11 python3.12 python3.13 python3; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    say "termserver needs Python 3.11 or newer, and there is none on this machine."
    say "On Debian or Ubuntu: sudo apt-get install python3 python3-venv"
    return 1
}

# apt_install PACKAGE...: with Debian's packages if we may, else a clear sentence.
apt_install() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing $* with apt-get"
        apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
    else
        say "Missing: $*. Install it with: sudo apt-get install $*"
        return 1
    fi
}

venv="${TERMSERVER_VENV:-.venv}"

# browser: what the browser tests need besides Python packages (Playwright's own node wants libatomic). After environment "[dev]".
browser() {
    local wanted=()
    command -v chromium >/dev/null 2>&1 || wanted+=(chromium)
    "$venv"/lib/python3*/site-packages/playwright/driver/node --version >/dev/null 2>&1 || wanted+=(libatomic1)
    [ "${#wanted[@]}" = 0 ] || apt_install "${wanted[@]}"
}

make_venv() {
    local python
    python="$(find_python)"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    say "Making the virtual environment $venv"
    "$python" -m venv "$venv"
}

environment() {
    local extras="$1" stamp="$venv/installed" wanted
    if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        if [ -e "$venv" ] && [ ! -f "$venv/pyvenv.cfg" ]; then
            say "$venv is in the way and is no virtual environment; move it, or set TERMSERVER_VENV."
            return 1
        fi
        rm -rf "$venv"
        make_venv
    fi
    wanted="$(cat pyproject.toml scripts/constraints.txt | sha256sum | cut -c1-64) $PWD"
    touch "$stamp"
    if ! grep -qxF "$wanted $extras" "$stamp" && ! { [ -z "$extras" ] && grep -qF "$wanted " "$stamp"; }; then
        say "Installing termserver$extras and what it needs"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            --constraint scripts/constraints.txt --editable ".$extras"
        echo "$wanted $extras" >"$stamp"
    fi
}
