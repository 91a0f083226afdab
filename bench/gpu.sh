#!/bin/sh
# Checks and times gangpu on a machine with an NVIDIA GPU that need not have Go: what `make gpu-bundle` put into
# build/gpu is all that it takes. Peers are measured where that machine's Python has PyTorch or JAX, kernels by
# ncu and checked by compute-sanitizer where it has those. One call does everything within nine minutes, what matters
# most first; what no time is left for is named. Two ranks are tried where there is an mpirun, linked by NCCL where there are two
# GPUs. The report, results and samples go to the folder that OUT names. Exit
# status 0 only if every check passed; a peer that fails is no failure.
#
# Usage: bench/gpu.sh [STEP...]: of machine checks bench games train ranks large roofline peers ncu sanitize; all without any.
# Environment: BATCH (256), LARGE (2048), EPOCHS (100), ITERATIONS (all of these), MEASUREMENTS (20), CARD (to predict
# for; the GPU's), PEERS_ON (cuda), PYTHON (python3), SECONDS_ALL (525), SIZE (64) of games' images, GAMES_BATCH (their
# own), SLOW (1): times what a step may take.
# GANGPU_LIBCUDA=emulated tries the script itself on a machine without a GPU: every step, on small arrays.
set -u
cases='' short='' judge=''
if [ "${GANGPU_LIBCUDA:-}" = emulated ]; then
	: "${BATCH:=2}" "${LARGE:=4}" "${ITERATIONS:=2}" "${MEASUREMENTS:=1}" "${CARD:=h200}" "${PEERS_ON:=cpu}" "${SECONDS_ALL:=3600}" "${SLOW:=10}" "${SIZE:=16}" "${GAMES_BATCH:=4}"
	cases='--cases 4 --work 16384' short=-test.short judge='--judge-every 0'
fi
root=$(cd "$(dirname "$0")/.." && pwd)
bundle=$root/build/gpu
out=${OUT:-$root/build/gpu-report}
mkdir -p "$out"
report=$out/report.txt
: >"$report"
failed=0
end=$(($(date +%s) + ${SECONDS_ALL:-525}))
wanted=${*:-machine checks bench games train ranks large roofline peers ncu sanitize}
batch=${BATCH:-256} n=${MEASUREMENTS:-20}
python=${PYTHON:-python3}
gangpu=$bundle/gangpu

wants() { case " $wanted " in *" $1 "*) ;; *) return 1 ;; esac; }
say() { printf '%s\n' "$*" | tee -a "$report"; }

# run NAME SECONDS COMMAND...: runs a command for so long, or as long as is left, and adds what it prints to the report.
run() {
	name=$1 limit=$(($2 * ${SLOW:-1}))
	shift 2
	left=$((end - $(date +%s)))
	[ $left -ge 5 ] || { say "== $name: no time is left"; return 2; }
	[ "$limit" -le $left ] || limit=$left
	printf '\n== %s\n$ %s\n' "$name" "$*" | tee -a "$report"
	start=$(date +%s)
	timeout "$limit" "$@" >"$out/step.log" 2>&1
	status=$?
	tail -n 150 "$out/step.log" | tee -a "$report"
	say "== $name: exit $status after $(($(date +%s) - start)) s"
	rm -f "$out/step.log"
	return $status
}

# check is run, and goes on whatever comes of it; a failure is one of all.
check() { run "$@" || failed=$((failed + 1)); }

# peer NAME SCRIPT OPTION...: measures another framework.
peer() {
	name=$1 script=$2
	shift 2
	run "$name" 75 sh -c '"$@" >"$0.part" && mv "$0.part" "$0"' "$out/peer-$name.json" \
		"$python" "$root/bench/peers/$script" --device "${PEERS_ON:-cuda}" --batch "$batch" --steps "$n" --seconds 5 "$@" ||
		rm -f "$out/peer-$name.json.part"
}

