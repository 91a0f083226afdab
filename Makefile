# gangpu: what can be made. `make` alone lists the targets.
.DEFAULT_GOAL := help

GO     ?= go
GAME   ?=
PRESET ?=
EPOCHS ?= 10
OUT    ?=
DATA   ?=
ARGS   ?=

# Pinned: a newer one may know new complaints.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# go-gangpu runs go build or go install of the command: with the tag gpu where there is a C compiler, and for the CPU
# alone where there is none, which it says.
CUDA_FLAGS := GO="$(GO)" sh engine/cuda/cudriver/cgo-flags.sh
define go-gangpu
@if flags=$$($(CUDA_FLAGS) 2>&1); then \
	CGO_CFLAGS="$$flags" $(GO) $(1) -trimpath -tags gpu ./cmd/gangpu; \
else \
	echo "this gangpu computes on the CPU alone: $$flags"; \
	CGO_ENABLED=0 $(GO) $(1) -trimpath ./cmd/gangpu; \
fi
endef

BINARY ?= build/gangpu

.PHONY: build
build: ## build/gangpu, the command; it can use a GPU where there is a C compiler
	$(call go-gangpu,build -o $(BINARY))

.PHONY: install
install: ## the same command, to where go install puts commands
	$(call go-gangpu,install)

.PHONY: ptx
ptx: ## compile the CUDA kernels to the committed PTX (needs clang-19, no CUDA toolkit)
	sh kernels/build.sh

.PHONY: ptxas
ptxas: ## assemble the PTX, and what is written for compositions, by NVIDIA's ptxas, fetched by pip: registers, shared memory, spills
	rm -rf build/ptx && $(GO) run ./bench/fusion -ptx build/ptx
	sh kernels/ptxas.sh "$$PWD/build/ptx"

.PHONY: fusion
fusion: ## count what the engine's compositions move through memory once they are fused, beside the floor
	$(GO) run ./bench/fusion

.PHONY: sass
sass: ## disassemble what ptxas makes of the PTX, by NVIDIA's nvdisasm, fetched by pip: tensor cores, widths, occupancy
	sh kernels/sass.sh

.PHONY: train
train: build ## train a GAN on MNIST, or GAME=dcgan on emoji: PRESET=best or tutorial, EPOCHS=10, OUT=folder, DATA=folder, ARGS="more flags"
	build/gangpu train $(GAME) $(if $(PRESET)$(GAME),$(if $(PRESET),--preset $(PRESET)),--preset best) --epochs $(EPOCHS) $(if $(OUT),--out "$(OUT)") $(if $(DATA),--data "$(DATA)") $(ARGS)

.PHONY: emoji
emoji: build ## fetch the dataset emoji (10 MB, a Go module), and test what reads it
	build/gangpu data emoji
	$(GO) test -count 1 -run 'Emoji|Read' ./gan/data/...

.PHONY: bench
bench: build ## measure an iteration of training on the devices here, layer by layer; ARGS="more flags"
	build/gangpu bench --layers $(ARGS)

.PHONY: roofline
roofline: ## count what the kernels execute and move, for the table in kernels/README.md (two minutes)
	@mkdir -p build/roofline
	for p in tf32 fp32; do $(GO) run ./cmd/gangpu bench --roofline --precision $$p --json - >build/roofline/$$p.json || exit 1; done
	$(GO) run ./bench/table -roofline -into kernels/README.md build/roofline/tf32.json build/roofline/fp32.json

.PHONY: peers
peers: ## install PyTorch, JAX and Keras in build/peers, to be measured beside gangpu (needs pip, and 8 GB)
	python3 -m venv build/peers
	build/peers/bin/pip install --quiet -r bench/peers/requirements.txt

.PHONY: bench-peers
bench-peers: build ## measure gangpu and the installed peers, one table; OUT=NAME writes NAME.json and NAME.md
	bench/peers/run.sh $(OUT)

.PHONY: test
test: ## run all tests
	$(GO) test ./...

.PHONY: test-math
test-math: ## try the CPU device's functions on all floats: within 2 ulp (a quarter of an hour on two cores)
	$(GO) test -count=1 -timeout 90m -run TestFunctionsInUlps -v ./engine/cpu/ -all-floats

.PHONY: test-noasm
test-noasm: ## run the CPU device's tests on the plain-Go twins of its assembly
	$(GO) test -tags noasm ./engine/cpu/

