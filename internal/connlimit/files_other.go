//go:build !unix

package connlimit

// openFiles is how many files the process may have open; 0: not known, or no limit.
func openFiles() int64 { return 0 }
