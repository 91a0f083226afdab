package hostmemory

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const mountinfo1 = "30 23 0:28 / /sys/fs/cgroup rw shared:1 - tmpfs tmpfs rw,mode=755\n" +
	"34 30 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n" +
	"35 30 0:32 %s /sys/fs/cgroup/memory rw shared:2 master:1 - cgroup cgroup rw,memory\n"

// What limits the memory, in the files as kernels have them.
func TestCgroupLimits(t *testing.T) {
	const v1, v2 = "sys/fs/cgroup/memory/", "sys/fs/cgroup/"
	for name, c := range map[string]struct {
		cgroup, mountinfo string
		files             map[string]string
		want              []limit
	}{
		"none": {"0::/\n", "", nil, nil},
		"version 1, own and above": {
			"12:cpu,cpuacct:/x\n4:blkio,memory:/a/b\n0::/user\n", fmt.Sprintf(mountinfo1, "/"),
			map[string]string{
				v1 + "a/b/memory.limit_in_bytes": "500\n", v1 + "a/b/memory.usage_in_bytes": "90\n",
				v1 + "a/b/memory.stat":         "cache 10\ninactive_file 7\ntotal_inactive_file 20\ntotal_active_file 30\n",
				v1 + "a/memory.limit_in_bytes": "400\n", v1 + "a/memory.usage_in_bytes": "100\n",
				v1 + "memory.limit_in_bytes": "9223372036854771712\n", v1 + "x/memory.limit_in_bytes": "1\n",
			},
			[]limit{{bytes: 500, used: 40}, {bytes: 400, used: 100}},
		},
		"version 1 without hierarchy": {
			"4:memory:/a/b\n", fmt.Sprintf(mountinfo1, "/"),
			map[string]string{v1 + "a/b/memory.limit_in_bytes": "500\n", v1 + "a/memory.limit_in_bytes": "400\n", v1 + "a/memory.use_hierarchy": "0\n"},
			[]limit{{bytes: 500}},
		},
		"version 1, as a container sees it, and what is above it": {
			"4:memory:/kubepods/pod1/c1\n", fmt.Sprintf(mountinfo1, "/kubepods/pod1/c1"),
			map[string]string{v1 + "memory.limit_in_bytes": "9223372036854771712\n", v1 + "memory.stat": "hierarchical_memory_limit 300\n"},
			[]limit{{bytes: 300}},
		},
		"version 1, another's mount": {
			"4:memory:/docker/c12\n", fmt.Sprintf(mountinfo1, "/docker/c1"),
			map[string]string{v1 + "memory.limit_in_bytes": "300\n"},
			[]limit{{bytes: 300}},
		},
		"version 2, own and above": {
			"0::/user.slice/run\n", "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n",
			map[string]string{
				v2 + "user.slice/run/memory.max": "max\n", v2 + "user.slice/run/memory.current": "70\n",
				v2 + "user.slice/memory.max": "600\n", v2 + "user.slice/memory.current": "200\n",
				v2 + "user.slice/memory.stat": "anon 5\ninactive_file 50\nactive_file 40\n",
			},
			[]limit{{bytes: 600, used: 110}},
		},
		"version 2, in a namespace, at a mountpoint with a space": {
			"0::/../../x\n", `29 23 0:26 / /c\040g rw - cgroup2 none rw` + "\n",
			map[string]string{"c g/memory.max": "600\n", "c g/x/memory.max": "500\n"},
			[]limit{{bytes: 500}, {bytes: 600}},
		},
		"both versions, the memory with the first": {
			"4:memory:/a\n0::/a\n", fmt.Sprintf(mountinfo1, "/") + "40 30 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			map[string]string{v1 + "a/memory.limit_in_bytes": "500\n", "sys/fs/cgroup/unified/a/cgroup.procs": "1\n"},
			[]limit{{bytes: 500}},
		},
		"damaged": {"nonsense\n4:memory\n\n", "nonsense\n1 2 3 - cgroup\n - \n", nil, nil},
	} {
		root := t.TempDir()
		files := map[string]string{"proc/self/cgroup": c.cgroup, "proc/self/mountinfo": c.mountinfo}
		for path, content := range c.files {
			files[path] = content
		}
		for path, content := range files {
			path = filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		got := cgroupLimits(root)
		same := len(got) == len(c.want)
		for i := range min(len(got), len(c.want)) {
			same = same && got[i].bytes == c.want[i].bytes && got[i].used == c.want[i].used
		}
		if !same {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
