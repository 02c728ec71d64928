package overflow

import (
	"os"
	"syscall"
)

// reserveSpace makes the disk set the file's space aside, so that writing to it later needs
// no more.
func reserveSpace(f *os.File, bytes int64) error {
	for {
		err := syscall.Fallocate(int(f.Fd()), 0, 0, bytes)
		switch err {
		case syscall.EINTR:
			continue
		case syscall.EOPNOTSUPP, syscall.ENOSYS:
			return fill(f, bytes)
		}
		return err
	}
}
