#!/bin/sh
# Measures an iteration of two ranks with a core each, on two hosts with a shaped link between them, beside one rank of one core
# and of two. The hosts are network namespaces (needs root, iproute2, Open MPI in PATH, make build):
#
#     bench/links.sh [more flags of gangpu bench]
set -eu
gangpu=$PWD/build/gangpu
run=gangpu-links-$$
agent=$(mktemp)
trap 'for i in 1 2; do ip netns delete $run-$i 2>/dev/null || true; done; rm -f "$agent"' EXIT
ip netns add $run-1
ip netns add $run-2
ip -netns $run-1 link add eth0 type veth peer name eth0 netns $run-2
for i in 1 2; do
	ip -netns $run-$i address add 10.77.1.$i/24 dev eth0
	ip -netns $run-$i link set eth0 up
	ip -netns $run-$i link set lo up
done
cat >"$agent" <<END
#!/bin/sh
host=\${1##*.}
shift
exec ip netns exec $run-\$host unshare --uts sh -c "hostname host\$host; \$*"
END
chmod +x "$agent"

ranks() { # NUMBER HOSTS THREADS
	n=$1 hosts=$2 threads=$3
	shift 3
	ip netns exec $run-1 unshare --uts sh -c 'hostname host1; exec timeout 100 "$@"' sh mpirun --allow-run-as-root -n "$n" --bind-to none --host "$hosts" \
		--mca plm_rsh_agent "$agent" --mca oob_tcp_if_include eth0 --mca btl_tcp_if_include eth0 \
		"$gangpu" bench --device cpu --ranks "$n" --shards 2 --threads "$threads" --json - "$@"
}
one=10.77.1.1:2
two=10.77.1.1:1,10.77.1.2:1
echo "1 rank of 1 core: $(ranks 1 $one 1 "$@")"
echo "1 rank of 2 cores: $(ranks 1 $one 2 "$@")"
echo "2 ranks of 1 core, one host: $(ranks 2 $one 1 "$@")"
echo "2 hosts, no limit: $(ranks 2 $two 1 "$@")"
for rate in 10gbit 1gbit; do
	for i in 1 2; do
		tc -netns $run-$i qdisc replace dev eth0 root tbf rate $rate burst 256kb latency 20ms
	done
	echo "2 hosts, $rate: $(ranks 2 $two 1 "$@")"
done
