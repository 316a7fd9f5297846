# What one can do here. `make` or `make help` lists it.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# Each target uses all processors by itself; and the set-up comes before what needs it.
.NOTPARALLEL:
.PHONY: help demo build test bench soak lint bless portal setup clean

# Options of `make demo`, all but SIZE empty: the program then takes its own defaults.
DATA_DIR ?=
SIZE ?= town
LISTEN ?=

CARGO ?= cargo
PORTAL := web-map/dist/index.html
MARTIN := target/peers/bin/martin
PORTAL_PARTS := $(shell find web-map/src web-map/public web-map/build -not -name '.*' 2>/dev/null) \
                $(wildcard web-map/*.html web-map/*.ts web-map/*.js web-map/*.json)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## show an invented town on a map: SIZE=small|town|city|region, DATA_DIR=folder, LISTEN=address:port
	@exec target/release/opensit demo --size '$(SIZE)' $(if $(DATA_DIR),--data-dir '$(DATA_DIR)') $(if $(LISTEN),--listen '$(LISTEN)')

build: setup $(PORTAL) ## build the program with the portal in it: target/release/opensit
	@$(CARGO) build --release --locked -p server

test: ## install what tests need, and run every test
	@scripts/setup test
	@$(MAKE) --no-print-directory portal
	@scripts/test

bench: build $(MARTIN) ## measure speed, beside the alternatives
	@$(CARGO) run --release --locked -p bench -- all --martin $(MARTIN)

soak: build ## run under load for long, watching memory and the change feed
	@$(CARGO) run --release --locked -p bench -- soak

lint: web-map/node_modules/.installed ## check format and style of Rust, TypeScript and scripts
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --workspace --all-targets --locked -- --deny warnings
	@cd web-map && npm run check

bless: ## run the tests and accept what they answer as the new snapshots
	@scripts/setup test
	@$(MAKE) --no-print-directory portal
	@UPDATE_SNAPSHOTS=1 INSTA_UPDATE=always scripts/test
	@git --no-pager diff --stat

portal: $(PORTAL) ## build the portal, if its sources changed

setup: ## install the system packages that are missing (Debian 12)
	@scripts/setup run

clean: ## remove what was built; the demo's data stays
	@$(CARGO) clean
	@rm -rf web-map/dist web-map/node_modules e2e/browser/node_modules

web-map/node_modules/.installed: web-map/package.json web-map/package-lock.json
	@cd web-map && npm ci --no-audit --no-fund
	@touch $@

# The peer of the tiles, in the release that the figures are beside.
$(MARTIN):
	@$(CARGO) install martin@1.14.0 --locked --no-default-features --features postgres,metrics --root target/peers

# Folders are among the parts, so that a file that was removed counts as a change.
$(PORTAL): web-map/node_modules/.installed $(PORTAL_PARTS)
	@cd web-map && npm run build
	@touch $@
