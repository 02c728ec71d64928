//go:build unix

package connlimit

import "syscall"

// openFiles is how many files the process may have open; 0: not known, or no limit.
func openFiles() int64 {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil || r.Cur > 1<<40 {
		return 0
	}
	return int64(r.Cur)
}
