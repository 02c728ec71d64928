package background

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Bounds of asking. A provider that does not answer holds up itself alone.
const (
	workers    = 16 // responses that are asked for at once
	ofProvider = 4  // workers that one provider may take
	askFor     = 20 * time.Second
)

// Run asks until ctx ends. Its loop waits for no provider.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(min(time.Second, k.cfg.Soonest))
	defer tick.Stop()
	var asking sync.WaitGroup
	defer asking.Wait()
	free := make(chan struct{}, 1) // a worker is, again
	for {
		select {
		case <-ctx.Done():
			k.leave()
			return
		case <-tick.C:
			k.tidy()
		case <-free:
		}
		for _, e := range k.due() {
			asking.Go(func() {
				k.ask(ctx, e)
				k.release(e)
				select {
				case free <- struct{}{}:
				default:
				}
			})
		}
	}
}

// leave says what nobody keeps any more.
func (k *Keeper) leave() {
	if n := int(k.count()); n > 0 && k.cfg.Dir == "" {
		k.cfg.Logger.Warn("responses in the background have not ended, and no disk keeps them: who retrieves one has it billed", "count", n)
	}
}

// due takes calls whose responses are to be asked for now, the longest due first: as many as there
// are workers for.
func (k *Keeper) due() (due []*entry) {
	now := k.cfg.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.busy == workers {
		return nil
	}
	for _, e := range k.waiting {
		if !e.asking && !now.Before(e.due) && k.asking[e.at.Provider] < ofProvider {
			due = append(due, e)
		}
	}
	slices.SortFunc(due, func(a, b *entry) int { return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.Call.ID, b.Call.ID)) })
	return slices.DeleteFunc(due, func(e *entry) bool {
		if k.busy == workers || k.asking[e.at.Provider] == ofProvider {
			return true
		}
		e.asking = true
		k.busy++
		k.asking[e.at.Provider]++
		return false
	})
}

// release gives the worker of an entry back.
func (k *Keeper) release(e *entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy--
	if k.asking[e.at.Provider]--; k.asking[e.at.Provider] == 0 {
		delete(k.asking, e.at.Provider)
	}
}

// ask asks for one response.
func (k *Keeper) ask(ctx context.Context, e *entry) {
	asked := Asked{}
	if id, ok := find(&e.at, e.Call.Group, k.cfg.Snapshot()); ok {
		limited, cancel := context.WithTimeout(ctx, askFor)
		asked = k.cfg.Ask(limited, id)
		cancel()
	}
	now := k.cfg.Now()
	status, over := statusOf(asked.Response)
	switch {
	case over:
	case asked.Gone && now.Sub(e.Call.Start) > 10*k.cfg.Soonest: // some do not have it at once
		status = statusGone
	case now.Sub(e.Call.Start) > k.cfg.GiveUp:
		status = statusGivenUp
		k.cfg.Logger.Warn("a response in the background did not end in a day: its call is recorded without what it used", "call", e.Call.ID)
	default:
		k.mu.Lock()
		defer k.mu.Unlock()
		e.asking, e.due = false, now.Add(min(max(now.Sub(e.Call.Start)/4, k.cfg.Soonest), k.cfg.Latest))
		return
	}
	if ctx.Err() == nil && k.take(e.Call.ID) == e {
		k.end(e, status, asked.Response)
	}
}
