# retraind: every way to build, test and measure it. `make help` lists the targets.
#
# Each variant of the build has a scratch path of its own, so that none rebuilds another's work.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT       ?= swift
PREFIX      ?= /usr/local
DESTDIR     ?=
TEST_FLAGS  ?=
BENCH_FLAGS ?=
SOAK_FLAGS  ?=

DEBUG_PATH   := .build
TSAN_PATH    := .build-tsan
RELEASE_PATH := .build-release
VENV         := .build-venv
BINARY       := $(RELEASE_PATH)/retraind
LINTED       := Package.swift Sources Tests Benchmarks Examples

# Apple's toolchains have no static standard library: the system ships it.
ifeq ($(shell uname -s),Darwin)
RELEASE_FLAGS := -c release --scratch-path $(RELEASE_PATH)
else
# SQLite and the C++ runtime come from archives, and nothing is looked for beside the binary (Docs/decisions/0014).
STATIC_PATH   := $(CURDIR)/.build-static
RELEASE_FLAGS := -c release --static-swift-stdlib --scratch-path $(RELEASE_PATH) --disable-local-rpath \
  --pkg-config-path "$(STATIC_PATH)" -Xlinker "-L$(STATIC_PATH)" -Xswiftc -Xclang-linker -Xswiftc -static-libgcc \
  -Xswiftc -use-ld=lld -Xlinker --no-export-dynamic -Xlinker --icf=safe
