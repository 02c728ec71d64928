package affinity

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
)

// Holds remember, on this node, where failovers have taken conversations of sticky groups. Other nodes
// need not know: while a target cools, which they hear of, each of them finds the same next one, and
// afterwards a conversation that comes by two nodes has its beginning in the prompt caches of both
// targets for as long as it is held here.
type Holds struct {
	// last is when the last of all ends, in Unix nanoseconds, so that no call waits for the lock while
	// none is held.
	last atomic.Int64

	mu    sync.Mutex
	count int
	byKey map[string]map[Conversation]Place // by the name of the API key
}

// Conversation names one. It holds the API key by name, not only in the hash of the session, so that no
// caller can take another's place.
type Conversation struct {
	Group, Key string
	Session    routing.Session
}

// Place is where a conversation stays.
type Place struct {
	Target     dataplane.Scope
	Credential string
	Until      time.Time
}

// The memory is bounded, for one API key to an eighth of it, so that no caller drives out what others
// have; what ends soonest of a few makes room.
const (
	maxHolds = 1 << 14
	keyShare = 8
	lookedAt = 8
)

// Of gives the hold of a conversation.
func (h *Holds) Of(c Conversation, now time.Time) (Place, bool) {
	if now.UnixNano() >= h.last.Load() {
		return Place{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	held, ok := h.byKey[c.Key][c]
	if ok && !held.Until.After(now) {
		h.dropLocked(c)
		ok = false
	}
	return held, ok
}

// Put holds a conversation; one that is over by now is not held.
func (h *Holds) Put(c Conversation, where Place, now time.Time) {
	if !where.Until.After(now) {
		h.Drop(c)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.UnixNano() >= h.last.Load() { // all that is here is over
		h.byKey, h.count = map[string]map[Conversation]Place{}, 0
	}
	own := h.byKey[c.Key]
	if _, known := own[c]; !known {
		if len(own) >= maxHolds/keyShare {
			h.makeRoom(own)
		} else if h.count >= maxHolds {
			h.makeRoomAnywhere()
		}
		if own = h.byKey[c.Key]; own == nil {
			own = map[Conversation]Place{}
			h.byKey[c.Key] = own
		}
		h.count++
	}
	own[c] = where
	h.last.Store(max(h.last.Load(), where.Until.UnixNano()))
}

// Drop ends a hold.
func (h *Holds) Drop(c Conversation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dropLocked(c)
}

func (h *Holds) dropLocked(c Conversation) {
	own := h.byKey[c.Key]
	if _, known := own[c]; !known {
		return
	}
	delete(own, c)
	if h.count--; len(own) == 0 {
		delete(h.byKey, c.Key)
	}
}

// makeRoom drops of a few of a key's conversations, taken at random, the one that ends soonest.
func (h *Holds) makeRoom(own map[Conversation]Place) {
	var soonest Conversation
	var until time.Time
	n := 0
	for c, held := range own {
		if n == 0 || held.Until.Before(until) {
			soonest, until = c, held.Until
		}
		if n++; n == lookedAt {
			break
		}
	}
	h.dropLocked(soonest)
}

// makeRoomAnywhere does so with the one of some keys, taken at random, that has most.
func (h *Holds) makeRoomAnywhere() {
	var most map[Conversation]Place
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
