// Package memlimit learns how much memory the process may use, and tells the Go runtime, which
// then collects and returns memory before the kernel ends the process.
package memlimit

import (
	"bufio"
	"bytes"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// Limit is how much memory the process may use.
type Limit struct {
	Bytes  int64  // 0: not known
	Source string // GOMEMLIMIT, cgroup or machine
}

// Apply sets the runtime's soft limit to nine tenths of what the cgroup allows, if it allows
// anything less than all, and gives what the process may use. A GOMEMLIMIT that was set is
// never changed, and counts as the limit; "off" leaves the runtime without one. Without either
// the machine's memory is what the process may use, and the runtime has no limit.
func Apply() Limit {
	return apply(os.DirFS("/"), os.Getenv("GOMEMLIMIT"), debug.SetMemoryLimit)
}

// apply is Apply with what it reads and sets; set is debug.SetMemoryLimit.
func apply(root fs.FS, environment string, set func(int64) int64) Limit {
	limit := find(root)
	if environment != "" {
		if present := set(-1); present < math.MaxInt64 {
			return Limit{Bytes: present, Source: "GOMEMLIMIT"}
		}
		return limit
	}
	if limit.Source == "cgroup" {
		set(limit.Bytes / 10 * 9)
	}
	return limit
}

// find reads what the cgroup allows, or what the machine has.
func find(root fs.FS) Limit {
	machine := memTotal(root)
	if limit := cgroup(root); limit > 0 && (machine == 0 || limit < machine) {
		return Limit{Bytes: limit, Source: "cgroup"}
	}
	if machine > 0 {
		return Limit{Bytes: machine, Source: "machine"}
	}
	return Limit{}
}

// cgroup is the least limit of the process's cgroup and those above it, of version 2 or 1; 0:
// there is none.
func cgroup(root fs.FS) int64 {
	of, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	var least int64
	for lines := bufio.NewScanner(bytes.NewReader(of)); lines.Scan(); {
		parts := strings.SplitN(lines.Text(), ":", 3) // number, controllers, path
		switch {
		case len(parts) != 3:
		case parts[1] == "":
			least = less(least, upwards(root, "sys/fs/cgroup", parts[2], "memory.max"))
		case slices.Contains(strings.Split(parts[1], ","), "memory"):
			least = less(least, upwards(root, "sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes"))
		}
	}
	return least
}

// upwards is the least limit from a cgroup up to the mount. In a container the path may be the
// host's, of which only the end is mounted, at the root.
func upwards(root fs.FS, mount, of, file string) (least int64) {
	for of = path.Clean("/" + of); ; of = path.Dir(of) {
		least = less(least, number(root, path.Join(mount, of, file)))
		if of == "/" {
			return least
		}
	}
}

// noLimit is what version 1 says where there is none, rounded down to a page of any size.
const noLimit = math.MaxInt64 - 1<<20

// number reads a file that holds a limit; 0: none, or no such file.
func number(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is none
	if err != nil || n <= 0 || n >= noLimit {
		return 0
	}
	return n
}

func less(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// memTotal is the machine's memory; 0: not known.
func memTotal(root fs.FS) int64 {
	text, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil || kib < 0 {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
