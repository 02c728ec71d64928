package memlimit

import (
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
