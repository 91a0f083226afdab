#!/usr/bin/env bash
# Runs gangpu bench and every peer whose framework is installed, on the CPU and on a GPU where there
# is one, and prints one table. Usage: run.sh [OUT [options of the peers, such as --batch 64]].
# OUT.json and OUT.md get the results; without it only the table is printed. Environment: PYTHON,
# GANGPU, STEPS (20) measurements of each, for SECONDS_EACH (30) at most of a peer, and
# GORGONIA_BATCH (16), the batch at which Gorgonia, whose own machine needs 0.6 GB an image, and gangpu
# again are measured; 0 leaves them out.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-}
shift || true
venv=$root/build/peers/bin/python
python=${PYTHON:-$([ -x "$venv" ] && echo "$venv" || echo python3)}
gangpu=${GANGPU:-$root/build/gangpu}
steps=${STEPS:-20}
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

has() { "$python" -c "import importlib.util, sys; sys.exit(not importlib.util.find_spec('$1'))"; }
sees_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }

n=0
peer() { # framework script options...
	has "$1" || { echo "$1 is not installed: ${*:2} is left out" >&2; return 0; }
	n=$((n + 1))
	echo "${*:2}" >&2
	"$python" "$root/bench/peers/$2" --steps "$steps" --seconds "${SECONDS_EACH:-30}" "${@:3}" "${more[@]}" \
		>"$results/$n.json" 2>"$results/log" || { tail -n 3 "$results/log" >&2; echo "failed: ${*:2}" >&2; rm "$results/$n.json"; }
}

more=("$@")
batch=()
for ((i = 0; i < ${#more[@]}; i++)); do
	case ${more[i]} in --batch | --threads) batch+=("${more[i]}" "${more[i + 1]}") ;; esac
done
"$gangpu" bench --steps "$steps" "${batch[@]}" --json - --layers >"$results/gangpu.json"

for layout in "" --channels-last; do
	for layer in --fft --toeplitz ""; do
		for mode in eager compile; do
			peer torch pytorch.py --mode $mode $layout $layer
		done
	done
done
peer jax jax_peer.py
peer jax jax_peer.py --toeplitz
peer tensorflow keras_peer.py
small=${GORGONIA_BATCH:-16}
if [ "$small" -gt 0 ]; then
	echo "gorgonia -batch $small" >&2
	if (cd "$root" && go run ./bench/peers/gorgonia -batch "$small" -steps "$steps" -seconds "${SECONDS_EACH:-30}") >"$results/small-gorgonia.json"; then
		"$gangpu" bench --device cpu --batch "$small" --steps "$steps" --json - >"$results/small-gangpu.json"
	else
		rm "$results/small-gorgonia.json"
	fi
fi
if sees_gpu; then
	"$gangpu" bench --device 0 --precision fp32 --steps "$steps" "${batch[@]}" --json - >"$results/gpu-fp32.json"
	for precision in tf32 fp32; do
		for mode in eager compile graphs compile-graphs; do
			for layout in "" --channels-last; do
				for layer in --fft --toeplitz ""; do
					peer torch pytorch.py --device cuda --precision $precision --mode $mode $layout $layer
				done
			done
		done
		for cycle in "" --cycle; do
			for layer in --toeplitz ""; do
				peer jax jax_peer.py --device cuda --precision $precision $cycle $layer
			done
		done
		peer tensorflow keras_peer.py --device cuda --precision $precision
	done
fi

cd "$root"
table=(go run ./bench/table)
if [ -n "$out" ]; then
	"${table[@]}" -markdown -o "$out.json" "$results"/*.json >"$out.md"
fi
"${table[@]}" "$results"/*.json
