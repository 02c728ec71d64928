package program

import (
	"net/netip"
	"syscall"
)

// held are the addresses of a program that has ended, kept for its next run: another process might be given
// one of the ports meanwhile. They are bound and not listened on, so clients are refused, and the
// program, which like all of Go's sets SO_REUSEADDR, may listen there.
type held []int

// hold keeps the addresses that args name. What cannot be kept is left.
func hold(args []string) (h held) {
	for _, arg := range args {
		address, err := netip.ParseAddrPort(arg)
		if err != nil || address.Port() == 0 || !address.Addr().Is4() {
			continue
		}
		socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			continue
		}
		at := &syscall.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}
		if syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) != nil || syscall.Bind(socket, at) != nil {
			_ = syscall.Close(socket) // nothing is kept by it
			continue
		}
		h = append(h, socket)
	}
	return h
}

// release gives the addresses up.
func (h held) release() {
	for _, socket := range h {
		_ = syscall.Close(socket) // nothing was written to it
	}
}
