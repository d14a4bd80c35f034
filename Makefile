# `make demo` shows what Sallyport does, `make test` proves it, `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: setup build man demo test crash chaos lint format bench bench-count soak fuzz autobahn tls-check topology containers dist package-check mutants clean help

# For instance: make test SWIFT_FLAGS='--jobs 1'
SWIFT_FLAGS ?=
# Relative relocations in their compact form (glibc 2.36), functions that are the same only once, and no table of names for
# others to link with: a MiB less that each process keeps resident.
LINK := -Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs -Xlinker --icf=safe -Xlinker --no-export-dynamic
RELEASE := -c release --product sallyport --static-swift-stdlib $(LINK) $(SWIFT_FLAGS)
SOURCES := Sources Tests Fuzz Package.swift
SCRIPTS := .ci/setup .ci/run deploy/demo/run deploy/dist/make deploy/dist/install deploy/docker/setup \
    Tests/Lab/engine Tests/Lab/package Tests/Lab/inside/common Tests/Lab/inside/deb Tests/Lab/inside/tarball Fuzz/run
# For instance: make bench BENCH_FLAGS='--rows echo-1,echo-16 --runs 5'
BENCH_FLAGS ?=
AUTOBAHN_FLAGS ?=
MUTANTS_FLAGS ?=
# For instance: make tls-check TLS_CHECK_FLAGS='--only sslyze'
TLS_CHECK_FLAGS ?=
# For instance: make topology TOPOLOGY_FLAGS="--only 'lan × NAT'"
TOPOLOGY_FLAGS ?= --write docs/topologies.md
CONTAINERS_FLAGS ?=
# How often `make crash` kills the gateway; SALLYPORT_CRASH_SEED repeats its moments.
KILLS := 300
# How many runs `make chaos` has; SALLYPORT_CHAOS_SEED repeats its choices.
RUNS := 200
# For each target; TARGETS='json5 request-head' takes some of them.
SECONDS := 60
TARGETS ?=

setup: ## check the Swift toolchain, install missing system libraries (apt-get)
	@.ci/setup

build: setup ## build the release binary, .build/release/sallyport
	@echo '==> building the release binary (minutes the first time)'
	@swift build $(RELEASE)
	@echo "==> $$(swift build $(RELEASE) --show-bin-path)/sallyport"

man: build ## manual pages and shell completions, into .build/share
	@bin="$$(swift build $(RELEASE) --show-bin-path)/sallyport"; to=.build/share; \
	    "$$bin" man --dir "$$to/man/man1"; mkdir -p "$$to/completions"; \
	    for shell in bash zsh fish; do "$$bin" completions "$$shell" >"$$to/completions/sallyport.$$shell"; done; \
	    echo "==> $$to"

demo: build ## a gateway, a child, a grandchild and a stranger, in a temporary directory
	@deploy/demo/run "$$(swift build $(RELEASE) --show-bin-path)/sallyport"

test: setup ## build and run all tests
	@echo '==> building the tests (minutes the first time)'
	@swift build --build-tests $(SWIFT_FLAGS)
	@echo '==> running the tests'
	@swift test $(SWIFT_FLAGS)

crash: setup ## kills a gateway under load KILLS=300 times; what it acknowledged has to be there, once
	@swift build --build-tests $(SWIFT_FLAGS)
	@SALLYPORT_CRASH_KILLS=$(KILLS) swift test --skip-build --filter CrashTests $(SWIFT_FLAGS)

chaos: setup ## kills and cuts everything while RUNS=200 runs are under way, then a storm of 500 spawns
	@swift build --build-tests $(SWIFT_FLAGS)
	@SALLYPORT_CHAOS_RUNS=$(RUNS) SALLYPORT_STORM_RUNS=500 swift test --skip-build --filter 'ChaosTests|SpawnStormTests' $(SWIFT_FLAGS)

lint: setup ## format, module dependencies and scripts, without changing anything
	@echo '==> format'
	@swift format lint --strict --parallel --recursive $(SOURCES)
	@echo '==> scripts'
	@for script in $(SCRIPTS); do bash -n "$$script"; done
	@if command -v shellcheck >/dev/null; then shellcheck --external-sources --source-path=Tests/Lab/inside $(SCRIPTS); \
	    else echo 'shellcheck is not installed: scripts were checked for syntax only'; fi
	@echo '==> no module imports what Package.swift does not say (builds what is not built yet)'
	@swift build --build-tests --explicit-target-dependency-import-check error $(SWIFT_FLAGS)

format: ## format all Swift sources in place
	@swift format --in-place --parallel --recursive $(SOURCES)

bench: build ## speed and memory beside what OpenSSL and epoll alone can do (BENCH_FLAGS=--quick: in two minutes)
	@Benchmarks/run --gateway "$$(swift build $(RELEASE) --show-bin-path)/sallyport" $(BENCH_FLAGS)

bench-count: build ## instructions and allocations of each operation, against Benchmarks/counts.json (needs valgrind)
	@Benchmarks/count --gateway "$$(swift build $(RELEASE) --show-bin-path)/sallyport"

soak: build ## half an hour of mixed load: what grows meanwhile
	@Benchmarks/soak --gateway "$$(swift build $(RELEASE) --show-bin-path)/sallyport"

fuzz: setup ## all fuzz targets, each for SECONDS=60
	@SECONDS_EACH=$(SECONDS) Fuzz/run $(TARGETS)

mutants: setup ## break each rule of admission once, and show that a test fails (MUTANTS_FLAGS='--only 1,2')
	@Tests/Mutation/run $(MUTANTS_FLAGS)

autobahn: build ## the Autobahn TestSuite against the release binary, over wss (AUTOBAHN_FLAGS="--cases '1.*'" for a part)
	@Tests/Conformance/autobahn --gateway "$$(swift build $(RELEASE) --show-bin-path)/sallyport" $(AUTOBAHN_FLAGS)

tls-check: build ## what sslyze and testssl.sh think of the TLS of the release binary
	@Tests/Conformance/tls --gateway "$$(swift build $(RELEASE) --show-bin-path)/sallyport" $(TLS_CHECK_FLAGS)

topology: build ## where children are admitted: networks, proxies, tunnels, cuts; as root; writes docs/topologies.md
	@Tests/Lab/topology --gateway "$$(swift build $(RELEASE) --show-bin-path)/sallyport" $(TOPOLOGY_FLAGS)

.PHONY: proxies
proxies: build ## Caddy, nginx and HAProxy with the files of deploy/: large messages, silence, restarts
	@Tests/Lab/proxies --gateway "$$(swift build $(RELEASE) --show-bin-path)/sallyport"

containers: build ## deploy/docker and deploy/kubernetes as people use them, with a Docker engine (as root it may start one of its own)
	@Tests/Lab/containers --gateway "$$(swift build $(RELEASE) --show-bin-path)/sallyport" $(CONTAINERS_FLAGS)
	@Tests/Lab/pod --gateway "$$(swift build $(RELEASE) --show-bin-path)/sallyport"

dist: build ## a Debian package and a tarball, in dist/
	@deploy/dist/make "$$(swift build $(RELEASE) --show-bin-path)/sallyport" dist

package-check: dist ## install package and tarball in a clean Debian under systemd, try them, remove them; as root
	@Tests/Lab/package dist

clean: ## remove everything that was built
	@rm -rf .build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
