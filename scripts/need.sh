#!/bin/sh
# Names, in one line, what this machine lacks of what nothing here can install by itself.
missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need cargo "Rust-1.88-or-newer(rustup.rs)"
need python3 "python3(apt-get install python3 python3-venv)"
need node "Node-20-or-newer(nodejs.org)"
need npm "npm"
need gcc "gcc(apt-get install build-essential)"
need g++ "g++(apt-get install build-essential)"
if command -v python3 >/dev/null 2>&1; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv(apt-get install python3-venv)"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || missing="$missing Python-3.11-or-newer"
fi
if command -v node >/dev/null 2>&1; then
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 17) ? 0 : 1)' ||
        missing="$missing Node-20.17-or-newer"
fi
if command -v cargo >/dev/null 2>&1; then
    cargo --version | awk '{ split($2, v, "."); exit !(v[1] > 1 || (v[1] == 1 && v[2] >= 88)) }' ||
        missing="$missing Rust-1.88-or-newer(rustup.rs)"
fi
[ -z "$missing" ] || { echo "missing on this machine:$missing" >&2; exit 1; }
