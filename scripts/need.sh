#!/bin/sh
# Names, in one line, what this machine lacks of what nothing here can install by itself.
#
#     need.sh [check]      with what only `make check` needs
rust="Rust-1.88-or-newer(rustup.rs)"
python="Python-3.11-or-newer(apt-get install python3 python3-venv)"
# What the command line of napi runs on.
node="Node-20.17,22.13-or-24(nodejs.org)"
missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need cargo "$rust"
need python3 "$python"
need node "$node"
need npm "npm"
need gcc "gcc(apt-get install build-essential)"
need g++ "g++(apt-get install build-essential)"
if command -v python3 >/dev/null 2>&1; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv(apt-get install python3-venv)"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || missing="$missing $python"
fi
if command -v node >/dev/null 2>&1; then
    node -e 'const [a, b] = process.versions.node.split(".").map(Number), least = { 20: 17, 22: 13, 23: 5 }[a]; process.exit(a > 23 || b >= least ? 0 : 1)' ||
        missing="$missing $node"
fi
if command -v cargo >/dev/null 2>&1; then
    cargo --version | awk '{ split($2, v, "."); exit !(v[1] > 1 || (v[1] == 1 && v[2] >= 88)) }' ||
        missing="$missing $rust"
    if [ "${1-}" = check ]; then
        cargo clippy --version >/dev/null 2>&1 || missing="$missing clippy(rustup component add clippy)"
        cargo fmt --version >/dev/null 2>&1 || missing="$missing rustfmt(rustup component add rustfmt)"
    fi
fi
[ -z "$missing" ] || { echo "missing on this machine:$missing" >&2; exit 1; }
