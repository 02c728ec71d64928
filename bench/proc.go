package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/<pid>/stat, which is the same on every Linux.
const tick = 10 * time.Millisecond

// family is a process and its children, such as nginx' workers.
func family(pid int) []int {
	pids := []int{pid}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return pids
	}
	for _, child := range strings.Fields(string(text)) {
		if n, err := strconv.Atoi(child); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

// cpuTime is the user and system time that the processes have used so far.
func cpuTime(pids []int) (time.Duration, error) {
	var total time.Duration
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, fmt.Errorf("read CPU time: %w", err)
		}
		// Fields are counted behind the name, which is in brackets and may hold spaces.
		f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(f) < 13 {
			return 0, fmt.Errorf("read CPU time: unknown format of /proc/%d/stat", pid)
		}
		for _, field := range f[11:13] {
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read CPU time: %w", err)
			}
			total += time.Duration(n) * tick
		}
	}
	return total, nil
}

// memory is a field of /proc/<pid>/status in bytes, summed: VmRSS is what the processes
// occupy now, VmHWM the most they ever did since forgetPeak.
func memory(pids []int, field string) (int64, error) {
	var total int64
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0, fmt.Errorf("read memory: %w", err)
		}
		_, rest, found := strings.Cut(string(text), "\n"+field+":")
		if !found {
			return 0, fmt.Errorf("read memory: no %s in /proc/%d/status", field, pid)
		}
		kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read memory: %w", err)
		}
		total += kb << 10
	}
	return total, nil
}

// forgetPeak makes VmHWM start from what the processes occupy now.
func forgetPeak(pids []int) error {
	for _, pid := range pids {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
			return fmt.Errorf("reset peak memory: %w", err)
		}
	}
	return nil
}
