//go:build linux && (amd64 || arm64) && !race

package rawsocket

import (
	"syscall"
	"unsafe"
)

// These calls are not announced to the scheduler. It checks every 20 µs whether an announced call still runs, as a write
// on loopback or on a busy machine often does, and hands the processor to another thread: a twelfth of a node's CPU time
// went there. Go's sockets are non-blocking, so a call copies and never waits; atOnce bounds how long.

func read(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

func write(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

func peek(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}
