package program

import (
	"net"
	"testing"
	"time"
)

func TestAHeldAddressIsKeptForItsProgram(t *testing.T) {
	t.Parallel()
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := first.Addr().String()
	if h := hold([]string{address}); len(h) != 0 {
		t.Error("an address on which a program listens was held")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	h := hold([]string{"--listen", address, "--ops-listen", "127.0.0.1:0", "--apply", "config.yaml"})
	defer h.release()
	if len(h) != 1 {
		t.Fatalf("%d addresses are held, want 1", len(h))
	}
	if conn, err := net.DialTimeout("tcp", address, time.Minute); err == nil {
		_ = conn.Close()
		t.Error("somebody answers at a held address")
	}
	again, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("the program cannot listen where it did: %v", err)
	}
	_ = again.Close()
}
