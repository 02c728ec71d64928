// Package bodies keeps the bodies of calls on their way from the proxy to the control
// plane: in memory only, apart from the calls, and within bounds of its own. A body that
// finds no room is given up; its call never is, and never waits for longer than it takes
// to look a body through for secrets.
package bodies

import (
	"container/list"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Config is what a Keeper needs.
type Config struct {
	// Record takes calls on their way, without bodies. Required.
	Record func(dataplane.Call)
	// MaxBytes are kept at most; default 32 MiB. The oldest give way.
	MaxBytes int
	// MaxBatch goes with one batch of calls at most, in bytes; default 4 MiB.
	MaxBatch int
	// Queue is how many calls may wait to be looked through; default 256.
	Queue int
	// MaxQueue may wait to be looked through at most, in bytes; default 32 MiB.
	MaxQueue int
}

// Keeper keeps bodies from Record until they are shipped. It is safe for concurrent use.
type Keeper struct {
	cfg     Config
	queue   chan entry
	stopped chan struct{}
	dropped atomic.Uint64
	queued  atomic.Int64 // bytes of bodies in queue

	mu    sync.Mutex // guards the fields below
	byID  map[string]*list.Element
	order list.List // of *kept, the oldest first
	bytes int
}

// entry is a call with a body, or a mark of Flush behind those that were recorded before it.
type entry struct {
	call dataplane.Call
	mark chan struct{}
}

type kept struct {
	id   string
	body *nodev1.CallBody
	size int
	sent bool
}

// New returns a keeper; it needs Run.
func New(cfg Config) (*Keeper, error) {
	if cfg.Record == nil {
		return nil, errors.New("bodies: Record is required")
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 32 << 20
	}
	if cfg.MaxBatch == 0 {
		cfg.MaxBatch = 4 << 20
	}
	if cfg.Queue == 0 {
		cfg.Queue = 256
	}
	if cfg.MaxQueue == 0 {
		cfg.MaxQueue = 32 << 20
	}
	return &Keeper{cfg: cfg, queue: make(chan entry, cfg.Queue), stopped: make(chan struct{}), byID: map[string]*list.Element{}}, nil
}

// Record takes a finished call. It never blocks. A call with a body goes on when the body
// has been looked through, or at once and without it when too many wait for that.
func (k *Keeper) Record(c dataplane.Call) {
	if c.Body == nil {
		k.cfg.Record(c)
		return
	}
	select {
	case <-k.stopped:
	default:
		if k.enqueue(c) {
			return
		}
	}
	k.dropped.Add(1)
	c.Body = nil
	k.cfg.Record(c)
}

// enqueue has a body looked through; false when too many or too large ones wait for that.
func (k *Keeper) enqueue(c dataplane.Call) bool {
	size := int64(c.Body.Size())
	if k.queued.Add(size) > int64(k.cfg.MaxQueue) {
		k.queued.Add(-size)
		return false
	}
	select {
	case k.queue <- entry{call: c}:
		return true
	default:
		k.queued.Add(-size)
		return false
	}
}

// Run looks bodies through until ctx ends; calls that wait then go on without.
func (k *Keeper) Run(ctx context.Context) error {
	defer func() {
		close(k.stopped)
		k.rest()
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-k.queue:
			k.take(e)
		}
	}
}

// rest lets go what is in the queue.
func (k *Keeper) rest() {
	for {
		select {
		case e := <-k.queue:
			if e.mark != nil {
				close(e.mark)
				continue
			}
			k.dropped.Add(1)
			k.queued.Add(-int64(e.call.Body.Size()))
			e.call.Body = nil
			k.cfg.Record(e.call)
		default:
			return
		}
	}
}

func (k *Keeper) take(e entry) {
	if e.mark != nil {
		close(e.mark)
		return
	}
	body := e.call.Body
	e.call.Body = nil
	k.queued.Add(-int64(body.Size()))
	classify.CleanBody(body)
	k.add(e.call.ID, &nodev1.CallBody{
		Request: body.Request, Response: body.Response, RequestTruncated: body.RequestTruncated, ResponseTruncated: body.ResponseTruncated,
		Redacted: body.Log.Redact, RequestHeaders: headersOf(body.RequestHeaders), ResponseHeaders: headersOf(body.ResponseHeaders),
	}, body.Size())
	k.cfg.Record(e.call)
}

func headersOf(fields []dataplane.HeaderField) []*nodev1.Header {
	out := make([]*nodev1.Header, 0, len(fields))
	for _, f := range fields {
		out = append(out, &nodev1.Header{Name: stream.Text(f.Name, len(f.Name)), Value: stream.Text(f.Value, len(f.Value))})
	}
	return out
}

// Flush waits until the calls that were recorded before it have gone on.
func (k *Keeper) Flush(ctx context.Context) error {
	mark := make(chan struct{})
	select {
	case k.queue <- entry{mark: mark}:
	case <-k.stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-mark:
		return nil
	case <-k.stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *Keeper) add(id string, body *nodev1.CallBody, size int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if size > k.cfg.MaxBytes || k.byID[id] != nil {
		k.dropped.Add(1)
		return
	}
	for k.bytes+size > k.cfg.MaxBytes {
		k.remove(k.order.Front())
		k.dropped.Add(1)
	}
	k.byID[id] = k.order.PushBack(&kept{id: id, body: body, size: size})
	k.bytes += size
}

// remove forgets a body. The caller holds mu.
func (k *Keeper) remove(e *list.Element) {
	gone := k.order.Remove(e).(*kept)
	delete(k.byID, gone.id)
	k.bytes -= gone.size
}

// Any reports whether bodies are kept.
func (k *Keeper) Any() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.byID) > 0
}

// With returns calls that are about to be sent with their bodies, as far as they fit. The
// calls themselves stay without: others may be reading them.
func (k *Keeper) With(calls []*nodev1.Call) []*nodev1.Call {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.byID) == 0 {
		return calls
	}
	all, room := slices.Clone(calls), k.cfg.MaxBatch
	for i, c := range all {
		e := k.byID[c.GetId()]
		if e == nil || e.Value.(*kept).size > room {
			continue
		}
		body := e.Value.(*kept)
		body.sent = true
		room -= body.size
		all[i] = proto.CloneOf(c)
		all[i].Body = body.body
	}
	return all
}

// Settle forgets the bodies of calls that were acknowledged. Those that did not fit are given up.
func (k *Keeper) Settle(calls []*nodev1.Call) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range calls {
		if e := k.byID[c.GetId()]; e != nil {
			if !e.Value.(*kept).sent {
				k.dropped.Add(1)
			}
			k.remove(e)
		}
	}
}

// Dropped is how many bodies were given up for want of room or time.
func (k *Keeper) Dropped() uint64 { return k.dropped.Load() }

// Waiting is how many bytes are kept.
func (k *Keeper) Waiting() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.bytes
}
