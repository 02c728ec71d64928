//go:build linux && (amd64 || arm64) && !race

package rawsocket

import (
	"syscall"
	"unsafe"
)

// These calls are not announced to the scheduler. Of an announced one it looks every 20 µs whether it lasts, as a
// write on loopback or on a busy machine does, and gives its processor to another thread then: a twelfth of what a
// node used went there. Sockets of Go do not block, so a call is the kernel's work for us and no wait; atOnce bounds it.

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