# Packed relocations: a megabyte less, and a quicker start. glibc reads them from 2.36 on.
GLIBC_MINOR := $(shell getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc 2\.//p')
ifeq ($(shell [ "$(GLIBC_MINOR)" -ge 36 ] 2>/dev/null && echo yes),yes)
RELEASE_FLAGS += -Xlinker -z -Xlinker pack-relative-relocs
endif
endif

# The tests are Swift Testing's; the XCTest pass would only print that it ran nothing.
TEST := $(SWIFT) test --disable-xctest $(TEST_FLAGS)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: deps
deps: ## Install the system libraries that the build needs, where they are missing
	@Scripts/install-deps build

.PHONY: demo
demo: release ## Watch a model decline, be refreshed and recover, against stand-ins
	$(BINARY) demo

.PHONY: test
test: deps ## Run every test; the last line has the count
	@Scripts/run-tests "make test" Scripts/test-passes $(TEST) --scratch-path $(DEBUG_PATH)

.PHONY: tsan
tsan: deps ## Run every test under the thread sanitizer
	@SUPERVISION_SEEDS="$${SUPERVISION_SEEDS:-1000}" TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1 $${TSAN_OPTIONS:-}" \
	  Scripts/run-tests "make tsan" Scripts/test-passes $(TEST) --sanitize=thread --scratch-path $(TSAN_PATH)

.PHONY: lint
lint: ## Check the format of the Swift sources
	$(SWIFT) format lint --strict --parallel --recursive $(LINTED)

.PHONY: format
format: ## Put the Swift sources into format
	$(SWIFT) format --in-place --parallel --recursive $(LINTED)

.PHONY: rules
rules: ## Check the rules of the house, and that each of them can fire
	@Scripts/install-deps check
	Scripts/house-rules --self-test
	Scripts/house-rules

.PHONY: unit
unit: ## Check the systemd unit: understood, and exposed at most 2.0
	@Scripts/install-deps check
	Scripts/check-unit

.PHONY: check
check: lint rules unit ## Format, lint, the rules of the house, the systemd unit

.PHONY: quick
quick: lint test ## Before each commit: lint and the tests of the debug build

.PHONY: ci
ci: ## What the CI runs: test, check, the tests under the thread sanitizer, and the mutants
	$(MAKE) test
	$(MAKE) check
	$(MAKE) tsan
	$(MAKE) mutants

.PHONY: mutants
mutants: ## Break the supervision module in one place at a time, and demand that tests fail
	@SWIFT="$(SWIFT)" Scripts/mutants

.PHONY: release
release: deps ## Build the release binary: static, stripped, free of ICU
	@Scripts/static-libraries .build-static
	$(SWIFT) build $(RELEASE_FLAGS) --product retraind 2>&1 | Scripts/quiet-linker
	@Scripts/finish-release $(RELEASE_PATH)/release/retraind $(BINARY)

.PHONY: bench
bench: release ## Measure the release binary beside what it replaces
	@Scripts/install-deps bench
	@Scripts/bench-venv $(VENV)
	$(SWIFT) build $(RELEASE_FLAGS) --product Benchmarks 2>&1 | Scripts/quiet-linker
	$(SWIFT) build $(RELEASE_FLAGS) --product SupervisionProbe 2>&1 | Scripts/quiet-linker
	$(RELEASE_PATH)/release/Benchmarks --retraind $(BINARY) --python $(VENV)/bin/python \
	  --peer Benchmarks/Peers/model_retrainer.py --probe $(RELEASE_PATH)/release/SupervisionProbe \
	  --escript "$$(command -v escript)" $(BENCH_FLAGS)

.PHONY: soak
soak: release ## Kill the release binary in every gap between two writes; takes minutes
	@Scripts/install-deps soak
	$(SWIFT) build --scratch-path $(DEBUG_PATH) --product ollama-stand-in
	Scripts/kill-gaps $(BINARY) $(DEBUG_PATH)/debug/ollama-stand-in $(SOAK_FLAGS)
	Scripts/kill-gaps $(BINARY) $(DEBUG_PATH)/debug/ollama-stand-in --store supabase $(SOAK_FLAGS)

.PHONY: service
service: release ## Run the installed unit under a systemd of its own; needs root
	@Scripts/install-deps service
	$(SWIFT) build --scratch-path $(DEBUG_PATH) --product ollama-stand-in
	Scripts/test-systemd $(BINARY) $(DEBUG_PATH)/debug/ollama-stand-in

.PHONY: flask
flask: deps ## Test the Flask example with real Flask and gunicorn from PyPI
	@Scripts/install-deps flask
	$(SWIFT) build --scratch-path $(DEBUG_PATH) --product retraind
	$(SWIFT) build --scratch-path $(DEBUG_PATH) --product ollama-stand-in
	@Scripts/test-flask $(DEBUG_PATH)/debug/retraind $(DEBUG_PATH)/debug/ollama-stand-in

.PHONY: install
install: release ## Install into PREFIX (default /usr/local); DESTDIR is honoured
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/doc/retraind"
	install -m 755 $(BINARY) "$(DESTDIR)$(PREFIX)/bin/retraind"
	install -m 644 LICENSE CHANGELOG.md "$(DESTDIR)$(PREFIX)/share/doc/retraind/"
	@echo "installed $(DESTDIR)$(PREFIX)/bin/retraind" >&2

.PHONY: install-service
install-service: install ## Install the systemd unit, its examples and the logrotate snippet too
	install -d "$(DESTDIR)/etc/systemd/system/retraind.service.d" "$(DESTDIR)/etc/logrotate.d" "$(DESTDIR)/etc/retraind"
	sed "s#@PREFIX@#$(PREFIX)#" Packaging/systemd/retraind.service >"$(DESTDIR)/etc/systemd/system/retraind.service"
	install -m 644 Packaging/systemd/retraind.service.d/*.example "$(DESTDIR)/etc/systemd/system/retraind.service.d/"
	install -m 644 Packaging/logrotate/retraind "$(DESTDIR)/etc/logrotate.d/retraind"
	@echo "installed; start it with: systemctl daemon-reload && systemctl enable --now retraind" >&2

.PHONY: uninstall
uninstall: ## Remove what `make install` put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/retraind"
	rm -rf "$(DESTDIR)$(PREFIX)/share/doc/retraind"

.PHONY: clean
clean: ## Remove every build
	rm -rf $(DEBUG_PATH) $(TSAN_PATH) $(RELEASE_PATH) $(VENV) .build-flask-venv .build-mutants .build-static
