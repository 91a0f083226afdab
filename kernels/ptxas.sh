#!/bin/sh
# Assembles the committed PTX for the architectures below and prints, for each entry point, its
# registers, bytes of static shared memory, and bytes spilled. ptxas comes from NVIDIA's compiler
# package for Python, pinned by version and hash, and is kept in build/; PTXAS names another one.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
version=12.9.86
hash=5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0

if [ -z "${PTXAS:-}" ]; then
	PTXAS=../build/ptxas/ptxas
	if [ ! -x "$PTXAS" ]; then
		mkdir -p ../build/ptxas
		(
			cd ../build/ptxas
			python3 -m pip download -q --no-deps --only-binary=:all: --platform manylinux2014_x86_64 \
				"nvidia-cuda-nvcc-cu12==$version"
			wheel=$(ls nvidia_cuda_nvcc_cu12-*.whl)
			echo "$hash  $wheel" | sha256sum -c --quiet
			python3 -c "import sys, zipfile; open('ptxas', 'wb').write(zipfile.ZipFile(sys.argv[1]).read('nvidia/cuda_nvcc/bin/ptxas'))" "$wheel"
			chmod +x ptxas
			rm "$wheel"
		) >&2
	fi
fi

printf '%-32s %-7s %-32s %9s %6s %7s\n' file for entry registers shared spilled
for file in ptx/*.ptx; do
	for arch in sm_70 sm_80 sm_90 sm_120; do
		case "$file,$arch" in *.sm_80.ptx,sm_70) continue ;; esac
		log=$("$PTXAS" -arch="$arch" -v "$file" -o /dev/null 2>&1) || { echo "$log" >&2; exit 1; }
		echo "$log" | awk -v file="$(basename "$file")" -v arch="$arch" '
			/Compiling entry function/ { entry = $7; gsub(/\047/, "", entry) }
			/bytes stack frame/ { spilled = $5 + $9; if ($1 > spilled) spilled = $1 }
			/Used [0-9]+ registers/ {
				registers = $0; sub(/.*Used /, "", registers); sub(/ registers.*/, "", registers)
				shared = 0
				if (match($0, /[0-9]+ bytes smem/)) shared = substr($0, RSTART, RLENGTH) + 0
				printf "%-32s %-7s %-32s %9s %6s %7s\n", file, arch, entry, registers, shared, spilled
			}'
	done
done
