package mpi

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Starter is a launcher that this machine has.
type Starter struct {
	Name string // "Open MPI" or "MPICH"
	File string
}

// Host is a machine, and how many ranks it gets.
type Host struct {
	Name  string
	Ranks int
}

// FindStarter looks for a launcher in PATH.
func FindStarter() (Starter, error) {
	for _, name := range []string{"mpirun", "mpiexec"} {
		if file, err := exec.LookPath(name); err == nil {
			return StarterAt(file)
		}
	}
	return Starter{}, errors.New("there is no mpirun and no mpiexec in PATH to start ranks by: Open MPI or MPICH brings one")
}

// StarterAt asks the launcher in a file which MPI it is of.
func StarterAt(file string) (Starter, error) {
	version, err := exec.Command(file, "--version").CombinedOutput()
	switch {
	case err != nil:
		return Starter{}, fmt.Errorf("%s --version: %w: %s", file, err, strings.TrimSpace(string(version)))
	case strings.Contains(string(version), "Open MPI") || strings.Contains(string(version), "open-mpi"):
		return Starter{"Open MPI", file}, nil
	case strings.Contains(string(version), "HYDRA") || strings.Contains(string(version), "MPICH") || strings.Contains(string(version), "Intel(R) MPI"):
		return Starter{"MPICH", file}, nil
	}
	return Starter{}, fmt.Errorf("%s is a launcher of neither Open MPI nor MPICH: it starts ranks by its own command line", file)
}

// Command starts a program as so many ranks: on the hosts, each as many as it says, or all here. The ranks share the cores of
// their machine, and may be more than these.
func (s Starter) Command(ranks int, hosts []Host, program string, args ...string) *exec.Cmd {
	launch := []string{"-n", strconv.Itoa(ranks)}
	var names []string
	for _, h := range hosts {
		names = append(names, fmt.Sprintf("%s:%d", h.Name, h.Ranks))
	}
	where := strings.Join(names, ",")
	env := os.Environ()
	if s.Name == "Open MPI" {
		launch = append(launch, "--oversubscribe", "--bind-to", "none")
		if where != "" {
			launch = append(launch, "--host", where)
		}
		// It takes no variables along to other machines but its own, and those that it is told of.
		for _, v := range env {
			if name, _, _ := strings.Cut(v, "="); where != "" && strings.HasPrefix(name, "GANGPU_") {
				launch = append(launch, "-x", name)
			}
		}
		if os.Geteuid() == 0 { // who is root in a container knows
			for _, name := range []string{"OMPI_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT"} {
				env = append(env, name+"=1", name+"_CONFIRM=1")
			}
		}
	} else if where != "" {
		launch = append(launch, "-hosts", where)
	}
	cmd := exec.Command(s.File, append(append(launch, program), args...)...)
	cmd.Env = env
	return cmd
}
