# Kindred: everything a person needs is a target here. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

SWIFT ?= swift
SWIFT_FLAGS ?=
RELEASE := $(SWIFT) build -c release $(SWIFT_FLAGS)
KINDRED := .build/release/kindred
BENCH := .build/release/kindred-bench
PYTHON ?= python3
LISTEN ?= 127.0.0.1:7411

.PHONY: help setup build build-bench build-release-tests build-sanitized demo serve check test test-swift \
	test-release test-sanitized test-threads test-python test-bench bench test-peers test-unprivileged record acceptance \
	lint format spec clean

# All Swift tests of a build are one program. It runs without `swift test`, which would plan the build once more.
TESTS := kindredPackageTests.xctest --testing-library swift-testing
# These suites wait for sockets, threads or clocks, so their tests run one after the other. All others use memory and
# files of their own, and run on every processor.
TIMED := KindredServerTests|KindredClientTests|KindredCatalogTests

# Runs a test program once for each set of options, and repeats the failures at the end.
RUN_TESTS := @$(PYTHON) Tests/run-tests

help: ## Lists the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 20

setup: ## Installs missing packages: SQLite's and BLAS's headers, OpenBLAS as the fast BLAS, Python.
	@bench/setup-packages

# A product and the modules it needs: no tests, no bench.
build: setup ## Builds the command line in release.
	$(RELEASE) --product kindred

build-bench: build ## Builds the bench in release.
	$(RELEASE) --product kindred-bench

# Both products too. Their modules are compiled once for all three.
build-release-tests: setup
	$(RELEASE) --build-tests

# XCTest itself leaks a few objects, so leaks are not looked for.
ASAN := ASAN_OPTIONS=detect_leaks=0 .build-asan/debug/$(TESTS)

build-sanitized: setup
	$(SWIFT) build --build-tests --sanitize=address --scratch-path .build-asan $(SWIFT_FLAGS)

demo: build ## Serves the shipped model, shows what it does, swaps the model under load, exits 0.
	@$(PYTHON) models/online-retail/demo.py $(KINDRED)

serve: build ## Serves the shipped model until interrupted.
	@mkdir -p .build/serve-state
	$(KINDRED) serve --models models --state .build/serve-state --listen $(LISTEN)

# Suites of seconds each, which damage every byte of a file in turn or load a server. `make test` runs them too.
SLOW := VersionLoaderTests|RepositoryTests|HostileServerTests|SlowPeerTests|MemoryCheckTests|WireExactnessTests
SLOW := $(SLOW)|KeptAnswersTests|OverloadTests

check: lint setup ## The inner loop of a change: layout, and the fast suites in debug.
	$(SWIFT) build --build-tests $(SWIFT_FLAGS)
	$(RUN_TESTS) ".build/debug/$(TESTS)" "--skip '$(TIMED)|$(SLOW)'" \
		"--no-parallel --filter '$(TIMED)' --skip '$(SLOW)'"

# Two builds: release, and debug under AddressSanitizer. A third one without the sanitizer would run the same tests with
# fewer checks. The server's suites and the Python client's run once in release, as a user without privileges.
test: test-sanitized test-unprivileged test-release test-bench ## Every test.

test-swift: setup ## The Swift tests in debug, without a sanitizer.
	$(SWIFT) build --build-tests $(SWIFT_FLAGS)
	$(RUN_TESTS) ".build/debug/$(TESTS)" "--skip '$(TIMED)'" "--no-parallel --filter '$(TIMED)'"

# The server's suites are part of test-unprivileged.
test-release: build-release-tests ## The Swift tests in release, the numeric suites at full size.
	$(RUN_TESTS) ".build/release/$(TESTS)" "--skip '$(TIMED)'" "--no-parallel --filter 'KindredClientTests|KindredCatalogTests'"

test-sanitized: build-sanitized ## The Swift tests in debug under AddressSanitizer.
	$(RUN_TESTS) "$(ASAN)" "--skip '$(TIMED)'" "--no-parallel --filter '$(TIMED)'"

