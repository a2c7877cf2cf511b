# SPDX-License-Identifier: Apache-2.0

GO          ?= go
READER      ?= libnfc
ONCE        ?=
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 10m
TAPS        ?= 500
PREFIX      ?= /usr
DESTDIR     ?=

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
BUILT   := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
BUILD   := $(GO) build -trimpath -tags nethttpomithttp2 -ldflags '-s -w -X main.version=$(VERSION) -X main.built=$(BUILT)'
MODULE  := $(shell $(GO) list -m 2>/dev/null)
LEAVES  := ./reader ./session ./uplink ./led ./journal

# What `make run READER=simulated` builds does without libnfc, and so without cgo.
ifeq ($(READER),simulated)
run: export CGO_ENABLED = 0
else
run: deps
endif

.PHONY: all build run test check fuzz soak-faults soak-kill soak-scans soak-reader bench deps deps-check deps-test deps-bench install clean

all: build

build: deps ## bin/tagbase-edge, with libnfc
	$(BUILD) -o bin/ ./cmd/tagbase-edge ./cmd/tagbase-sim

run: ## a real station on the bench; ONCE=1 tells the story once, READER=simulated does without libnfc
	$(BUILD) -o bin/ ./cmd/tagbase-edge ./cmd/tagbase-sim
	@exec bin/tagbase-sim story --daemon bin/tagbase-edge --reader $(READER) $(if $(ONCE),--once)

test: deps-test ## everything, with the race detector
	$(GO) test -race -parallel 8 -timeout 10m ./...

check: deps-check ## what must hold of the source
	@test -z "$$(gofmt -l .)" || { echo "gofmt these:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags nolibnfc ./...
	$(GO) run $(STATICCHECK) ./...
	@# no leaf room imports a sibling, and no station imports the bench
	@! $(GO) list -f '{{.ImportPath}}: {{join .Imports " "}}' $(LEAVES) | grep ' $(MODULE)/'
	@! $(GO) list -deps ./cmd/tagbase-edge | grep '^$(MODULE)/sim'
	@for arch in amd64 arm64 arm; do echo "build linux/$$arch without libnfc"; \
		CGO_ENABLED=0 GOOS=linux GOARCH=$$arch GOARM=6 $(GO) build -tags nolibnfc -o /dev/null ./cmd/tagbase-edge || exit 1; done
	$(BUILD) -o bin/ ./cmd/tagbase-edge
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
	TAPS=10000 $(GO) test -count=1 -timeout 60m -v -run TestTagsThatLeave ./reader
	REPEAT=1000 $(GO) test -count=1 -parallel 8 -timeout 120m -v -run TestReaderFaultsAgainAndAgain ./cmd/tagbase-edge | grep -v '"msg"'
	IDLE=60s $(GO) test -count=1 -timeout 10m -v -run TestIdle ./cmd/tagbase-edge

bench: deps-bench build ## tap to verdict, with what a user would otherwise have; writes docs/performance.md; TAPS=50 is shorter
	bin/tagbase-sim measure --taps $(TAPS) --into docs

deps: ## what the build needs, by apt
	@./install-deps gcc libc6-dev pkg-config libnfc-dev

deps-check: deps
	@./install-deps systemd

deps-test: deps
	@./install-deps libnfc-bin libnfc-examples

deps-bench: deps
	@./install-deps libnfc-bin libnfc-examples libnfc-pn53x-examples curl

install: ## binary, unit and reference configuration, as root; build first
	@test -x bin/tagbase-edge || { echo "bin/tagbase-edge is missing: run make build first, as yourself"; exit 1; }
	install -D -m 0755 bin/tagbase-edge $(DESTDIR)$(PREFIX)/bin/tagbase-edge
	install -D -m 0644 systemd/tagbase-edge.service $(DESTDIR)$(PREFIX)/lib/systemd/system/tagbase-edge.service
	install -D -m 0644 systemd/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/tagbase-edge.conf
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/tagbase-edge configs/reference.toml configs/minimal.toml
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/tagbase-edge LICENSE NOTICE README.md CHANGELOG.md
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/tagbase-edge/docs docs/*.md

clean:
	rm -rf bin