.PHONY: test-gpu
test-gpu: ## run the tests of the real driver's bindings (needs a C compiler, no GPU and no network)
	flags=$$($(CUDA_FLAGS)) && export CGO_CFLAGS="$$flags" && $(GO) vet -tags gpu ./engine/... ./gan/train/ ./cmd/... && \
		$(GO) test -tags gpu ./engine/ ./engine/cuda/... ./engine/collective/nccl/... ./cmd/... && \
		$(GO) test -tags gpu -run NCCL ./gan/train/

.PHONY: test-mpi
test-mpi: ## train on ranks of Open MPI and MPICH, the machine's and pip's in build/mpi: equal files, faults (needs a C compiler)
	@launchers=$$(sh engine/collective/mpi/launchers.sh); if [ -n "$$launchers" ]; then \
		GANGPU_TEST_MPI="$$launchers" $(GO) test -count=1 -v ./engine/collective/mpi/ && \
		GANGPU_TEST_MPI="$$launchers" $(GO) test -count=1 -v -run '^Test(TrainStarts)?Ranks' ./cmd/gangpu/; \
	else \
		echo "skipped: no launcher of an MPI, and pip cannot install one"; \
	fi

.PHONY: test-mpi-hosts
test-mpi-hosts: ## the same on hosts that are network namespaces: two and three, and one whose cable is pulled (needs root, iproute2)
	@launchers=$$(sh engine/collective/mpi/launchers.sh); \
	if [ -z "$$launchers" ]; then echo "skipped: no launcher of an MPI, and pip cannot install one"; \
	elif ! ip netns add gangpu-probe; then echo "skipped: network namespaces cannot be made"; \
	else \
		ip netns delete gangpu-probe && \
		GANGPU_TEST_MPI_HOSTS=1 GANGPU_TEST_MPI="$$launchers" $(GO) test -count=1 -v -run '^TestHost' ./cmd/gangpu/; \
	fi

.PHONY: test-nccl
test-nccl: ## load NVIDIA's NCCL, fetched by pip (216 MB), make ids, and compare nccl.h with NVIDIA's (needs a C compiler)
	@if dir=$$(sh engine/collective/nccl/library.sh); then \
		flags=$$($(CUDA_FLAGS)) && export CGO_CFLAGS="$$flags" && \
			GANGPU_TEST_NCCL="$$dir" $(GO) test -count=1 -v -tags gpu -run NVIDIA ./engine/collective/nccl/; \
	else \
		echo "skipped: NVIDIA's NCCL cannot be fetched by pip"; \
	fi

.PHONY: test-cuda-headers
test-cuda-headers: ## compare the project's cuda.h with NVIDIA's of CUDA 11, 12 and 13, fetched by pip
	@if headers=$$(cd kernels && . ./nvidia-tool.sh && nvidia_headers); then \
		GANGPU_CUDA_HEADERS="$$headers" $(GO) test -count=1 -v -run HeaderIsNVIDIAs ./engine/cuda/cudriver/; \
	else \
		echo "skipped: NVIDIA's headers cannot be fetched by pip, to compare cuda.h with them"; \
	fi

EXPORT_PEERS := build/export-peers/bin/python

.PHONY: export-peers
export-peers: $(EXPORT_PEERS) ## install Keras, JAX and ONNX Runtime in build/export-peers, to prove exports by (needs pip, and 1 GB)

$(EXPORT_PEERS): gan/exchange/peers/requirements.txt
	python3 -m venv build/export-peers
	build/export-peers/bin/pip install --quiet -r gan/exchange/peers/requirements.txt
	touch $(EXPORT_PEERS)

ONNXRUNTIME_WEB := onnxruntime-web-1.30.0.tgz

STEPS := build/reference/steps
JAX := build/reference/bin/python

