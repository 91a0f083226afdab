#!/bin/sh
# Lists the cu* symbols that a package leaves to the linker: for symbols.h, after a change of
# gorgonia.org/cu's version or of the functions that package cudriver calls.
#
#	CGO_CFLAGS=-I<folder of cuda.h> sh symbols.sh gorgonia.org/cu
set -eu
archive=$(go list -tags gpu -export -f '{{.Export}}' "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
ar x "$archive"
nm -u ./_x*.o 2>/dev/null | awk '$1 == "U" && $2 ~ /^cu[A-Z]/ { print $2 }' | sort -u >wanted
nm --defined-only ./_x*.o 2>/dev/null | awk '$3 ~ /^cu[A-Z]/ { print $3 }' | sort -u >own
comm -23 wanted own
