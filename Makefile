# gangpu: what can be made. `make` alone lists the targets.
.DEFAULT_GOAL := help

GO     ?= go
EPOCHS ?= 5
OUT    ?=
DATA   ?=
ARGS   ?=

# Pinned: a newer one may know new complaints.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build/gangpu, the command
	$(GO) build -trimpath -o build/gangpu ./cmd/gangpu

.PHONY: train
train: build ## train the tutorial's GAN on MNIST: EPOCHS=5, OUT=folder, DATA=folder, ARGS="more flags"
	build/gangpu train --epochs $(EPOCHS) $(if $(OUT),--out "$(OUT)") $(if $(DATA),--data "$(DATA)") $(ARGS)

.PHONY: test
test: ## run all tests
	$(GO) test ./...

.PHONY: test-noasm
test-noasm: ## run the CPU device's tests on the plain-Go twins of its assembly
	$(GO) test -tags noasm ./engine/cpu/

.PHONY: race
race: ## run the tests of what is concurrent under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short ./engine/cpu/ ./mnist/ ./cmd/gangpu/

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@bad=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$bad" ]; then echo "gofmt would change:" $$bad; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

.PHONY: cross
cross: ## build for the other platforms
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build -o /dev/null ./cmd/gangpu
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null ./cmd/gangpu
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./cmd/gangpu

.PHONY: fuzz
fuzz: ## fuzz the file readers, half a minute each
	$(GO) test -run '^$$' -fuzz . -fuzztime 30s ./mnist/
	$(GO) test -run '^$$' -fuzz . -fuzztime 30s ./internal/safetensors/

.PHONY: clean
clean: ## remove build/
	rm -rf build
