#!/bin/sh
# Formatting, lints, types and generated files. Stops at the first thing that is wrong.
set -eu
cd "$(dirname "$0")/.."
venv=build/venv/bin
export RUFF_CACHE_DIR="$PWD/build/ruff" MYPY_CACHE_DIR="$PWD/build/mypy"
say() { echo "check: $*"; }

scripts/need.sh check

say rustfmt
cargo fmt --all --check
say clippy
cargo clippy -q --locked --workspace --all-targets -- -D warnings
cargo clippy -q --locked -p smileid-jobs --all-features --all-targets -- -D warnings
say rustdoc
RUSTDOCFLAGS="-D warnings" cargo doc -q --locked --no-deps -p smileid-jobs -p smileid-jobs-sandbox

say vectors from the core
mkdir -p build/vectors
cargo run -q --locked -p smileid-jobs-tests --bin write-vectors -- build/vectors
diff -r build/vectors/defaults.json tests/vectors/defaults.json
diff -r build/vectors/errors.json tests/vectors/errors.json
say C header
make -s -C bindings-c check-header
say notices and READMEs
python3 scripts/notices.py --check
python3 scripts/readme.py --check

say ruff and mypy
(cd bindings-python && ../$venv/ruff check -q . && ../$venv/ruff format -q --check .)
$venv/ruff check -q bench tests scripts
(cd bindings-python && ../$venv/mypy python examples)
say stubtest
(cd build && venv/bin/python -m mypy.stubtest smileid_jobs --ignore-missing-stub \
    --allowlist ../tests/python/stubtest_allowlist.txt --ignore-unused-allowlist)
say tsc and generated files of Node
(cd bindings-node && npm run --silent check)
say all is well
