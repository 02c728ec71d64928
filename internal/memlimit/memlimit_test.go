package memlimit

import (
	"math"
	"testing"
	"testing/fstest"
)

func TestTheLimitIsFound(t *testing.T) {
	t.Parallel()
	const machine = "MemTotal:        8000000 kB\nMemFree:  1 kB\n"
	tests := []struct {
		name  string
		files map[string]string
		want  Limit
	}{
		{"nothing is known", nil, Limit{}},
		{"no cgroup", map[string]string{"proc/meminfo": machine}, Limit{8000000 << 10, "machine"}},
		{"version 2, in a container", map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "536870912\n",
		}, Limit{536870912, "cgroup"}},
		{"version 2, without a limit", map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "0::/a.slice\n", "sys/fs/cgroup/a.slice/memory.max": "max\n",
		}, Limit{8000000 << 10, "machine"}},
		{"the least of those above", map[string]string{
			"proc/self/cgroup": "0::/a/b/c\n", "sys/fs/cgroup/a/memory.max": "300\n", "sys/fs/cgroup/a/b/memory.max": "200\n", "sys/fs/cgroup/a/b/c/memory.max": "400\n",
		}, Limit{200, "cgroup"}},
		{"a path of the host", map[string]string{
			"proc/self/cgroup": "0::/docker/0123\n", "sys/fs/cgroup/memory.max": "1000\n",
		}, Limit{1000, "cgroup"}},
		{"a path that leads out", map[string]string{
			"proc/self/cgroup": "0::/../../x\n", "sys/fs/cgroup/memory.max": "1000\n",
		}, Limit{1000, "cgroup"}},
		{"version 1", map[string]string{
			"proc/self/cgroup": "12:cpu,cpuacct:/x\n11:memory:/docker/0123\n0::/\n", "sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes": "700\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, Limit{700, "cgroup"}},
		{"version 1, without a limit", map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "11:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, Limit{8000000 << 10, "machine"}},
		{"more than the machine has", map[string]string{
			"proc/meminfo": "MemTotal: 1 kB\n", "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "2000\n",
		}, Limit{1024, "machine"}},
		{"nonsense", map[string]string{
			"proc/meminfo": "MemTotal: many kB\n", "proc/self/cgroup": "x\n0::/\n", "sys/fs/cgroup/memory.max": "-1\n",
		}, Limit{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := fstest.MapFS{}
			for name, text := range tt.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := find(root); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

// The runtime gets nine tenths of what a cgroup allows, and what was set by hand is left alone.
func TestTheRuntimeIsToldTheLimit(t *testing.T) {
	t.Parallel()
	machine := fstest.MapFS{"proc/meminfo": {Data: []byte("MemTotal: 8000000 kB\n")}}
	container := fstest.MapFS{
		"proc/meminfo": machine["proc/meminfo"], "proc/self/cgroup": {Data: []byte("0::/\n")}, "sys/fs/cgroup/memory.max": {Data: []byte("536870912\n")},
	}
	for name, tt := range map[string]struct {
		root        fstest.MapFS
		environment string
		present     int64 // what the runtime has made of the environment
		told        int64 // 0: nothing
		want        Limit
	}{
		"a container of 512 MiB": {container, "", math.MaxInt64, 483183819, Limit{536870912, "cgroup"}},
		"set by hand":            {container, "300MiB", 300 << 20, 0, Limit{300 << 20, "GOMEMLIMIT"}},
		"switched off by hand":   {container, "off", math.MaxInt64, 0, Limit{536870912, "cgroup"}},
		"a machine":              {machine, "", math.MaxInt64, 0, Limit{8000000 << 10, "machine"}},
		"nothing is known":       {fstest.MapFS{}, "", math.MaxInt64, 0, Limit{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told int64
			got := apply(tt.root, tt.environment, func(limit int64) int64 {
				if limit >= 0 {
					told = limit
				}
				return tt.present
			})
			if got != tt.want || told != tt.told {
				t.Errorf("%+v, and the runtime was told %d; want %+v and %d", got, told, tt.want, tt.told)
			}
		})
	}
}
