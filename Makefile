# What each target is for: make help

GO ?= go
FUZZTIME ?= 30s
BENCHTIME ?= 1s
STATICCHECK = $(GO) tool -modfile=tools/go.mod staticcheck

.PHONY: help build test check format vet lint tidy map bench gobench fuzz docs

help: ## say what each target is for
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

build: ## build bin/autosession
	$(GO) build -o bin/autosession ./cmd/autosession

test: ## run all tests
	$(GO) test -race -timeout 25m ./...

check: format vet tidy map lint ## everything that must hold besides the tests

format: # nothing is left for gofmt to do
	@files=$$(gofmt -l .) || exit 1; [ -z "$$files" ] || { gofmt -d $$files; exit 1; }

vet: # what the compiler lets pass
	$(GO) vet ./...

tidy: # go.mod and go.sum are what the code needs
	$(GO) mod tidy -diff
	cd tools && $(GO) mod tidy -diff

map: # the layout of the packages, and what the documents say of it
	$(GO) test ./internal/layout/ ./config/ -run 'Test(Layout|Docs|Hosts|.*Markdown|.*Docs).*'

lint: # staticcheck; its version is pinned in tools/go.mod
	$(STATICCHECK) ./...

bench: ## measure what the project promises to be fast, each figure with its aim beside it
	$(GO) run ./cmd/autosession-bench $(ROW)

gobench: ## run all Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

fuzz: ## fuzz each parser for FUZZTIME (30s)
	.ci/fuzz $(FUZZTIME)

docs: ## write the documents that are made from the code
	$(GO) test ./config -run TestDocs -update
