# SPDX-License-Identifier: Apache-2.0

GO          ?= go
READER      ?= libnfc
ONCE        ?=
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 10m
TAPS        ?= 500
TESTFLAGS   ?=
ARCHES      ?= arm64 armhf amd64
SUITES      ?= bookworm trixie
# What is kept between runs: sysroots to link against, the emulated board.
CACHE       ?= $(if $(filter 0,$(shell id -u)),/var/cache/tagbase-edge,$(HOME)/.cache/tagbase-edge)
PREFIX      ?= /usr
DESTDIR     ?=

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
BUILT   := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
BUILD   := GO=$(GO) packaging/build $(VERSION) $(BUILT) -o bin/
TOOL    := $(GO) build -trimpath -ldflags '-s -w' -o bin/
SIM     := $(TOOL) ./cmd/tagbase-sim
PERF    := $(TOOL) ./cmd/tagbase-perf

# What `make run READER=simulated` builds does without libnfc, and so without cgo.
ifeq ($(READER),simulated)
run: export CGO_ENABLED = 0
else
run: deps
endif

.PHONY: all build pages run test check fuzz soak-faults soak-kill soak-scans soak-reader bench deb deb-twice test-service test-device test-pi3 test-page deps deps-check deps-deb deps-device deps-page deps-service deps-bench deps-test install clean

all: build

build: deps pages ## bin/tagbase-edge, with libnfc
	$(BUILD)
	$(SIM)

pages: ## bin/pages: manual pages, and completions for bash, zsh and fish
	CGO_ENABLED=0 $(GO) run -tags pages,nolibnfc -ldflags '-X github.com/tagbase/tagbase-edge/internal/buildinfo.version=$(VERSION) -X github.com/tagbase/tagbase-edge/internal/buildinfo.built=$(BUILT)' ./cmd/tagbase-edge pages bin/pages

run: ## a real station on the bench; ONCE=1 tells the story once, READER=simulated does without libnfc
	$(BUILD)
	$(SIM)
	@exec bin/tagbase-sim story --daemon bin/tagbase-edge --reader $(READER) $(if $(ONCE),--once)

# Most tests wait for a station rather than compute: many of them at a time keep two cores at work. A program with the
# race detector sleeps for a second before it ends (atexit_sleep_ms), and the tests start a thousand of them.
test: deps-test ## everything, with the race detector
	GORACE=atexit_sleep_ms=50 $(GO) test -race -parallel 16 -timeout 10m $(TESTFLAGS) ./...

