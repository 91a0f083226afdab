#!/bin/sh
# Assembles the committed PTX by ptxas, disassembles what comes out by nvdisasm, and prints for each entry point
# registers, bytes of static shared memory, blocks and warps that fit a multiprocessor, and how many instructions of a
# kind it has: in brackets, those of 16 bytes. Fails if a kernel touches local memory, or if one of the tf32 modules
# (*.sm_80.ptx) has no HMMA or no load of 16 bytes. Skips where NVIDIA's packages cannot be had (nvidia-tool.sh);
# PTXAS and NVDISASM name other programs.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
. ./nvidia-tool.sh
[ -n "${PTXAS:-}" ] || PTXAS=$(nvidia_ptxas) || { echo "sass: skipped, there is no ptxas: pip cannot fetch it, or its hash is another"; exit 0; }
[ -n "${NVDISASM:-}" ] || NVDISASM=$(nvidia_nvdisasm) || { echo "sass: skipped, there is no nvdisasm: pip cannot fetch it, or its hash is another"; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

printf '%-5s %-30s %-5s %4s %6s %6s %5s %5s %5s %10s %9s %9s %9s %9s %5s\n' \
	PTX entry for regs shared blocks warps HMMA FFMA LDGSTS LDG STG LDS STS local
for file in ptx/*.ptx; do
	ptx=${file%.ptx}
	ptx=${ptx##*.}
	for arch in sm_80 sm_90; do
		"$PTXAS" -arch="$arch" -v "$file" -o "$tmp/cubin" >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; exit 1; }
		# It warns that it knows newer formats.
		"$NVDISASM" -c "$tmp/cubin" >"$tmp/sass" 2>"$tmp/log2" || { cat "$tmp/log2" >&2; exit 1; }
		awk -v ptx="$ptx" -v arch="$arch" '
			function wide(kind) { return count[kind] + 0 (wide16[kind] ? "(" wide16[kind] ")" : "") }
			function least(a, b) { return a < b ? a : b }
			function flush(  warps, perWarp, blocks, n) {
				if (entry == "") return
				warps = int((threads[entry] + 31) / 32)
				# A quarter of the registers belongs to each scheduler, handed out by 256; a block keeps 1 KiB of shared memory.
				perWarp = int((registers[entry] * 32 + 255) / 256) * 256
				blocks = least(32, least(int(64 / warps), int(int(16384 / perWarp) * 4 / warps)))
				blocks = least(blocks, int((arch == "sm_90" ? 228 : 164) * 1024 / (int((shared[entry] + 127) / 128) * 128 + 1024)))
				printf "%-5s %-30s %-5s %4d %6d %6d %5d %5d %5d %10s %9s %9s %9s %9s %5d\n", ptx, entry, arch, registers[entry],
					shared[entry], blocks, blocks * warps, count["HMMA"], count["FFMA"], wide("LDGSTS"), wide("LDG"), wide("STG"),
					wide("LDS"), wide("STS"), count["LDL"] + count["STL"]
				if (count["LDL"] + count["STL"]) complain("touches local memory")
				if (ptx == "sm_80" && !count["HMMA"]) complain("has no HMMA")
				if (ptx == "sm_80" && wide16["LDGSTS"] + wide16["LDG"] == 0) complain("has no load of 16 bytes")
				split("", count); split("", wide16)
			}
			function complain(what) { print "sass: " entry " for " arch " " what >"/dev/stderr"; failed = 1 }
			FILENAME ~ /ptx$/ {
				if ($1 == ".visible" && $2 == ".entry") { name = $3; sub(/\(.*/, "", name) }
				if ($1 == ".maxntid") threads[name] = $2 * $3 * $4
				next
			}
			FILENAME ~ /log$/ {
				if (/Compiling entry function/) { name = $7; gsub(/\047/, "", name) }
				if (/Used [0-9]+ registers/) {
					match($0, /Used [0-9]+/); registers[name] = substr($0, RSTART + 5, RLENGTH - 5)
					shared[name] = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH) + 0 : 0
				}
				next
			}
			/^\.text\./ { flush(); entry = $1; sub(/^\.text\./, "", entry); sub(/:$/, "", entry) }
			/^ *\/\*[0-9a-f]+\*\// {
				op = $2 ~ /^@/ ? $3 : $2
				kind = op; sub(/\..*/, "", kind)
				count[kind]++
				if (op ~ /\.128/) wide16[kind]++
			}
			END { flush(); exit failed }' "$file" "$tmp/log" "$tmp/sass" || failed=1
	done
done
exit ${failed:-0}