.PHONY: reference
reference: $(JAX) build ## write steps of games by JAX in float64 to STEPS=folder, and replay them on the CPU (needs pip, and 400 MB)
	PYTHONDONTWRITEBYTECODE=1 $(JAX) bench/reference/games.py "$(STEPS)"
	for file in "$(STEPS)"/*.safetensors; do \
		build/gangpu verify --device cpu --reference "$$file" >build/reference/verified.txt || { cat build/reference/verified.txt; exit 1; }; \
		echo "$$file: $$(tail -n 1 build/reference/verified.txt)"; \
	done

$(JAX): bench/reference/requirements.txt
	python3 -m venv build/reference
	build/reference/bin/pip install --quiet -r bench/reference/requirements.txt
	touch $(JAX)

.PHONY: onnxruntime-web
onnxruntime-web: build/onnxruntime-web/$(ONNXRUNTIME_WEB) ## fetch ONNX Runtime Web to build/onnxruntime-web/dist, for gangpu export --format web (needs npm)

build/onnxruntime-web/$(ONNXRUNTIME_WEB):
	rm -rf build/onnxruntime-web && mkdir -p build/onnxruntime-web/unpacked
	cd build/onnxruntime-web/unpacked && npm pack --silent onnxruntime-web@1.30.0
	echo 'd2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71  build/onnxruntime-web/unpacked/$(ONNXRUNTIME_WEB)' | sha256sum -c --quiet
	tar -xzf build/onnxruntime-web/unpacked/$(ONNXRUNTIME_WEB) -C build/onnxruntime-web --strip-components=1 package/dist/ort.wasm.min.js \
		package/dist/ort-wasm-simd-threaded.mjs package/dist/ort-wasm-simd-threaded.wasm
	mv build/onnxruntime-web/unpacked/$(ONNXRUNTIME_WEB) build/onnxruntime-web && rm -r build/onnxruntime-web/unpacked

.PHONY: test-export
test-export: export-peers ## exchange models with the real Keras, ONNX Runtime and (with npm and chromium) a browser; compare outputs
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory onnxruntime-web; else echo "no npm to fetch ONNX Runtime Web: not tested in a browser"; fi
	web="$$PWD/build/onnxruntime-web/dist"; test -d "$$web" || web=; \
	GANGPU_ONNXRUNTIME_WEB="$$web" GANGPU_EXPORT_PEERS="$$PWD/$(EXPORT_PEERS)" PYTHONDONTWRITEBYTECODE=1 $(GO) test -count=1 -run Peers ./gan/exchange/

.PHONY: test-browser
test-browser: ## run the tests of the page that --serve shows and of the report in a browser (needs Chromium or Chrome)
	GANGPU_REQUIRE_BROWSER=1 $(GO) test -count 1 -run Browser ./internal/runpage/

.PHONY: race
race: ## run the tests of what is concurrent under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short ./engine/cpu/ ./mnist/ ./gan/data/ ./gan/run/ ./internal/runpage/ ./cmd/gangpu/

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@bad=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$bad" ]; then echo "gofmt would change:" $$bad; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

.PHONY: cross
cross: ## build for the other platforms, and see that those of 32 bits are refused
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build -o /dev/null ./cmd/gangpu
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null ./cmd/gangpu
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./cmd/gangpu
	CGO_ENABLED=0 GOOS=linux GOARCH=386 $(GO) build -o /dev/null ./cmd/gangpu 2>&1 | grep -q 'undefined: gangpu_needs_a_64_bit_platform'

REFERENCE ?=

.PHONY: gpu-bundle
gpu-bundle: ## put what bench/gpu.sh needs on a GPU machine without Go into build/gpu; REFERENCE=file adds one to verify
	rm -rf build/gpu && mkdir -p build/gpu/mnist
	flags=$$($(CUDA_FLAGS)) && export CGO_CFLAGS="$$flags" && \
		$(GO) build -trimpath -ldflags '-s -w' -tags gpu -o build/gpu/gangpu ./cmd/gangpu && \
		$(GO) test -c -trimpath -ldflags '-s -w' -tags gpu -o build/gpu/cudriver.test ./engine/cuda/cudriver/
	cp "$$(build/gpu/gangpu data | sed -n '1s/.* in //p')"/*ubyte* build/gpu/mnist/
	cp -r gan/games/testdata build/gpu/steps
	$(if $(REFERENCE),cp "$(REFERENCE)" build/gpu/reference.safetensors)
	du -sh build/gpu

.PHONY: fuzz
fuzz: ## fuzz the readers of datasets, pictures, model files, HDF5 and PTX, half a minute each
	$(GO) test -run '^$$' -fuzz . -fuzztime 30s ./mnist/
	$(GO) test -run '^$$' -fuzz . -fuzztime 30s ./gan/data/
	$(GO) test -run '^$$' -fuzz . -fuzztime 30s ./internal/safetensors/
	$(GO) test -run '^$$' -fuzz . -fuzztime 30s ./internal/hdf5/
	$(GO) test -run '^$$' -fuzz . -fuzztime 30s ./kernels/ptxemu/

.PHONY: clean
clean: ## remove build/
	rm -rf build
