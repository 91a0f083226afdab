// Package mpi joins the ranks that an MPI launcher started: mpirun, mpiexec or srun. The machine's MPI library is bound when
// it is needed; the same program runs with Open MPI, MPICH, libraries of MPICH's interface (Intel MPI, Cray MPICH,
// MVAPICH), and those of the standard interface of MPI 5. It is not needed to build gangpu, and a run of one rank loads
// none.
package mpi

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// LibraryVariable names the environment variable with the file of an MPI library, in the place of the one that belongs to
// the launcher.
const LibraryVariable = "GANGPU_LIBMPI"

// Libraries of the dialects of MPI: the numbers and addresses by which programs name what the library has.
const (
	openMPI  = "libmpi.so.40"
	mpich    = "libmpi.so.12"
	standard = "libmpi_abi.so.1"
)

// Launch is how a process was started.
type Launch struct {
	Launcher  string // "Open MPI", "MPICH", "PMIx"; empty if by none
	Size      int    // ranks, as far as the environment tells; 0 if it does not, 1 without a launcher
	libraries []string
}

// FindLaunch tells by the environment how this process was started. It is an error if Slurm started several that an MPI
// library could not join: each would train a run of its own.
func FindLaunch(getenv func(string) string) (Launch, error) {
	number := func(name string) int {
		n, _ := strconv.Atoi(getenv(name))
		return n
	}
	switch {
	case getenv("OMPI_COMM_WORLD_SIZE") != "":
		return Launch{"Open MPI", number("OMPI_COMM_WORLD_SIZE"), []string{openMPI, standard}}, nil
	case getenv("PMI_RANK") != "":
		return Launch{"MPICH", number("PMI_SIZE"), []string{standard, mpich}}, nil
	case getenv("PMIX_RANK") != "":
		return Launch{"PMIx", number("SLURM_STEP_NUM_TASKS"), []string{openMPI, standard, mpich}}, nil
	}
	if n := number("SLURM_STEP_NUM_TASKS"); n > 1 {
		return Launch{}, fmt.Errorf("srun started %d processes that cannot find each other: srun --mpi=pmix (Open MPI) or "+
			"--mpi=pmi2 (MPICH, Intel MPI) starts the ranks of one run", n)
	}
	return Launch{Size: 1}, nil
}

// candidates are the files to load, the first one that can be: what the user names, or those beside the launcher, which
// need not be where the system looks, and those that it finds.
func (l Launch) candidates() []string {
	if file := os.Getenv(LibraryVariable); file != "" {
		return []string{file}
	}
	// A rank is started by a process of the launcher: its own, or one that it has on each machine.
	launchers := []string{fmt.Sprintf("/proc/%d/exe", os.Getppid())}
	for _, name := range []string{"mpirun", "mpiexec"} {
		if path, err := exec.LookPath(name); err == nil {
			launchers = append(launchers, path)
		}
	}
	var all []string
	for _, path := range launchers {
		path, err := filepath.EvalSymlinks(path)
		if err != nil {
			continue
		}
		for _, name := range l.libraries {
			file := filepath.Join(filepath.Dir(filepath.Dir(path)), "lib", name)
			if _, err := os.Stat(file); err == nil {
				all = append(all, file)
			}
		}
	}
	return append(all, l.libraries...)
}

// dialectOf is the number of a library's dialect, by its file's name: 0 for the standard interface, 1 for the others, which
// are told apart by their symbols.
func dialectOf(file string) int {
	if strings.Contains(filepath.Base(file), "mpi_abi") {
		return 0
	}
	return 1
}
