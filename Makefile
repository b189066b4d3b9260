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

.PHONY: help setup build demo serve test test-swift test-release test-sanitized test-python test-bench test-peers \
	test-unprivileged record acceptance lint format spec clean

# Runs built tests. What failed is said once more at the end, with the seeds that repeat it.
TEST_OUTPUT := .build/test-output
define run-tests
set -o pipefail; mkdir -p .build; $(1) --skip-build --no-parallel $(SWIFT_FLAGS) 2>&1 | tee $(TEST_OUTPUT) || \
	{ grep -E 'KINDRED_TEST_SEED=' $(TEST_OUTPUT); grep -E '✘|error:' $(TEST_OUTPUT); exit 1; }
endef

help: ## Lists the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: ## Installs what is missing: SQLite's and BLAS's headers, OpenBLAS as the fast BLAS, make's own tools.
	@bench/setup-packages

build: setup ## Builds the command line and the bench in release.
	$(RELEASE)

demo: build ## Serves the shipped model, shows what it does, swaps the model under load, exits 0.
	@$(PYTHON) models/online-retail/demo.py $(KINDRED)

serve: build ## Serves the shipped model until interrupted.
	@mkdir -p .build/serve-state
	$(KINDRED) serve --models models --state .build/serve-state --listen $(LISTEN)

test: test-swift test-unprivileged test-release test-sanitized test-python test-bench ## Every test.

test-swift: setup ## The Swift tests in debug.
	$(SWIFT) build --build-tests $(SWIFT_FLAGS)
	$(call run-tests,$(SWIFT) test)

# `swift test` writes into .build, where nobody may not; the tests' own binary does not.
test-unprivileged: build ## The server's tests and the demo as a user who is not root and has no capability.
	$(SWIFT) build --build-tests $(SWIFT_FLAGS)
	bench/unprivileged .build/debug/kindredPackageTests.xctest --testing-library swift-testing --no-parallel \
		--filter KindredServerTests
	cd proto-spec/clients/python && KINDRED_BINARY=$(abspath $(KINDRED)) ../../../bench/unprivileged $(PYTHON) -m unittest \
		discover -s tests
	bench/unprivileged $(PYTHON) models/online-retail/demo.py $(KINDRED)

test-release: build ## The numeric and the end-to-end suites at full size, in release.
	$(SWIFT) build -c release --build-tests $(SWIFT_FLAGS)
	$(call run-tests,$(SWIFT) test -c release)

# XCTest itself leaks a few objects, so leaks are not looked for.
test-sanitized: setup ## The suites of kernels, bytes, files and engine under AddressSanitizer.
	$(SWIFT) build --build-tests --sanitize=address --scratch-path .build-asan $(SWIFT_FLAGS)
	$(call run-tests,ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --sanitize=address --scratch-path .build-asan \
		--filter 'KindredSystemTests|KindredKernelsTests|KindredWireTests|KindredModelTests|KindredPackTests|KindredQueryTests')

test-python: build ## The protocol's files and the Python client, alone and against the server.
	$(PYTHON) proto-spec/generate.py --check
	cd proto-spec/clients/python && KINDRED_BINARY=$(abspath $(KINDRED)) $(PYTHON) -m unittest discover -s tests

test-bench: build ## The long runs at their smallest, what requests and queries cost, and the demo.
	@bench/setup-packages valgrind
	$(BENCH) swap --kindred $(KINDRED) --smoke
	$(PYTHON) bench/crash.py $(KINDRED) --rounds 3
	$(PYTHON) bench/siege.py $(KINDRED) --smoke
	$(BENCH) slow-reader --kindred $(KINDRED) --smoke
	$(BENCH) kernels --smoke
	$(BENCH) engine --smoke
	$(BENCH) lookalike --smoke
	$(BENCH) wire --kindred $(KINDRED) --smoke
	$(BENCH) ready --kindred $(KINDRED) --smoke
	$(BENCH) load --kindred $(KINDRED) --smoke
	$(PYTHON) bench/guard --kindred $(KINDRED) --bench $(BENCH)
	$(PYTHON) models/online-retail/demo.py $(KINDRED)

test-peers: build ## Datasets, peers and the record, at their smallest; installs the peers with pip.
	@bench/setup-packages redis-server redis-tools
	bench/run --smoke --records .build/records
	.build/bench-venv/bin/python -m unittest discover -s bench -t .

record: setup ## Measures what fits this machine beside its peers, into bench/records.
	@bench/setup-packages redis-server redis-tools
	bench/run --quick

acceptance: build ## The long runs: 200 swaps under load, kill -9 a hundred times, a slow reader, attacks.
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
	rm -rf .build .build-asan
