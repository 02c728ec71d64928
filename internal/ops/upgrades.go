package ops

import (
	"context"
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
	}
	u.next.ServeHTTP(w, r)
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
