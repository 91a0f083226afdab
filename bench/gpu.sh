#!/bin/sh
# Checks and times gangpu on a machine with an NVIDIA GPU that need not have Go: what `make gpu-bundle`
# put into build/gpu is all that it takes. One call does everything, within nine minutes; the report
# and samples go to the folder that OUT names. Exit status 0 only if every check passed.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
bundle=$root/build/gpu
out=${OUT:-$root/build/gpu-report}
mkdir -p "$out"
report=$out/report.txt
: >"$report"
failed=0

# step NAME SECONDS COMMAND...: runs a command, adds what it prints to the report, and goes on
# whatever comes of it.
step() {
	name=$1 limit=$2
	shift 2
	printf '\n== %s\n$ %s\n' "$name" "$*" | tee -a "$report"
	start=$(date +%s)
	timeout "$limit" "$@" >"$out/step.log" 2>&1
	status=$?
	tail -n 150 "$out/step.log" | tee -a "$report"
	[ $status -eq 0 ] || failed=$((failed + 1))
	printf '== %s: exit %d after %d s\n' "$name" $status $(($(date +%s) - start)) | tee -a "$report"
	rm -f "$out/step.log"
	return $status
}

gangpu=$bundle/gangpu
export GANGPU_DATA="$bundle/mnist" GANGPU_REQUIRE_GPU=1
date -u | tee -a "$report"
step machine 20 nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit --format=csv
step version 10 "$gangpu" version
step devices 20 "$gangpu" devices
step "selftest fp32" 60 "$gangpu" selftest --device 0 --precision fp32
step "selftest tf32" 60 "$gangpu" selftest --device 0 --precision tf32
step conformance 120 "$bundle/cudriver.test" -test.v -test.run "^(TestConformance|TestInstructions)$"
if [ -f "$bundle/reference.safetensors" ]; then
	step "verify fp32" 30 "$gangpu" verify --device 0 --precision fp32 --reference "$bundle/reference.safetensors"
	step "verify tf32" 30 "$gangpu" verify --device 0 --precision tf32 --reference "$bundle/reference.safetensors"
fi
if command -v compute-sanitizer >/dev/null; then
	for tool in memcheck racecheck; do
		step "compute-sanitizer $tool" 60 compute-sanitizer --tool $tool --error-exitcode 9 \
			"$gangpu" train --device 0 --batch 16 --iterations 2 --out "$out/sanitizer-$tool"
		rm -rf "$out/sanitizer-$tool"
	done
fi
step train 120 "$gangpu" train --device 0 --epochs 10 --out "$out/run"
[ ! -d "$out/run" ] || cp "$out"/run/samples/epoch-010.png "$out"/run/metrics.csv "$out"/ 2>/dev/null
rm -rf "$out/run"
step bench 90 "$gangpu" bench --device 0,cpu --layers
printf '\n%d steps failed\n' $failed | tee -a "$report"
[ $failed -eq 0 ]
