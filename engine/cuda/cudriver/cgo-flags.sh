#!/bin/sh
# Prints the C flags with which `go build -tags gpu` finds cuda.h, for CGO_CFLAGS. Fails, saying why,
# where there is no cuda.h or no C compiler. CUDA_HOME names a toolkit; CUDA_HOME=off, none.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)

if [ "${CUDA_HOME:-}" = off ]; then
	echo "CUDA_HOME is off" >&2
	exit 1
fi
if ! command -v "${CC:-gcc}" >/dev/null; then
	echo "no C compiler" >&2
	exit 1
fi
for include in ${CUDA_HOME:+"$CUDA_HOME/include"} ${CUDA_PATH:+"$CUDA_PATH/include"} \
	/usr/local/cuda/include /opt/cuda/include "$root/build/cuda/include" /usr/include; do
	if [ -f "$include/cuda.h" ]; then
		printf -- '-O2 -g -I%s/libcuda/compat -I%s\n' "$here" "$include"
		exit 0
	fi
done
echo "no cuda.h (make cuda-headers fetches it)" >&2
exit 1
