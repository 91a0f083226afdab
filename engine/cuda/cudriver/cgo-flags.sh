#!/bin/sh
# Prints the C flags with which `go build -tags gpu` finds the project's cuda.h, for CGO_CFLAGS. Where no command for a
# GPU can be built, it fails and says why in one line. The flags hold the header's checksum: Go's build cache does not
# see what a header of another package holds, and would keep what it compiled with an older one.
header=$(cd "$(dirname "$0")/libcuda" && pwd)
go=${GO:-go}

fail() { echo "$1" >&2; exit 1; }

case $($go env GOOS)/$($go env GOARCH) in
linux/amd64 | linux/arm64) ;;
*) fail "the driver of NVIDIA's GPUs is used on Linux alone (amd64, arm64)" ;;
esac
[ "${CGO_ENABLED:-}" != 0 ] || fail "CGO_ENABLED is 0"
cc=$($go env CC)
command -v "${cc%% *}" >/dev/null || fail "no C compiler ($cc)"
complaint=$(printf '#include <dlfcn.h>\n#include <stdlib.h>\n' | $cc -fsyntax-only -x c - 2>&1) ||
	fail "the C compiler ($cc) compiles nothing: $(echo "$complaint" | head -n 1)"
[ "$($go env CGO_ENABLED)" = 1 ] || fail "CGO_ENABLED is 0 for a build for another machine"
sum=$(cat "$header/cuda.h" "$header/cuda_functions.h" | cksum)
printf "'-I%s' -DCUDA_H_CHECKSUM=%s %s\n" "$header" "${sum%% *}" "${CGO_CFLAGS:--O2 -g}"
