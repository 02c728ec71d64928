//go:build !linux && !darwin

package spool

import "os"

// Nothing here keeps other processes out: give each its own folder.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

func freeDisk(string) (float64, error) { return 1, nil }
