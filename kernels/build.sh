#!/bin/sh
# Compiles the kernels to PTX: build.sh [FOLDER], by default the committed folder ptx beside it.
# Each file ends in a hash of what it was made from, which a test compares with the sources.
# Needs clang with the NVPTX back end (Debian: clang-19); CLANG names another one.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
out=${1:-ptx}
clang=${CLANG:-clang++-19}
flags="-x cuda --cuda-device-only -nocudainc -nocudalib -std=c++17 -O3 -Wall -Werror -mllvm -disable-vector-combine"

# compile SOURCE ARCHITECTURE FEATURE: the lowest PTX version that has the architecture's
# instructions, so that older drivers load it.
compile() {
	target="--cuda-gpu-arch=$2 --cuda-feature=+$3"
	hash=$( (cat "$1.cu" common.cuh $(sed -n 's/^#include "\([a-z0-9_]*\.cuh\)".*/\1/p' "$1.cu" | grep -v '^common\.cuh$' || true); echo "$flags $target") | sha256sum | cut -d' ' -f1)
	# shellcheck disable=SC2086
	"$clang" $flags $target -S "$1.cu" -o "$out/$1.$2.ptx"
	echo "// sources sha256:$hash" >>"$out/$1.$2.ptx"
}

mkdir -p "$out"
for source in *.cu; do
	compile "${source%.cu}" sm_70 ptx63
	# Where tensor cores and asynchronous copies pay.
	if grep -q tile_gemm\\.cuh "$source" || [ "$source" = conv2d_large.cu ]; then
		compile "${source%.cu}" sm_80 ptx70
	fi
done
