package nodeapi

import (
	"context"
	"sync"

	"google.golang.org/grpc"
)

// streams knows every open stream, so that a shutdown can end them: GracefulStop alone
// waits for as long as a node stays, which may be forever.
type streams struct {
	mu    sync.Mutex // guards the fields below
	ended error      // why no stream may open any more; nil while they may
	next  uint64
	open  map[uint64]open
}

// open is a stream, and who opened it: nil for whoever needed no identity.
type open struct {
	end context.CancelCauseFunc
	who *holder
}

func newStreams() *streams {
	return &streams{open: map[uint64]open{}}
}

// enter derives the context under which a stream is handled, with who opened it; leave
// must be called after.
func (s *streams) enter(ctx context.Context, who *holder) (inner context.Context, leave func(), err error) {
	if who != nil {
		ctx = context.WithValue(ctx, holderKey{}, who)
	}
	inner, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		cancel(s.ended)
		return nil, nil, s.ended
	}
	id := s.next
	s.next++
	s.open[id] = open{cancel, who}
	return inner, func() {
		cancel(nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, id)
	}, nil
}

// end cancels every stream and refuses new ones, with cause.
func (s *streams) end(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = cause
	for _, stream := range s.open {
		stream.end(cause)
	}
}

// recheck ends the streams of those whose identity is not accepted any more, and tells them why.
func (s *streams) recheck(check func(node string, keyHash [32]byte) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stream := range s.open {
		if stream.who == nil {
			continue
		}
		if err := check(stream.who.node, stream.who.keyHash); err != nil {
			stream.end(err)
		}
	}
}

// boundStream is a stream under a context of ours.
type boundStream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context gives our context instead of the transport's.
func (b boundStream) Context() context.Context { return b.ctx }

// received is one message of a stream, or the error that ended it.
type received[T any] struct {
	message *T
	err     error
}

// receive reads a stream in the background, so that a handler can wait for other things
// too. The reader ends after the first error, at the latest soon after the handler has
// returned; readers lets the server wait for it.
func receive[T any](ctx context.Context, readers *sync.WaitGroup, recv func() (*T, error)) <-chan received[T] {
	out := make(chan received[T])
	readers.Go(func() {
		for {
			m, err := recv()
			select {
			case out <- received[T]{m, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	})
	return out
}
