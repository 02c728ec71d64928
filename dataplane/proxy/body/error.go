package body

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/klauspost/compress/zstd"
)

// Kind is why a body could not be read.
type Kind uint8

// The kinds of error.
const (
	Unreadable    Kind = iota // not what its headers say
	MediaType                 // the content type is none that the endpoint takes
	Encoding                  // the content-encoding is not supported
	TooLarge                  // over Limits.Max
	TooCompressed             // it grows too much
	BudgetSpent               // all requests together hold all that may be held
	ShareSpent                // the key's requests hold all that one key's may
	TooSlow
	ClientLeft
	Disk // ours: a form could not be written
)

// Error is why a body could not be read.
type Error struct {
	Kind Kind
	err  error
}

// Error says what happened.
func (e *Error) Error() string { return fmt.Sprintf("read a request body: %v", e.err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.err }

var (
	errTooLarge      = errors.New("the request body is too large")
	errTooCompressed = errors.New("the request body decompresses to more than 100 times its size")
	errEncoding      = errors.New("the content-encoding is not supported")
)

// failed gives an error of reading its kind. Reasons to refuse a form stay what they are.
func (in *reader) failed(ctx context.Context, err error) error {
	if isRefusal(err) {
		return err
	}
	e := &Error{err: err}
	var broken error // of the connection
	if in != nil {
		broken = in.wire.err
	}
	_, disk := errors.AsType[*DiskError](err)
	switch {
	case disk:
		e.Kind = Disk
	case errors.Is(err, errEncoding):
		e.Kind = Encoding
	case errors.Is(err, errTooLarge), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		e.Kind = TooLarge
	case errors.Is(err, errTooCompressed), errors.Is(err, zstd.ErrWindowSizeExceeded):
		e.Kind = TooCompressed
	case errors.Is(err, errBudget):
		e.Kind = BudgetSpent
	case errors.Is(err, errShare):
		e.Kind = ShareSpent
	case errors.Is(err, os.ErrDeadlineExceeded):
		e.Kind = TooSlow
	case ctx.Err() != nil, broken != nil && errors.Is(broken, io.ErrUnexpectedEOF), isReset(broken):
		e.Kind = ClientLeft
	}
	return e
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