check: deps-check ## what must hold of the source
	@test -z "$$(gofmt -l .)" || { echo "gofmt these:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags nolibnfc ./...
	$(GO) vet -tags pages ./cmd/tagbase-edge
	$(GO) vet -tags device ./device
	$(GO) vet -tags browser ./cmd/tagbase-edge
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(STATICCHECK) -tags device ./device
	@# who may import whom: docs/architecture.md
	@GO=$(GO) .ci/imports
	@for arch in amd64 arm64 arm; do echo "build linux/$$arch without libnfc"; \
		CGO_ENABLED=0 GOOS=linux GOARCH=$$arch GOARM=6 $(GO) build -tags nolibnfc -o /dev/null ./cmd/tagbase-edge || exit 1; done
	$(BUILD)
	systemd/verify bin/tagbase-edge

fuzz: deps ## every fuzz target for FUZZTIME each
	@for p in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
		echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done

soak-faults: deps ## 100,000 requests against a server at its worst; prints how many proofs it read twice
	FAULTS=100000 $(GO) test -race -count=1 -timeout 60m -v -run FaultsNeverSendTwice ./uplink

soak-kill: deps ## 10,000 kills around taps; prints how many verifications were lost or posted twice
	KILLS=10000 $(GO) test -count=1 -parallel 8 -timeout 120m -v -run TestKill ./cmd/tagbase-edge

soak-scans: deps ## a million scans; prints what memory, descriptors, goroutines and disk hold before and after
	SCANS=1000000 $(GO) test -count=1 -timeout 180m -v -run TestManyScans ./station

soak-reader: deps ## 1,000 aborts, hangs and unplugs, 10,000 taps of tags that leave, idle processor time; prints what is left behind
	@mkdir -p bin
	TAPS=10000 $(GO) test -count=1 -timeout 60m -v -run TestTagsThatLeave ./reader
	@# the daemons' logs of a thousand repetitions are of no interest unless one fails
	REPEAT=1000 $(GO) test -count=1 -parallel 8 -timeout 120m -v -run TestReaderFaultsAgainAndAgain ./cmd/tagbase-edge >bin/soak-reader.log \
		|| { cat bin/soak-reader.log; exit 1; }
	@grep -v '"msg"' bin/soak-reader.log
	IDLE=60s $(GO) test -count=1 -timeout 10m -v -run TestIdle ./cmd/tagbase-edge

bench: deps-bench build ## measure a station from tap to verdict and write docs/performance.md, -laboratory.md and .svg; TAPS=50 is shorter
	$(PERF)
	bin/tagbase-perf --taps $(TAPS) --into docs

deb: deps-deb ## build/tagbase-edge_VERSION_ARCH.deb of each of ARCHES; two builds of a commit give the same bytes
	@for arch in $(ARCHES); do packaging/deb $$arch $$(packaging/version) build $(CACHE) || exit 1; done
	@cd build && for arch in $(ARCHES); do lintian --allow-root --fail-on error "tagbase-edge_$$(../packaging/version)_$$arch.deb" || exit 1; done

deb-twice: deps-deb ## builds every package twice, the second time of a copy elsewhere, and compares
	@packaging/twice "$(ARCHES)" $(CACHE)

# The package as it is, and the same under a later version to upgrade to.
device-debs = DEB_VERSION=$$(packaging/version) && packaging/deb $(1) $$DEB_VERSION build $(CACHE) && \
	packaging/deb $(1) $$DEB_VERSION+next build $(CACHE) && \
	export CACHE=$(CACHE) VERSION_NEXT=$$DEB_VERSION+next \
		DEB=$(CURDIR)/build/tagbase-edge_$${DEB_VERSION}_$(1).deb DEB_NEXT=$(CURDIR)/build/tagbase-edge_$$DEB_VERSION+next_$(1).deb

test-service: deps-deb deps-service ## the package under systemd in containers, of each SUITE; as root
	@$(call device-debs,$$(dpkg --print-architecture)); for suite in $(SUITES); do device/container $$suite $(CACHE)/$$suite && \
		ROOT=$(CACHE)/$$suite $(GO) test -C device -tags device -count=1 -timeout 10m -run TestService || exit 1; done

test-device: deps-deb deps-device ## the package on an emulated arm64 board; as root, some minutes the first time
	@device/image $(CACHE)/board
	@$(call device-debs,arm64); CGO_ENABLED=0 GOARCH=arm64 $(GO) build -trimpath -o build/lampwatch ./device/lampwatch && \
		LAMPWATCH=$(CURDIR)/build/lampwatch BOARD=$(CACHE)/board $(GO) test -C device -tags device -count=1 -timeout 40m -run TestBoard

test-pi3: deps-deb deps-device ## an emulated Raspberry Pi 3: its own GPIO block; as root
	@device/image $(CACHE)/board
	@$(call device-debs,arm64); BOARD=$(CACHE)/board $(GO) test -C device -tags device -count=1 -timeout 20m -run TestPi3

test-page: deps-page ## the page in headless Chromium; SHOTS=DIRECTORY keeps pictures
	cd api/browser && npm ci --no-audit --no-fund --silent
	SHOTS=$(if $(SHOTS),$(abspath $(SHOTS))) $(GO) test -tags browser -count=1 -timeout 5m -run TestBrowser ./cmd/tagbase-edge

deps: ## what the build needs, by apt
	@./install-deps gcc libc6-dev pkg-config libnfc-dev

deps-check: deps
	@./install-deps systemd

deps-deb: deps
	@./install-deps dpkg-dev git libc6-dev-arm64-cross libc6-dev-armhf-cross gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf lintian lld-16

deps-service:
	@./install-deps debian-archive-keyring dpkg-dev mmdebstrap systemd-container

deps-device: deps-service
	@./install-deps arch-test e2fsprogs netcat-openbsd openssh-client qemu-system-arm qemu-user-static qemu-utils

deps-page:
	@./install-deps chromium fonts-dejavu-core
	@node -e 'process.exit(process.versions.node < "20" ? 1 : 0)' || { echo "node 20 or later and npm are missing"; exit 1; }

deps-test: deps
	@./install-deps libnfc-bin libnfc-examples

deps-bench: deps
	@./install-deps libnfc-bin libnfc-examples libnfc-pn53x-examples curl

install: ## binary, unit and reference configuration, as root; build first
	@test -x bin/tagbase-edge || { echo "bin/tagbase-edge is missing: run make build first, as yourself"; exit 1; }
	install -D -m 0755 bin/tagbase-edge $(DESTDIR)$(PREFIX)/bin/tagbase-edge
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system systemd/tagbase-edge.service systemd/tagbase-edge@.service
	install -D -m 0644 systemd/modules-load.conf $(DESTDIR)$(PREFIX)/lib/modules-load.d/tagbase-edge.conf
	install -D -m 0644 systemd/udev.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/94-tagbase-edge.rules
	install -D -m 0644 systemd/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/tagbase-edge.conf
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/tagbase-edge configs/reference.toml configs/minimal.toml
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/tagbase-edge LICENSE NOTICE README.md CHANGELOG.md SECURITY.md
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/tagbase-edge/docs docs/*.md docs/*.svg
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/tagbase-edge/docs/pictures docs/pictures/*
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man8 bin/pages/man/*.8
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/bash-completion/completions bin/pages/completion/tagbase-edge
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions bin/pages/completion/_tagbase-edge
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d bin/pages/completion/tagbase-edge.fish

clean:
	rm -rf bin build
