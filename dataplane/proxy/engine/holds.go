package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
)

// holds remember, on this node, where failovers have taken conversations of sticky groups. Other nodes
// need not know: while a target cools, which they hear of, each of them finds the same next one, and
// afterwards a conversation that comes by two nodes has its beginning in the prompt caches of both
// targets for as long as it is held here.
type holds struct {
	// last is when the last of all ends, in Unix nanoseconds, so that no call waits for the lock while
	// none is held.
	last atomic.Int64

	mu    sync.Mutex
	count int
	byKey map[string]map[conversation]heldPlace // by the name of the API key
}

// conversation names one. It holds the API key by name, not only in the hash of the session, so that no
// caller can take another's place.
type conversation struct {
	group, key string
	session    routing.Session
}

// heldPlace is where a conversation stays.
type heldPlace struct {
	target     dataplane.Scope
	credential string
	until      time.Time
}

// The memory is bounded, for one API key to an eighth of it, so that no caller drives out what others
// have; what ends soonest of a few makes room.
const (
	maxHolds = 1 << 14
	keyShare = 8
	lookedAt = 8
)

// of gives the hold of a conversation.
func (h *holds) of(c conversation, now time.Time) (heldPlace, bool) {
	if now.UnixNano() >= h.last.Load() {
		return heldPlace{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	held, ok := h.byKey[c.key][c]
	if ok && !held.until.After(now) {
		h.dropLocked(c)
		ok = false
	}
	return held, ok
}

// put holds a conversation; one that is over by now is not held.
func (h *holds) put(c conversation, where heldPlace, now time.Time) {
	if !where.until.After(now) {
		h.drop(c)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.UnixNano() >= h.last.Load() { // all that is here is over
		h.byKey, h.count = map[string]map[conversation]heldPlace{}, 0
	}
	own := h.byKey[c.key]
	if _, known := own[c]; !known {
		if len(own) >= maxHolds/keyShare {
			h.makeRoom(own)
		} else if h.count >= maxHolds {
			h.makeRoomAnywhere()
		}
		if own = h.byKey[c.key]; own == nil {
			own = map[conversation]heldPlace{}
			h.byKey[c.key] = own
		}
		h.count++
	}
	own[c] = where
	h.last.Store(max(h.last.Load(), where.until.UnixNano()))
}

// drop ends a hold.
func (h *holds) drop(c conversation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dropLocked(c)
}

func (h *holds) dropLocked(c conversation) {
	own := h.byKey[c.key]
	if _, known := own[c]; !known {
		return
	}
	delete(own, c)
	if h.count--; len(own) == 0 {
		delete(h.byKey, c.key)
	}
}

// makeRoom drops of a few of a key's conversations, taken at random, the one that ends soonest.
func (h *holds) makeRoom(own map[conversation]heldPlace) {
	var soonest conversation
	var until time.Time
	n := 0
	for c, held := range own {
		if n == 0 || held.until.Before(until) {
			soonest, until = c, held.until
		}
		if n++; n == lookedAt {
			break
		}
	}
	h.dropLocked(soonest)
}

// makeRoomAnywhere does so with the one of some keys, taken at random, that has most.
func (h *holds) makeRoomAnywhere() {
	var most map[conversation]heldPlace
	n := 0
	for _, own := range h.byKey {
		if len(own) > len(most) {
			most = own
		}
		if n++; n == lookedAt {
			break
		}
	}
	h.makeRoom(most)
}
