# Everything is done through make; `make` alone lists what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

# The tools have a module of their own, so that their dependencies are not ours. Go keeps
# their binaries in its build cache: only the first use compiles them.
BUF := go tool -modfile=tools/go.mod buf
STATICCHECK := go tool -modfile=tools/go.mod staticcheck

# make run ARGS="--apply gateway.yaml"
ARGS ?=
# make shots OUT=folder
OUT ?= webui/shots
# make build VERSION=v1.2.3; without it binaries tell their commit.
VERSION ?=
LDFLAGS := -s -w $(if $(VERSION),-X github.com/trunkline-ai/trunkline/internal/version.number=$(VERSION))

# npm writes these files when it has installed everything.
NODE_MODULES := webui/node_modules/.package-lock.json
SDK_MODULES := e2e/sdk/node_modules/.package-lock.json
SDK_PYTHON := e2e/sdk/.venv/.installed

# Our own Go files, committed or not.
GOFILES = $(shell git ls-files -co --exclude-standard '*.go' ':!proto/gen')

##@ Run

.PHONY: run
run: webui-if-node bin/trunkline ## Start Trunkline on http://localhost:8001, building what is missing
	exec bin/trunkline $(ARGS)

.PHONY: demo
demo: webui-if-node bin/trunkline ## Rehearse an outage with three scripted providers; needs no account anywhere
	exec bin/trunkline --demo $(ARGS)

.PHONY: cluster
cluster: setup-test webui-if-node ## Start the distributed form: 2 control planes, 3 nodes, PostgreSQL, Redis, behind nginx
	go test -c -o bin/cluster ./e2e/cluster
	cd e2e/cluster && exec ../../bin/cluster -serve -test.run '^TestServe$$' -test.timeout 0

##@ Build

.PHONY: build
build: webui-if-node ## Build the console and every program into bin/
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

# Go itself knows best what to rebuild.
.PHONY: bin/trunkline
bin/trunkline:
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/trunkline

.PHONY: webui
webui: webui/dist/index.html ## Build the console into webui/dist, from where the programs embed it
	@:

.PHONY: release
release: webui ## Make dist/: archives of four platforms, notices, SBOM, checksums (VERSION=v1.2.3)
	go run ./internal/release -version '$(VERSION)' -out dist $(ARGS)

.PHONY: clean
clean: ## Remove what was built; data/ and caches stay
	rm -rf bin dist e2e/sdk/node_modules e2e/sdk/.venv webui/node_modules webui/test-results webui/playwright-report
	find webui/dist -mindepth 1 ! -name placeholder.html -delete

##@ Test

.PHONY: test
test: setup-test webui-if-node ## Run all tests; installs PostgreSQL, Redis, nginx and Chromium if they are missing (Debian)
	@$(MAKE) -j4 test-webui-if-node test-deployments test-packages sdks # a browser leaves much of two cores idle
	go test ./... # what test-packages has seen is in Go's cache

# Nice, because the browser's tests wait for things on a screen.
.PHONY: test-packages
test-packages: ## Run the tests beside the code, without those in e2e/
	nice go test $$(go list ./... | grep -v /e2e)

.PHONY: test-deployments
test-deployments: ## Check deployments/: image, Compose, Helm chart, units, proxies (a module of its own)
	cd deployments/check && go vet ./... && go test ./...

.PHONY: test-webui
test-webui: webui
	npm --prefix webui test
	npm --prefix webui run e2e

.PHONY: test-webui-if-node
test-webui-if-node:
	@if scripts/node.sh; then $(MAKE) test-webui; else echo 'The tests of the console are left out.'; fi

.PHONY: shots
shots: setup-test webui ## Take pictures of every page of the console (OUT=folder, ONLY=groups,keys, LANGS=en,zh)
	SHOTS=$(abspath $(OUT)) npm --prefix webui run e2e

.PHONY: test-race
test-race: setup-test ## Run the Go tests under the race detector
	go test -race ./...

.PHONY: e2e
e2e: setup-test webui $(SDK_MODULES) $(SDK_PYTHON) ## Run only the black-box tests: real processes, official SDKs, a real browser
	npm --prefix webui run e2e
	go test -count=1 ./e2e/...