# Tests/ThreadSanitizer has the reason for each file in it.
test-threads: setup ## The suites of the server, the client and the queries under ThreadSanitizer.
	$(SWIFT) build --build-tests --sanitize=thread --scratch-path .build-tsan $(SWIFT_FLAGS)
	clang -O2 -Wall -Wextra -fPIC -shared Tests/ThreadSanitizer/swift_mutex.c -o .build-tsan/swift_mutex.so
	$(RUN_TESTS) "TSAN_OPTIONS=suppressions=Tests/ThreadSanitizer/suppressions.txt \
		LD_PRELOAD=$(abspath .build-tsan/swift_mutex.so) .build-tsan/debug/$(TESTS)" \
		"--no-parallel --filter 'KindredServerTests|KindredClientTests|KindredQueryTests'"

# The test program itself, because `swift test` writes into .build, where nobody may not.
test-unprivileged: build-release-tests ## The server's suites in release, Python's and the demo, as nobody.
	$(PYTHON) proto-spec/generate.py --check
	$(RUN_TESTS) "bench/unprivileged .build/release/$(TESTS)" "--no-parallel --filter KindredServerTests"
	cd proto-spec/clients/python && KINDRED_BINARY=$(abspath $(KINDRED)) \
		../../../bench/unprivileged $(PYTHON) -m unittest discover -s tests
	bench/unprivileged $(PYTHON) models/online-retail/demo.py $(KINDRED)

test-python: build ## The protocol's files and the Python client, as the user who runs make.
	$(PYTHON) proto-spec/generate.py --check
	cd proto-spec/clients/python && KINDRED_BINARY=$(abspath $(KINDRED)) $(PYTHON) -m unittest discover -s tests

test-bench: build-bench ## The long runs at their smallest, what requests and queries cost, and the demo.
	@bench/setup-packages valgrind
	$(BENCH) swap --kindred $(KINDRED) --smoke
	$(PYTHON) bench/crash.py $(KINDRED) --rounds 3
	$(PYTHON) bench/siege.py $(KINDRED) --smoke
	$(BENCH) slow-reader --kindred $(KINDRED) --smoke
	$(BENCH) kernels --smoke
	$(BENCH) engine --smoke
	$(BENCH) engine --rules --smoke
	$(BENCH) lookalike --smoke
	$(BENCH) wire --kindred $(KINDRED) --smoke
	$(BENCH) ready --kindred $(KINDRED) --smoke
	$(BENCH) load --kindred $(KINDRED) --smoke
	$(PYTHON) bench/guard --kindred $(KINDRED) --bench $(BENCH)

test-peers: setup ## Datasets, peers and the record, at their smallest; installs the peers with pip.
	@bench/setup-packages redis-server redis-tools
	bench/run --smoke --records .build/records
	.build/bench-venv/bin/python -m unittest discover -s bench -t .

bench: help # The folder has this name too.

record: setup ## Measures what fits this machine beside its peers, into bench/records.
	@bench/setup-packages redis-server redis-tools
	bench/run --quick

# Each filter is compared with SQLite, and each damaged text with SQLite's grammar.
FILTERS := FilterPropertyTests|FilterMutationTests|FilterProgramTests

acceptance: build-bench build-release-tests test-threads ## The long runs: filters, swaps, kill -9, a slow reader, attacks, ThreadSanitizer.
	$(RUN_TESTS) "KINDRED_TEST_FILTERS=200000 .build/release/$(TESTS)" "--filter '$(FILTERS)'"
	$(BENCH) swap --kindred $(KINDRED)
	$(PYTHON) bench/crash.py $(KINDRED) --trace
	$(BENCH) slow-reader --kindred $(KINDRED)
	$(PYTHON) bench/siege.py $(KINDRED)

lint: ## Layout as `swift format` decides it.
	swift format lint --strict --recursive --parallel Package.swift Sources Tests bench

format: ## Lays the code out.
	swift format --in-place --recursive --parallel Package.swift Sources Tests bench

spec: ## Generates the specification's tables and the golden vectors from the schema.
	$(PYTHON) proto-spec/generate.py

clean: ## Removes what was built.
	rm -rf .build .build-asan .build-tsan
