package socket

import (
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
)

// maxLanes is how many stream_ids of a connection a conversation is kept for.
const maxLanes = 8

// conversation is what a response of this connection can be gone on from: what its provider keeps,
// and the items behind that, which nobody but us has.
type conversation struct {
	lane   string
	id     string // of the response
	behind string // the previous_response_id that the items go behind; empty: there is none
	items  []byte // JSON with commas between them; nil: behind says it all
	taken  int64  // of the share, for items
}

// memory keeps the last response of each lane, as long as there is room for it. It is only for
// one goroutine.
type memory struct {
	share *body.Share
	limit int64           // bytes of one conversation: more could not be sent
	all   []*conversation // the one that was used last stands last
}

// find looks up a response by its id; nil: it is not here.
func (m *memory) find(id string) *conversation {
	for _, c := range m.all {
		if c.id == id {
			return c
		}
	}
	return nil
}

// keep remembers the response id as the last one of a lane: base, and the items that were added to
// it. Without room for that the lane has none.
func (m *memory) keep(lane, id string, base *conversation, added ...[]byte) {
	next := &conversation{lane: lane, id: id, behind: base.behind}
	own := slices.IndexFunc(m.all, func(c *conversation) bool { return c.lane == lane })
	if own >= 0 && m.all[own] == base { // nobody else goes on from it: it grows in place
		next.items, next.taken = base.items, base.taken
		base.taken = 0
		m.drop(own)
		if m.append(next, added) {
			m.all = append(m.all, next)
		}
		return
	}
	if own >= 0 {
		m.drop(own)
	}
	if m.append(next, append([][]byte{base.items}, added...)) {
		m.all = append(m.all, next)
	}
	if len(m.all) > maxLanes {
		m.drop(0)
	}
}

// kept remembers a response that its provider keeps.
func (m *memory) kept(lane, id string) { m.keep(lane, id, &conversation{behind: id}) }

// append adds items to a conversation, or gives back what it has if there is no room.
func (m *memory) append(c *conversation, added [][]byte) bool {
	size := int64(len(c.items))
	for _, items := range added {
		if len(items) > 0 {
			size += int64(len(items)) + 1
		}
	}
	if size > int64(cap(c.items)) {
		room := min(size+size/4, m.limit)
		if size > m.limit || !m.share.Take(room-c.taken) {
			m.share.Give(c.taken)
			c.taken, c.items = 0, nil
			return false
		}
		c.taken = room
		c.items = append(make([]byte, 0, room), c.items...)
	}
	for _, items := range added {
		if len(items) == 0 {
			continue
		}
		if len(c.items) > 0 {
			c.items = append(c.items, ',')
		}
		c.items = append(c.items, items...)
	}
	return true
}

func (m *memory) drop(at int) {
	m.share.Give(m.all[at].taken)
	m.all = slices.Delete(m.all, at, at+1)
}

// release gives back all that is held.
func (m *memory) release() {
	for len(m.all) > 0 {
		m.drop(0)
	}
}
