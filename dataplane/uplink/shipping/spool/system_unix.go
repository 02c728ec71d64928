//go:build linux || darwin

package spool

import (
	"errors"
	"os"
	"syscall"
)

// lockFile keeps other processes out for as long as the file is open, which a crash ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == syscall.EWOULDBLOCK {
		err = ErrInUse
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// freeDisk is the part of a folder's disk that we may still use.
func freeDisk(dir string) (float64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	if st.Blocks == 0 { // the system does not say
		return 1, nil
	}
	return float64(st.Bavail) / float64(st.Blocks), nil
}
