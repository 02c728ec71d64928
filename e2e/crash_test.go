package e2e

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// load sends calls from several clients until it is stopped, and notes the ids of those
// that were answered.
type load struct {
	stop   context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	ids    map[string]bool
	failed atomic.Int64
}

func newLoad(t *testing.T, s *stack, model string) *load {
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop, ids: map[string]bool{}}
	for range 4 {
		l.wg.Go(func() {
			c := client(s, appKey)
			for ctx.Err() == nil {
				var id string
				if _, err := c.Chat.Completions.New(ctx, ask(model), option.WithMiddleware(requestID(&id))); err != nil {
					if ctx.Err() == nil {
						l.failed.Add(1)
						time.Sleep(5 * time.Millisecond) // a killed server refuses at once
					}
					continue
				}
				l.mu.Lock()
				l.ids[id] = true
				l.mu.Unlock()
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

func (l *load) end() {
	l.stop()
	l.wg.Wait()
}

func (l *load) answered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ids)
}

// more waits until n further calls were answered.
func (l *load) more(s *stack, n int) {
	s.t.Helper()
	target := l.answered() + n
	s.eventually("calls are answered", func(context.Context) bool { return l.answered() >= target })
}

// A crash of the whole process under load loses no configuration and doubles no call.
func TestKillTheAllInOneUnderLoad(t *testing.T) {
	t.Parallel()
	s := allInOne(t)
	before := export(t, s)
	l := newLoad(t, s, "first-500")
	for range 2 {
		l.more(s, 100)
		s.all.Restart()
		s.awaitNodes(1)
	}
	l.more(s, 50)
	l.end()
	after := export(t, s)
	if len(before) == 0 || len(before) != len(after) {
		t.Fatalf("%d resources before, %d after", len(before), len(after))
	}
	for i := range before {
		if !proto.Equal(before[i], after[i]) {
			t.Errorf("changed by the crash:\n%v\n%v", before[i], after[i])
		}
	}
	s.callsStored() // fails the test if one is stored twice
	s.all.Stop()
	s.all.Run()
	s.awaitNodes(1)
	stored := s.callsStored()
	for _, c := range stored {
		// The clients of the load leave at its end, some before their body was read.
		if c.GetOutcome() != "client_closed" && (c.GetOutcome() != "ok" || c.GetGroup() != "first-500") {
			t.Errorf("call %v", c)
		}
	}
	if len(stored) == 0 {
		t.Error("no call was stored")
	}
}

// Nodes serve on without the control plane, and what they recorded meanwhile is stored
// once when it is back.
func TestKillTheControlPlane(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	l := newLoad(t, s, "first-500")
	l.more(s, 100)
	s.plane.Kill()
	l.more(s, 300)
	if n := l.failed.Load(); n != 0 {
		t.Errorf("%d calls failed without the control plane", n)
	}
	s.plane.Run()
	s.awaitNodes(2)
	l.more(s, 50)
	l.end()
	if n := l.failed.Load(); n != 0 {
		t.Errorf("%d calls failed around the restart of the control plane", n)
	}
	for _, node := range s.nodes {
		node.Stop() // ships what waits
	}
	stored := s.callsStored()
	missing := 0
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.ids {
		if stored[id] == nil {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d answered calls are not in the log", missing, len(l.ids))
	}
}

func export(t *testing.T, s *stack) []*adminv1.Resource {
	t.Helper()
	got, err := adminv1connect.NewConfigServiceClient(s.rpc()).ExportConfig(t.Context(), &adminv1.ExportConfigRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetResources()
}
