package engine

import "github.com/trunkline-ai/trunkline/dataplane/wire/buffer"

// kept is lent memory that is used until the end of a call, with what it has claimed of the budget.
type kept struct {
	pool *buffer.Pool
	lent []keptBuffer
	room [1]keptBuffer // mostly there is one
}

type keptBuffer struct {
	*buffer.Buffer
	claim buffer.Claim
}

func (k *kept) keep(lent *buffer.Buffer, claim buffer.Claim) []byte {
	if k.lent == nil {
		k.lent = k.room[:0]
	}
	k.lent = append(k.lent, keptBuffer{lent, claim})
	return lent.B
}

// release gives the memory back.
func (k *kept) release() {
	for i := range k.lent {
		k.pool.Put(k.lent[i].Buffer)
		k.lent[i].claim.Release()
	}
	k.lent = nil
}
