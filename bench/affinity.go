package main

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

// cpus is a set of CPUs as the kernel takes it; empty: any.
type cpus []uint64

// affinity says where processes run: with four CPUs or more, proxies have one half to
// themselves, and the upstream and the load generator the other. With fewer, everything
// shares what there is.
type affinity struct{ proxy, load cpus }

func newAffinity() affinity {
	n := runtime.NumCPU()
	if n < 4 {
		return affinity{}
	}
	a := affinity{proxy: make(cpus, (n+63)/64), load: make(cpus, (n+63)/64)}
	for i := range n {
		half := a.proxy
		if i >= n/2 {
			half = a.load
		}
		half[i/64] |= 1 << (i % 64)
	}
	return a
}

// with runs f on a thread that is bound to the CPUs: a process that f starts inherits it.
func (c cpus) with(f func() error) error {
	if len(c) == 0 {
		return f()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := make(cpus, 16)
	if err := before.call(syscall.SYS_SCHED_GETAFFINITY); err != nil {
		return err
	}
	if err := c.call(syscall.SYS_SCHED_SETAFFINITY); err != nil {
		return err
	}
	err := f()
	if back := before.call(syscall.SYS_SCHED_SETAFFINITY); err == nil {
		err = back
	}
	return err
}

// call gets or sets the affinity of the calling thread.
func (c cpus) call(trap uintptr) error {
	if _, _, errno := syscall.RawSyscall(trap, 0, uintptr(len(c)*8), uintptr(unsafe.Pointer(&c[0]))); errno != 0 {
		return fmt.Errorf("bind to CPUs: %w", errno)
	}
	return nil
}
