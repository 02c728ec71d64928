package server

import (
	"errors"
	"net/http"
	"sync/atomic"
)

// errDraining is why a node that works is not ready.
var errDraining = errors.New("the node is drained at an admin's word; it answers what still comes")

// drain is an admin's word that the node shall get no new clients. It lasts until it is
// taken back or the process ends.
type drain struct{ on atomic.Bool }

func (d *drain) order(on bool) { d.on.Store(on) }

func (d *drain) ready() error {
	if d.on.Load() {
		return errDraining
	}
	return nil
}

// handler asks clients that keep their connections to open new ones while the node drains:
// through a load balancer these lead elsewhere.
func (d *drain) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.on.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
