package hostmemory

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// limits are all that this process is subject to. root is "/", or what a test has in its place.
func limits(root string, u usage) []limit {
	status := fields(filepath.Join(root, "proc/self/status"), 1024)
	// Arrays that nothing was written to yet are Go's, and not yet in the system's count.
	own := status["RssAnon:"]
	resident := max(own, u.free) - u.free
	take := max(resident, u.live())
	var all []limit
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		all = append(all, limit{"the machine's memory", uint64(info.Totalram) * uint64(info.Unit), take})
	}
	for _, l := range cgroupLimits(root) {
		l.used = max(l.used, own) - own + take
		all = append(all, l)
	}
	// Go takes address space from the system in pieces of 64 MiB.
	const piece = 64 << 20
	for _, r := range []struct {
		resource int
		name     string
		used     string
	}{{unix.RLIMIT_AS, "ulimit -v", "VmSize:"}, {unix.RLIMIT_DATA, "ulimit -d", "VmData:"}} {
		var set unix.Rlimit
		if used := status[r.used] + piece; unix.Getrlimit(r.resource, &set) == nil && set.Cur != unix.RLIM_INFINITY {
			reusable := u.free + u.released
			all = append(all, limit{"the shell's limit (" + r.name + ")", uint64(set.Cur), max(used, reusable) - reusable})
		}
	}
	return all
}

// A cgroup's limit is in its folder, and so are those of the cgroups that it is in, up to the mount. See cgroups(7),
// the kernel's admin-guide/cgroup-v2.rst and admin-guide/cgroup-v1/memory.rst.
type cgroupVersion struct {
	filesystem   string // of the mount, which has the controller among its options in version 1
	controller   string // in /proc/self/cgroup; version 2 names none there
	limit, usage string
	reclaimable  []string // lines of memory.stat: files that the kernel forgets before it ends a process
}

var cgroupVersions = []cgroupVersion{
	{"cgroup", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", []string{"total_active_file", "total_inactive_file"}},
	{"cgroup2", "", "memory.max", "memory.current", []string{"active_file", "inactive_file"}},
}

func cgroupLimits(root string) []limit {
	var all []limit
	for _, v := range cgroupVersions {
		path, ok := v.path(root)
		if !ok {
			continue
		}
		for _, dir := range v.folders(root, path) {
			// A word as "max" is no limit. Version 1 has a number beyond every machine for none.
			bytes, err := strconv.ParseUint(line(filepath.Join(dir, v.limit)), 10, 64)
			stat := fields(filepath.Join(dir, "memory.stat"), 1)
			// Version 1 tells the limits beyond the mount, too.
			if above, ok := stat["hierarchical_memory_limit"]; ok && err == nil {
				bytes = min(bytes, above)
			}
			if err != nil || bytes >= 1<<62 {
				continue
			}
			used, _ := strconv.ParseUint(line(filepath.Join(dir, v.usage)), 10, 64)
			for _, name := range v.reclaimable {
				used -= min(used, stat[name])
			}
			all = append(all, limit{"the container's limit", bytes, used})
		}
	}
	return all
}

// path is that of this process's cgroup, in the hierarchy that limits memory.
func (v cgroupVersion) path(root string) (string, bool) {
	for _, l := range lines(filepath.Join(root, "proc/self/cgroup")) {
		parts := strings.SplitN(l, ":", 3)
		if len(parts) != 3 {
			continue
		}
		if slices.Contains(strings.Split(parts[1], ","), v.controller) {
			return parts[2], true
		}
	}
	return "", false
}

// folders are those of a cgroup and of all that it is in, as far as they are mounted.
func (v cgroupVersion) folders(root, path string) []string {
	for _, l := range lines(filepath.Join(root, "proc/self/mountinfo")) {
		// See proc_pid_mountinfo(5): ... root mountpoint options [fields...] - type source superoptions.
		before, after, ok := strings.Cut(l, " - ")
		mount, rest := strings.Fields(before), strings.Fields(after)
		if !ok || len(mount) < 5 || len(rest) < 3 || rest[0] != v.filesystem ||
			v.controller != "" && !slices.Contains(strings.Split(rest[2], ","), v.controller) {
			continue
		}
		top := filepath.Join(root, unescape(mount[4]))
		// A container often sees its own cgroup alone, mounted, and its path as the host has it.
		below, ok := strings.CutPrefix(path, strings.TrimSuffix(unescape(mount[3]), "/"))
		if !ok || below != "" && below[0] != '/' {
			below = ""
		}
		dir := filepath.Join(top, filepath.Clean("/"+below))
		folders := []string{dir}
		for dir != top {
			dir = filepath.Dir(dir)
			if line(filepath.Join(dir, "memory.use_hierarchy")) == "0" {
				break
			}
			folders = append(folders, dir)
		}
		return folders
	}
	return nil
}

// unescape undoes mountinfo's octal escapes of white space.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// line is a file's first one, empty if it cannot be read.
func line(file string) string {
	if all := lines(file); len(all) > 0 {
		return all[0]
	}
	return ""
}

func lines(file string) []string {
	b, _ := os.ReadFile(file) // a file that is not there says nothing
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// fields are a file's lines "name number ...", the numbers in units.
func fields(file string, unit uint64) map[string]uint64 {
	values := map[string]uint64{}
	for _, l := range lines(file) {
		if f := strings.Fields(l); len(f) > 1 {
			if n, err := strconv.ParseUint(f[1], 10, 64); err == nil {
				values[f[0]] = n * unit
			}
		}
	}
	return values
}
