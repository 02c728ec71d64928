package shipping

import (
	"sync"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
)

// entry is what goes through the queue: a call, or a mark of Flush behind the calls that
// were recorded before it.
type entry struct {
	call dataplane.Call
	mark chan struct{}
}

// keptEntries is how many entries' memory an empty queue keeps: more than calls finish within flushDelay.
const keptEntries = 256

// queue holds finished calls until they are collected. It is no channel, whose memory is there, and looked
// through with each collection of garbage, for as many calls as it may ever hold.
type queue struct {
	limit int
	some  chan struct{} // there are entries
	due   chan struct{} // they are to be taken without delay

	mu      sync.Mutex // guards the fields below
	entries []entry
	taken   int     // taken and not given back
	spare   []entry // empty; its memory is used next
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, some: make(chan struct{}, 1), due: make(chan struct{}, 1)}
}

// add takes a call; false when there is no room.
func (q *queue) add(c dataplane.Call) bool {
	q.mu.Lock()
	n := len(q.entries)
	if n >= q.limit {
		q.mu.Unlock()
		return false
	}
	q.entries = append(q.entries, entry{call: c})
	q.mu.Unlock()
	if n == 0 {
		stream.Nudge(q.some)
	}
	if n+1 >= q.limit/2 {
		stream.Nudge(q.due)
	}
	return true
}

// addMark puts a mark behind the calls. There is always room: whoever does waits for it.
func (q *queue) addMark(mark chan struct{}) {
	q.mu.Lock()
	q.entries = append(q.entries, entry{mark: mark})
	q.mu.Unlock()
	stream.Nudge(q.some)
	stream.Nudge(q.due)
}

// take takes all entries, which give gives back when they are done with.
func (q *queue) take() []entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := q.entries
	q.entries, q.spare, q.taken = q.spare, nil, len(taken)
	return taken
}

func (q *queue) give(taken []entry) {
	clear(taken)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken = 0
	if cap(taken) <= keptEntries {
		q.spare = taken[:0]
	}
}

// length is how many entries were not given back yet.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries) + q.taken
}
