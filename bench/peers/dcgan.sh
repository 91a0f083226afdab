#!/usr/bin/env bash
# Measures an iteration of dcgan (64 pixels, 64 filters) by gangpu and by PyTorch's modes in turn, on the CPU, and prints the
# median of each and its ratio to gangpu's. Environment: PYTHON, GANGPU, ROUNDS (5), BATCH (64).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$root/build/peers/bin/python
python=${PYTHON:-$([ -x "$venv" ] && echo "$venv" || echo python3)}
gangpu=${GANGPU:-$root/build/gangpu}
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for round in $(seq "${ROUNDS:-5}"); do
	"$gangpu" bench --game dcgan --size 64 --batch "${BATCH:-64}" --device cpu --steps 3 --warmup 1 --json - >"$results/0-$round.json"
	n=0
	for mode in "eager --channels-last" eager "compile --channels-last"; do
		n=$((n + 1))
		# shellcheck disable=SC2086
		"$python" "$root/bench/peers/dcgan.py" --mode $mode --batch "${BATCH:-64}" --steps 3 --warmup 1 >"$results/$n-$round.json" 2>"$results/log" ||
			{ tail -n 3 "$results/log" >&2; rm -f "$results/$n-$round.json"; }
	done
done
"$python" - "$results"/*.json <<'END'
import json, statistics, sys
times = {}
for path in sys.argv[1:]:
    r = json.load(open(path))
    times.setdefault(r.get("name", "gangpu"), []).append(r["devices"][0]["iteration"]["median"])
own = statistics.median(times["gangpu"])
for name, t in sorted(times.items(), key=lambda e: statistics.median(e[1])):
    m = statistics.median(t)
    print(f"{m:8.3f} s  {m / own:5.2f} of gangpu's  {min(t):.3f} to {max(t):.3f}  {name}")
END