has() { "$python" -c "import importlib.util, sys; sys.exit(not importlib.util.find_spec('$1'))" 2>/dev/null; }

export GANGPU_DATA="$bundle/mnist" GANGPU_REQUIRE_GPU=1
date -u | tee -a "$report"
if wants machine; then
	[ -n "${GANGPU_LIBCUDA:-}" ] ||
		check machine 20 nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit --format=csv
	check version 10 "$gangpu" version
	check devices 20 "$gangpu" devices
fi
if wants checks; then
	for precision in fp32 tf32; do
		# shellcheck disable=SC2086 # several words or none
		check "selftest $precision" 60 "$gangpu" selftest --device 0 --precision $precision $cases
	done
	check conformance 120 "$bundle/cudriver.test" -test.v $short -test.run "^(TestConformance|TestInstructions)$"
	for step in "$bundle"/reference.safetensors "$bundle"/steps/*.safetensors; do
		[ -f "$step" ] || continue
		for precision in fp32 tf32; do
			check "verify $(basename "$step" .safetensors) $precision" 30 "$gangpu" verify --device 0 --precision $precision --reference "$step"
		done
	done
fi
if wants bench; then
	rm -f "$out"/gangpu-*.json
	for precision in tf32 fp32; do
		check "bench $precision" 60 "$gangpu" bench --device 0 --precision $precision --batch "$batch" --steps "$n" --layers --json "$out/gangpu-$precision.json"
	done
fi
if wants games; then # on images of noise
	for game in dcgan wgan acgan biggan progan stylegan stylegan2 pix2pix cyclegan stargan srgan classifier; do
		preset=''
		case ${GANGPU_LIBCUDA:-}$game in # small enough for small images, and for one GPU
			emulatedpix2pix | emulatedcyclegan | *biggan | *stylegan2) preset='--preset small' ;;
			emulatedprogan | emulatedstylegan) preset='--preset small --set filters=8 --set filters_by_side=128' ;;
		esac
		# shellcheck disable=SC2086 # several words or none
		check "bench $game" 40 "$gangpu" bench --game $game $preset --device 0 --size "${SIZE:-64}" ${GAMES_BATCH:+--batch "$GAMES_BATCH"} --steps "$n" --json "$out/$game.json"
	done
fi
if wants train; then
	# shellcheck disable=SC2086 # two words or none
	check train 120 "$gangpu" train --device 0 $judge --epochs "${EPOCHS:-100}" ${ITERATIONS:+--iterations "$ITERATIONS"} --batch "$batch" --out "$out/run"
	cp "$out"/run/samples/epoch-*0.png "$out"/run/metrics.csv "$out"/ 2>/dev/null
	rm -rf "$out/run"
fi
if wants ranks; then # which make the file that one process makes
	same() {
		check "ranks, $1" 60 "$gangpu" train --iterations 2 --judge-every 0 --shards 2 --batch "$((2 * batch))" --out "$out/ranks-$1" $2
		[ "$1" = one ] || check "ranks, $1: the same file" 5 cmp "$out/ranks-one/model.safetensors" "$out/ranks-$1/model.safetensors"
	}
	if ! command -v mpirun >/dev/null; then
		say "== ranks: skipped: no mpirun, of Open MPI or MPICH"
	else
		same one '--device 0'
		(export GANGPU_LIBNCCL=off && same host '--device 0 --ranks 2' && exit $failed) || failed=$?
		if [ "$("$gangpu" devices | grep -c '^cuda:')" -lt 2 ]; then
			say "== ranks, nccl: skipped: there are no two GPUs"
		else
			same nccl '--ranks 2'
			check "ranks, nccl: linked" 5 grep 'GPUs by NCCL' "$report"
		fi
	fi
	rm -rf "$out"/ranks-*
fi
if wants large; then
	check "bench, large batch" 60 "$gangpu" bench --device 0 --batch "${LARGE:-2048}" --steps "$n" --layers --json "$out/large.json"
fi
if wants roofline; then
	for precision in tf32 fp32; do
		check "predictions and measurements, $precision" 90 "$gangpu" bench --roofline --device 0 --precision $precision --batch "$batch" \
			--steps "$n" ${CARD:+--card "$CARD"} --json "$out/roofline-$precision.json"
	done
fi
if wants peers; then
	rm -f "$out"/peer-*.json
	if has torch; then
		for mode in graphs compile-graphs eager; do
			peer "pytorch-$mode-tf32" pytorch.py --precision tf32 --mode $mode --channels-last --toeplitz
		done
		peer pytorch-graphs-fp32 pytorch.py --precision fp32 --mode graphs --channels-last --toeplitz
	else
		say "PyTorch is not installed for $python: left out"
	fi
	if has jax; then
		for precision in tf32 fp32; do
			peer "jax-$precision" jax_peer.py --precision $precision --cycle --toeplitz
		done
	else
		say "JAX is not installed for $python: left out"
	fi
	if has torch; then # what is no rewriting by hand, and costs its user more
		peer pytorch-graphs-tf32-plain pytorch.py --precision tf32 --mode graphs
		peer pytorch-compile-tf32 pytorch.py --precision tf32 --mode compile --toeplitz
	fi
fi
if wants peers; then # bench/table, which needs Go, makes more of the same files
	cat >"$out/rank.py" <<-'END'
		import json, sys
		ranks = []
		for path in sys.argv[1:]:
		    r = json.load(open(path))
		    ranks += [(d["iteration"]["median"], d["precision"], r["name"]) for d in r["devices"]]
		own = {precision: seconds for seconds, precision, name in ranks if name == "gangpu"}
		for seconds, precision, name in sorted(ranks):
		    print(f"{seconds * 1e3:10.3f} ms  {seconds / own[precision] if precision in own else 0:6.2f} of gangpu's  {precision}  {name}")
	END
	set --
	for file in "$out"/gangpu-*.json "$out"/peer-*.json; do
		[ ! -f "$file" ] || set -- "$@" "$file"
	done
	[ $# -eq 0 ] || run "an iteration of batch $batch" 20 "$python" "$out/rank.py" "$@"
	rm -f "$out/rank.py"
fi
if wants ncu; then
	if command -v ncu >/dev/null; then
		hottest=$("$python" - "$out/roofline-tf32.json" <<-'END' 2>/dev/null || echo conv2d_large conv2d_large_input_grad conv2d_large_filter_grad
			import collections, json, sys
			took = collections.Counter()
			for step in json.load(open(sys.argv[1]))["steps"]:
			    for operation in step["operations"]:
			        took[operation["kernels"][0]["kernel"]] += operation["measured"]
			print(*(name for name, _ in took.most_common(3)))
		END
		)
		for kernel in $hottest; do
			# Without graphs, and the second launch: the first may be the D step's, of half the images.
			run "ncu $kernel" 60 env GANGPU_CUDA_SYNC=1 ncu --kernel-name "$kernel" --launch-skip 1 --launch-count 1 --section SpeedOfLight \
				--section MemoryWorkloadAnalysis --section WarpStateStats --section Occupancy --section LaunchStats \
				"$gangpu" train --device 0 --batch "$batch" --iterations 2 --judge-every 0 --out "$out/ncu"
			rm -rf "$out/ncu"
		done
	else
		say "there is no ncu: left out"
	fi
fi
if wants sanitize; then
	if command -v compute-sanitizer >/dev/null; then
		for tool in memcheck racecheck; do
			check "compute-sanitizer $tool" 60 compute-sanitizer --tool $tool --error-exitcode 9 \
				"$gangpu" train --device 0 --batch 16 --iterations 2 --judge-every 0 --out "$out/sanitizer-$tool"
			rm -rf "$out/sanitizer-$tool"
		done
	else
		say "there is no compute-sanitizer: left out"
	fi
fi
say ""
say "$failed checks failed or were left out"
[ $failed -eq 0 ]
