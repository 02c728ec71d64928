package ops

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
)

// upgrades counts the requests that may take their connection over, as WebSockets do: net/http then
// knows nothing of it any more, and does not wait for it.
type upgrades struct {
	next http.Handler

	mu    sync.Mutex
	count int             // guarded by mu
	idle  []chan struct{} // closed when none is left; guarded by mu
}

// ServeHTTP implements http.Handler.
func (u *upgrades) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(r.Header["Upgrade"]) > 0 {
		u.enter()
		defer u.leave()
		if c := connOf(r.Context()); c != nil && r.ProtoMajor == 1 {
			w = &upgrading{ResponseWriter: w, conn: c}
		}
	}
	u.next.ServeHTTP(w, r)
}

// upgrading answers a request that asks for another protocol.
type upgrading struct {
	http.ResponseWriter
	conn   *strictConn
	status int // 0: no header was written yet
}

// Unwrap is for http.ResponseController.
func (w *upgrading) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *upgrading) WriteHeader(status int) {
	if w.status < http.StatusOK && w.status != http.StatusSwitchingProtocols {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *upgrading) Write(b []byte) (int, error) {
	if w.status < http.StatusOK && w.status != http.StatusSwitchingProtocols {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Hijack implements http.Hijacker. The answer is sent by it, so the connection is switched before a
// client may send anything else.
func (w *upgrading) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.status == http.StatusSwitchingProtocols {
		w.conn.switched.Store(true)
	}
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (u *upgrades) enter() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count++
}

func (u *upgrades) leave() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count--; u.count > 0 {
		return
	}
	for _, c := range u.idle {
		close(c)
	}
	u.idle = nil
}

// wait waits until all of them have ended, or ctx has.
func (u *upgrades) wait(ctx context.Context) error {
	u.mu.Lock()
	if u.count == 0 {
		u.mu.Unlock()
		return nil
	}
	idle := make(chan struct{})
	u.idle = append(u.idle, idle)
	u.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
