package engine

import (
	"errors"

	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
)

// fullResponse holds a stream until it is complete, so that failover stays possible to its last
// token: no cut, no stall and no late error or keyword ever reaches the client. It is held
// in memory while it is small, then in a temporary file.
type fullResponse struct {
	file  *body.TempFile
	limit int64
	share *body.Share // of what all requests hold
	taken int64       // of the share
	err   error       // why it could not be held
}

var errFullTooLarge = errors.New("the stream is too large to be buffered until it is complete")

var errBudget = errors.New("too much memory is already in use")

func newFullResponse(cfg *Config, share *body.Share) *fullResponse {
	return &fullResponse{file: body.NewTempFile(cfg.TempDir), limit: cfg.MaxFullResponse, share: share}
}

// add holds one more event; after the first failure nothing is held any more.
func (f *fullResponse) add(event []byte) {
	n := int64(len(event))
	switch {
	case f.err != nil:
		return
	case f.file.Size()+n > f.limit:
		f.err = errFullTooLarge
		return
	case !f.share.Take(n):
		f.err = errBudget
		return
	}
	f.taken += n
	_, f.err = f.file.Write(event)
}

// drop forgets what is held and removes its file.
func (f *fullResponse) drop() {
	f.file.Reset()
	f.share.Give(f.taken)
	f.taken, f.err = 0, nil
}

// replay gives what is held to write, piece by piece, and forgets it.
func (f *fullResponse) replay(write func([]byte) error) error {
	if f.file.Size() == 0 {
		return nil
	}
	defer f.drop()
	return f.file.Each(write)
}
