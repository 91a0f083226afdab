#!/bin/sh
# Assembles the committed PTX for the architectures below and prints, for each entry point, its
# registers, bytes of static shared memory, and bytes spilled; then, for each module of generated PTX in the folder
# $1, the largest of these over its entry points. Fails if a generated kernel spills. ptxas comes from NVIDIA's compiler
# package for Python (nvidia-tool.sh); PTXAS names another one.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
. ./nvidia-tool.sh
[ -n "${PTXAS:-}" ] || PTXAS=$(nvidia_ptxas)

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
[ -n "${1:-}" ] || exit 0
printf '\n%-44s %-7s %8s %9s %6s %7s\n' 'generated module' for kernels registers shared spilled
for file in "$1"/*.ptx; do
	for arch in sm_70 sm_80 sm_90 sm_120; do
		log=$("$PTXAS" -arch="$arch" -v "$file" -o /dev/null 2>&1) || { echo "$log" >&2; exit 1; }
		echo "$log" | awk -v file="$(basename "$file")" -v arch="$arch" '
			/bytes stack frame/ { n = $5 + $9; if ($1 > n) n = $1; if (n > spilled) spilled = n }
			/Used [0-9]+ registers/ {
				kernels++
				match($0, /Used [0-9]+/); n = substr($0, RSTART + 5, RLENGTH - 5) + 0; if (n > registers) registers = n
				n = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH) + 0 : 0; if (n > shared) shared = n
			}
			END {
				printf "%-44s %-7s %8d %9d %6d %7d\n", file, arch, kernels, registers, shared, spilled
				if (spilled) exit 1
			}'
	done
done
