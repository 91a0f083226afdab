package mpitest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// HostsVariable names the environment variable that has tests make network namespaces: it begins as Variable does. Make
// test-mpi-hosts sets it.
const HostsVariable = "GANGPU_TEST_MPI_HOSTS"

// Hosts are network namespaces that stand for machines: each has a name and an address of its own, and a cable to one switch.
type Hosts struct {
	prefix string
	agent  string // what launchers start a program on another host by, in the place of ssh
}

// NewHosts makes so many hosts, which the test's end removes. A test where that cannot be done is skipped.
func NewHosts(t testing.TB, n int) *Hosts {
	t.Helper()
	if os.Getenv(HostsVariable) == "" {
		t.Skipf("%s is not set: make test-mpi-hosts makes network namespaces", HostsVariable)
	}
	h := &Hosts{prefix: fmt.Sprintf("gangpu-%d-", os.Getpid())}
	if err := h.ip("netns", "add", h.prefix+"switch"); err != nil {
		t.Skipf("network namespaces cannot be made: %v", err)
	}
	t.Cleanup(func() { _ = h.ip("netns", "delete", h.prefix+"switch") })
	must := func(args ...string) {
		t.Helper()
		if err := h.ip(args...); err != nil {
			t.Fatal(err)
		}
	}
	on := func(name string, args ...string) { must(append([]string{"-netns", h.prefix + name}, args...)...) }
	on("switch", "link", "add", "bridge", "type", "bridge")
	on("switch", "link", "set", "bridge", "up")
	for i := 1; i <= n; i++ {
		host, port := strconv.Itoa(i), fmt.Sprintf("port%d", i)
		must("netns", "add", h.prefix+host)
		t.Cleanup(func() {
			for _, pid := range h.processes(t, i) { // of Open MPI a daemon that its launcher cannot reach
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			_ = h.ip("netns", "delete", h.prefix+host)
		})
		on("switch", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", h.prefix+host)
		on("switch", "link", "set", port, "master", "bridge", "up")
		on(host, "address", "add", h.Address(i)+"/24", "dev", "eth0")
		on(host, "link", "set", "eth0", "up")
		on(host, "link", "set", "lo", "up")
	}
	h.agent = filepath.Join(t.TempDir(), "agent.sh")
	script := `#!/bin/sh
while case $1 in -*) true ;; *) false ;; esac; do shift; done
host=${1##*.}
shift
exec ip netns exec ` + h.prefix + `$host unshare --uts sh -c "hostname host$host; $*"
`
	if err := os.WriteFile(h.agent, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *Hosts) ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Address is the address of a host, of which the first is 1.
func (h *Hosts) Address(i int) string { return fmt.Sprintf("10.77.0.%d", i) }

// Pull pulls a host's cable.
func (h *Hosts) Pull(t testing.TB, i int) {
	t.Helper()
	if err := h.ip("-netns", h.prefix+"switch", "link", "set", fmt.Sprintf("port%d", i), "down"); err != nil {
		t.Fatal(err)
	}
}

// Received is how many bytes a host has got by its cable.
func (h *Hosts) Received(t testing.TB, i int) int {
	t.Helper()
	out, err := exec.Command("ip", "netns", "exec", h.prefix+strconv.Itoa(i), "cat", "/sys/class/net/eth0/statistics/rx_bytes").Output()
	n, bad := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || bad != nil {
		t.Fatalf("bytes that host %d got: %v, %v", i, err, bad)
	}
	return n
}

// Running is how many processes of a program run on a host.
func (h *Hosts) Running(t testing.TB, i int, program string) int {
	t.Helper()
	n := 0
	for _, pid := range h.processes(t, i) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it may have ended
		if name, _, _ := strings.Cut(string(line), "\x00"); filepath.Base(name) == program {
			n++
		}
	}
	return n
}

// processes are all that run on a host.
func (h *Hosts) processes(t testing.TB, i int) []int {
	t.Helper()
	out, err := exec.Command("ip", "netns", "pids", h.prefix+strconv.Itoa(i)).Output()
	if err != nil {
		t.Error(err)
	}
	var pids []int
	for _, of := range strings.Fields(string(out)) {
		if pid, err := strconv.Atoi(of); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Command is a program on the first host, ended after a minute, with what a launcher needs to reach the others from there.
func (h *Hosts) Command(t testing.TB, l Launcher, program string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, h.agent, append([]string{h.Address(1), "exec", program}, args...)...)
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = append(os.Environ(),
		"PATH="+filepath.Dir(l.File)+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"OMPI_MCA_plm_rsh_agent="+h.agent, "PRTE_MCA_plm_ssh_agent="+h.agent, // Open MPI 4, and 5
		"OMPI_MCA_btl_tcp_if_include=eth0", "OMPI_MCA_oob_tcp_if_include=eth0", "PRTE_MCA_oob_tcp_if_include=eth0",
		"HYDRA_LAUNCHER=ssh", "HYDRA_LAUNCHER_EXEC="+h.agent, "HYDRA_IFACE=eth0", // MPICH
		"UCX_TLS=tcp,self", // it would find the memory that the hosts share
	)
	return cmd
}
