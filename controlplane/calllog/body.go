package calllog

import (
	"context"
	"time"
)

// Body is what was sent and answered in a call, sealed: the database never has it in
// clear.
type Body struct {
	CallID    string
	APIKey    string
	Start     time.Time // of the call
	ExpiresAt time.Time
	// Key is the key of Ciphertext, wrapped by the key of the control plane.
	Key, Ciphertext []byte
}

// BodyRead says who read a body and when.
type BodyRead struct {
	At    time.Time
	Actor string
}

// BodyBinding is the associated data of a sealed body: it belongs to one call.
func BodyBinding(callID string) []byte { return []byte("call body\x00" + callID) }

// BodySealer encrypts bodies, each with a key of its own, which it wraps.
type BodySealer interface {
	SealBody(plaintext, associated []byte) (key, ciphertext []byte, err error)
	OpenBody(key, ciphertext, associated []byte) ([]byte, error)
}

// BodyStore keeps the bodies of calls.
type BodyStore interface {
	// InsertBodies stores bodies; one that is stored already stays as it is.
	InsertBodies(ctx context.Context, bodies []Body) error
	// ReadBody notes that actor reads the body of a call, and returns it with who has read
	// it, the latest first, at most 100. A body that is not stored, or has expired by at,
	// is errs.NotFound, and nothing is noted.
	ReadBody(ctx context.Context, callID, actor string, at time.Time) (Body, []BodyRead, error)
	// DeleteBodiesOf deletes at most limit bodies of an API key's calls and returns how many.
	DeleteBodiesOf(ctx context.Context, apiKey string, limit int) (int, error)
	// DeleteBodiesBefore deletes at most limit bodies that have expired by now, or whose
	// call arrived before calls, and returns how many.
	DeleteBodiesBefore(ctx context.Context, now, calls time.Time, limit int) (int, error)
}
