package engine

import "github.com/trunkline-ai/trunkline/dataplane/wire/buffer"

// kept is lent memory that is used until the end of a call.
type kept struct {
	pool *buffer.Pool
	lent []*buffer.Buffer
	room [1]*buffer.Buffer // mostly there is one
}

func (k *kept) keep(lent *buffer.Buffer) []byte {
	if k.lent == nil {
		k.lent = k.room[:0]
	}
	k.lent = append(k.lent, lent)
	return lent.B
}

// release gives the memory back.
func (k *kept) release() {
	for _, lent := range k.lent {
		k.pool.Put(lent)
	}
	k.lent = nil
}
