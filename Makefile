# make demo              every language polls a job of a local Smile ID to its end
# make test              everything that must agree, in every language
# make check             formatting, lints, types, generated files
# make test-the-tests    breaks rules of the core in a copy and expects red cells in every language
# make bench             what a query costs beside peers and the limit, in one run; BENCH=full for all of it
# make bench-counts      instructions and allocations per query beside the ones in bench/counts.json
# make clean

SHELL := /bin/sh
VENV := build/venv
workspace := Cargo.toml Cargo.lock
rust_sources := $(workspace) core/Cargo.toml $(shell find core/src -type f)
# Without what tools leave there.
python_sources := LICENSE THIRD-PARTY-NOTICES $(shell find bindings-python \( -name target -o -name '*_cache' -o -name __pycache__ \) -prune -o -type f ! -name '*.so' -print)
node_sources := $(addprefix bindings-node/,build.rs Cargo.toml native.header.txt package.json package-lock.json tsconfig.json) $(shell find bindings-node/src bindings-node/src-ts -type f)
c_sources := LICENSE THIRD-PARTY-NOTICES $(shell find bindings-c -type f)
sandbox_sources := $(workspace) $(shell find sandbox -type f)

.PHONY: demo test check test-the-tests bench bench-counts clean need
# Cargo has the cores anyway, and `check` and `test` build one file with different features.
.NOTPARALLEL:

demo: build/sandbox.stamp build/python.stamp build/node.stamp build/demo/poll_job_status-c build/demo/poll_job_status-cpp
	@cargo build -q --locked -p smileid-jobs --example poll_job_status
	@python3 scripts/demo.py

test: build/sandbox.stamp build/python.stamp build/node.stamp build/tools.stamp
	@cargo build -q --locked -p smileid-jobs-tests
	@cargo build -q --locked -p smileid-jobs-node --features testing
	@PYO3_BUILD_EXTENSION_MODULE=1 cargo build -q --locked -p smileid-jobs-python --features testing
	@python3 scripts/test.py

check: build/python.stamp build/node.stamp build/tools.stamp
	@scripts/check.sh

test-the-tests: build/sandbox.stamp build/python.stamp build/node.stamp build/tools.stamp
	@python3 scripts/test_the_tests.py

bench: build/bench.stamp
	@build/bench/venv/bin/python bench/run.py

bench-counts: build/bench.stamp
	@build/bench/venv/bin/python bench/counts.py

clean:
	rm -rf build target bindings-node/node_modules bindings-node/dist bindings-node/*.node

# Each time: machines change.
need:
	@scripts/need.sh
	@mkdir -p build

build/sandbox.stamp: $(sandbox_sources) | need
	cargo build -q --locked -p smileid-jobs-sandbox
	@touch $@

build/venv.stamp: | need
	python3 -m venv $(VENV)
	@touch $@

# In place, so that what was compiled once is not compiled again.
build/python.stamp: build/venv.stamp $(rust_sources) $(python_sources)
	$(VENV)/bin/pip install -q --disable-pip-version-check --force-reinstall --no-deps --config-settings=build-args=--locked ./bindings-python
	@touch $@

build/tools.stamp: build/venv.stamp tests/python/requirements.txt
	$(VENV)/bin/pip install -q --disable-pip-version-check -r tests/python/requirements.txt
	@touch $@

# Not `npm ci`, which refuses a lock without the optional packages of newer Nodes.
build/npm.stamp: bindings-node/package.json bindings-node/package-lock.json | need
	cd bindings-node && npm install --no-save --loglevel=error --no-audit --no-fund
	@touch $@

build/node.stamp: build/npm.stamp $(rust_sources) $(node_sources)
	cd bindings-node && npm run --silent build
	@touch $@

build/c.stamp: $(rust_sources) $(c_sources) | need
	$(MAKE) -s -C bindings-c install PREFIX=$(CURDIR)/build/prefix
	@touch $@

build/demo/poll_job_status-c: build/c.stamp bindings-c/examples/poll_job_status.c
	@mkdir -p build/demo
	gcc -std=c99 -Wall -Wextra -Ibuild/prefix/include bindings-c/examples/poll_job_status.c -o $@ -Lbuild/prefix/lib -lsmileid_jobs -Wl,-rpath,$(CURDIR)/build/prefix/lib

build/demo/poll_job_status-cpp: build/c.stamp bindings-c/examples/poll_job_status.cpp
	@mkdir -p build/demo
	g++ -std=c++17 -Wall -Wextra -Ibuild/prefix/include bindings-c/examples/poll_job_status.cpp -o $@ -Lbuild/prefix/lib -lsmileid_jobs -Wl,-rpath,$(CURDIR)/build/prefix/lib

bench_rust := bench/Cargo.toml sandbox/bodies/approved.json $(shell find bench/src -type f)

# The peers stand in folders of their own; nothing of it touches the tests' ones.
build/bench-peers.stamp: bench/package.json bench/requirements.txt | need
	@mkdir -p build/bench && cp bench/package.json build/bench/
	python3 -m venv build/bench/venv
	build/bench/venv/bin/pip install -q --disable-pip-version-check -r bench/requirements.txt
	cd build/bench && npm install --loglevel=error --no-audit --no-fund
	@touch $@

# What users get, and the programs that ask.
build/bench.stamp: build/bench-peers.stamp build/node.stamp build/c.stamp $(bench_rust) $(python_sources) bench/clients/subject.c
	cargo build -q --locked --release -p smileid-jobs-bench
	build/bench/venv/bin/pip install -q --disable-pip-version-check --force-reinstall --no-deps --config-settings=build-args=--locked ./bindings-python
	gcc -O2 -Wall -Wextra -Ibuild/prefix/include bench/clients/subject.c -o build/bench/subject-c -Lbuild/prefix/lib -lsmileid_jobs -Wl,-rpath,$(CURDIR)/build/prefix/lib
	@touch $@
