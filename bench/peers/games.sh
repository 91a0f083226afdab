#!/usr/bin/env bash
# Measures an iteration of games by gangpu and by PyTorch's modes in turn, on the CPU, and prints a Markdown table.
# Usage: games.sh [NAME...]: of dcgan pix2pix pix2pix-256 cyclegan srresnet wgan progan stylegan2 biggan drawings, all without any, and of
# stylegan2-256-d and stylegan2-256-g, which take minutes. Environment: PYTHON, GANGPU, ROUNDS (3), STEPS (3) measurements of
# each a round, COMPILED (1; 0 leaves compiled modes out), RESULTS, a folder that keeps the results: those of more calls can
# be put into one table by bench/table -games.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$root/build/peers/bin/python
python=${PYTHON:-$([ -x "$venv" ] && echo "$venv" || echo python3)}
gangpu=${GANGPU:-$root/build/gangpu}
log=$(mktemp)
results=${RESULTS:-$(mktemp -d)}
trap 'rm -f "$log"; [ -n "${RESULTS:-}" ] || rm -rf "$results"' EXIT
mkdir -p "$results"
export PYTHONDONTWRITEBYTECODE=1

# measure NAME GANGPU'S-OPTIONS PEER'S-OPTIONS
measure() {
	modes=("eager --channels-last" "eager")
	# PyTorch does not differentiate a compiled network twice, which the penalties of wgan, progan and drawings need.
	[ "${COMPILED:-1}" = 0 ] || [ "$1" = wgan ] || [ "$1" = progan ] || [ "$1" = drawings ] || modes+=("compile --channels-last" "compile")
	case $1 in
		pix2pix* | cyclegan) modes+=("eager --channels-last --fakes once" "eager --fakes once") ;;
		stylegan2*) modes+=("eager --channels-last --modulation scaled" "eager --modulation scaled") ;;
	esac
	for round in $(seq "${ROUNDS:-3}"); do
		# shellcheck disable=SC2086 # several words
		"$gangpu" bench $2 --device cpu --steps "${STEPS:-3}" --warmup 1 --json - >"$results/$1-0-$round.json"
		for n in "${!modes[@]}"; do
			file=$results/$1-$((n + 1))-$round.json
			# shellcheck disable=SC2086
			"$python" "$root/bench/peers/games.py" $3 --mode ${modes[n]} --steps "${STEPS:-3}" --warmup 1 >"$file" 2>"$log" ||
				{ echo "failed: $3 ${modes[n]}: $(tail -n 1 "$log")" >&2; rm -f "$file"; }
		done
	done
}

for name in ${*:-dcgan pix2pix pix2pix-256 cyclegan srresnet wgan progan stylegan2 biggan drawings}; do
	echo "$name" >&2
	case $name in
		dcgan) measure $name "--game dcgan" "--game dcgan" ;;
		pix2pix) measure $name "--game pix2pix --preset small" "--game pix2pix" ;;
		pix2pix-256) measure $name "--game pix2pix --size 256" "--game pix2pix --size 256 --filters 64 --d-layers 3 --batch 1" ;;
		cyclegan) measure $name "--game cyclegan --preset small" "--game cyclegan" ;;
		srresnet) measure $name "--game srgan --set blocks=8 --batch 8" "--game srgan" ;;
		wgan) measure $name "--game wgan --set filters=32 --batch 32 --phase critic" "--game wgan" ;;
		progan) measure $name "--game progan --preset small --size 32 --set ema=0" "--game progan" ;;
		stylegan2) measure $name "--game stylegan2 --preset small --size 32 --set ema=0" "--game stylegan2" ;;
		biggan) measure $name "--game biggan --preset small --size 32 --set ema=0" "--game biggan" ;;
		drawings) measure $name "--game acgan --preset drawings-small --size 32 --set ema=0" "--game drawings" ;;
		stylegan2-256-[dg])
			phase=${name##*-}
			measure $name "--game stylegan2 --size 256 --batch 4 --phase $phase --set ema=0" "--game stylegan2 --size 256 --batch 4 --phase $phase"
			;;
		*) echo "unknown game $name" >&2; exit 2 ;;
	esac
done
cd "$root" && go run ./bench/table -games "$results"/*.json