# A number of executions and not a time: at the end of a time, Go's fuzzer can fail on a busy machine.
FUZZ_EXECUTIONS := 10000x

.PHONY: fuzz-short
fuzz-short: ## Fuzz whatever reads untrusted bytes, a few seconds each
	@for package in ./dataplane ./dataplane/proxy ./internal/plainhttp; do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ_EXECUTIONS) $$package; \
		done; \
	done

.PHONY: bench
bench: ## Measure Trunkline next to httputil.ReverseProxy and nginx (ARGS="--help" lists the options)
	go run ./bench $(ARGS)

.PHONY: bench-micro
bench-micro: ## Run the micro-benchmarks of the request path
	go test -run '^$$' -bench . -benchmem ./dataplane/... ./internal/...

.PHONY: setup-test
setup-test:
	@scripts/setup-test.sh

##@ Check

.PHONY: check
check: lint ## Check everything that needs no test run, as CI does
	@unformatted=$$(gofmt -l $(GOFILES)); if [[ -n $$unformatted ]]; then echo "not gofmt-ed, run make fmt:"; echo "$$unformatted"; exit 1; fi
	$(BUF) format -d --exit-code
	scripts/check-generated.sh

.PHONY: lint
lint: $(NODE_MODULES) ## Look for mistakes: go vet, staticcheck, buf lint, Biome and tsc
	go vet ./...
	$(STATICCHECK) ./...
	$(BUF) lint
	npm --prefix webui run check

.PHONY: fmt
fmt: $(NODE_MODULES) ## Format Go, protos and the console's sources
	gofmt -w $(GOFILES)
	$(BUF) format -w
	npm --prefix webui run fix

.PHONY: generate
generate: $(NODE_MODULES) ## Generate code, docs/reference and docs/cli from proto/, testdata/outcomes.yaml and the presets; the result is committed
	$(BUF) generate
	go run ./internal/domain/outcome/generate
	go run ./internal/domain/preset/generate
	$(BUF) build proto -o - | go run ./internal/docgen
	rm -rf docs/cli && go run ./cli/reference
	go test ./dataplane/proxy -count=1 -run TestTheMatrixOfDialects -update

# The console. Its targets are files, so that it is built only when its sources changed.

WEBUI_SOURCES := $(shell find webui -path webui/node_modules -prune -o -path webui/dist -prune -o -path webui/e2e -prune -o \
	-type f \( -path 'webui/src/*' -o -path 'webui/public/*' -o -path 'webui/scripts/*' -o -name '*.json' -o -name '*.html' -o -name '*.ts' -o -name '*.mjs' \) -print)

webui/dist/index.html: $(NODE_MODULES) $(WEBUI_SOURCES)
	npm --prefix webui run build
	@touch $@

$(NODE_MODULES): webui/package.json webui/package-lock.json
	@scripts/node.sh
	npm --prefix webui ci
	@touch $@

# The official SDKs for Node, which the black-box tests drive.
$(SDK_MODULES): e2e/sdk/package.json e2e/sdk/package-lock.json
	npm --prefix e2e/sdk ci
	@touch $@

# And those for Python.
HAVE_PYTHON = python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null
$(SDK_PYTHON): e2e/sdk/requirements.txt
	rm -rf e2e/sdk/.venv
	python3 -m venv e2e/sdk/.venv
	e2e/sdk/.venv/bin/pip install --quiet --disable-pip-version-check -r $< || { rm -rf e2e/sdk/.venv; exit 1; }
	@touch $@

.PHONY: sdks
sdks:
	@if scripts/node.sh; then $(MAKE) $(SDK_MODULES); else echo 'The tests of the Node SDK are left out.'; fi
	@$(HAVE_PYTHON) && $(MAKE) $(SDK_PYTHON) || echo 'The tests of the Python SDKs are left out: they need Python 3.9 or newer with venv, and PyPI.'

.PHONY: webui-if-node
webui-if-node:
	@if why=$$(scripts/node.sh); then $(MAKE) webui; \
	else echo "$$why Going on without the console: install it and run the same command again to get it."; fi

##@ Help

.PHONY: help
help: ## Print this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
