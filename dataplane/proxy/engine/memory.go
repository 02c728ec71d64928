package engine

import (
	"sync"

	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
)

// memory is what the attempts of a call take beyond the request's body: answers, and the request as it
// was translated. Two attempts may be under way.
type memory struct {
	pool  *buffer.Pool
	body  *body.Body
	share *body.Share

	mu      sync.Mutex
	answers []keptBuffer
	room    [1]keptBuffer    // for answers: mostly there is one
	written []*buffer.Buffer // translated requests
	taken   int64            // of the share, in bytes
	leaked  bool             // somebody may go on reading what was sent
}

// keptBuffer is an answer, with what it has claimed of the budget.
type keptBuffer struct {
	*buffer.Buffer
	claim buffer.Claim
}

// keep holds the memory of an answer until the end of the call.
func (m *memory) keep(lent *buffer.Buffer, claim buffer.Claim) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.answers == nil {
		m.answers = m.room[:0]
	}
	m.answers = append(m.answers, keptBuffer{lent, claim})
	return lent.B
}

// lend gives memory for a translated request, until the end of the call or until it is sent.
func (m *memory) lend(size int) []byte {
	lent := m.pool.Get(size)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written = append(m.written, lent)
	return lent.B
}

// take takes room of the share until the end of the call; false: there is none.
func (m *memory) take(n int64) bool {
	if !m.share.Take(n) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.taken += n
	return true
}

// leak notes that an upstream may read what it was sent for longer than its attempt lasts.
func (m *memory) leak() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leaked = true
	m.body.Leak()
}

// releaseAnswers gives back the answers that were kept.
func (m *memory) releaseAnswers() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropAnswers()
}

// releaseSent gives back the request, which was sent and is not needed for another attempt.
func (m *memory) releaseSent() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.body.Sent()
	m.dropWritten()
}

// release gives everything back, but for the request's body.
func (m *memory) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropAnswers()
	m.dropWritten()
	m.share.Give(m.taken)
	m.taken = 0
}

func (m *memory) dropAnswers() {
	for i := range m.answers {
		m.pool.Put(m.answers[i].Buffer)
		m.answers[i].claim.Release()
	}
	m.answers = nil
}

// dropWritten leaves to the garbage collector what somebody may still read.
func (m *memory) dropWritten() {
	if !m.leaked {
		for _, lent := range m.written {
			m.pool.Put(lent)
		}
	}
	m.written = nil
}
