//go:build unix && (race || !linux || (!amd64 && !arm64))

package rawsocket

import "syscall"

// Package syscall tells the race detector that what one end writes happens before the other end reads it; raw calls do not.

func read(fd uintptr, p []byte) (int, syscall.Errno) { return result(syscall.Read(int(fd), p)) }

func write(fd uintptr, p []byte) (int, syscall.Errno) { return result(syscall.Write(int(fd), p)) }

func peek(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, err := syscall.Recvfrom(int(fd), p, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return result(n, err)
}

// result gives the error as the number that it is.
func result(n int, err error) (int, syscall.Errno) {
	if err == nil {
		return n, 0
	}
	errno, _ := err.(syscall.Errno) // package syscall knows no other
	return n, errno
}
