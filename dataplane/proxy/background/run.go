package background

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Bounds of asking. There is none over all providers: however many of them do not answer, they hold up themselves
// alone. What their answers take is bounded by the memory that bodies may have.
const (
	ofProvider = 4 // responses of one provider that are asked for at once
	askFor     = 20 * time.Second
)

// Run asks until ctx ends. Its loop waits for no provider.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(min(time.Second, k.cfg.Soonest))
	defer tick.Stop()
	var asking sync.WaitGroup
	defer asking.Wait()
	free := make(chan struct{}, 1) // a provider may be asked for more
	for {
		select {
		case <-ctx.Done():
			k.leave()
			return
		case <-tick.C:
			k.tidy()
		case <-free:
		}
		for _, p := range k.due() {
			asking.Go(func() {
				k.ask(ctx, p)
				k.release(p)
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
		k.cfg.Logger.Warn("stopping with unfinished background responses that are not saved: they are billed when retrieved", "count", n)
	}
}

// due takes responses that are to be asked for now, the longest due first: as many of each provider as may be.
func (k *Keeper) due() (due []*part) {
	now := k.cfg.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.waiting {
		for _, p := range e.parts {
			if !p.asking && !now.Before(p.due) && k.asking[p.at.Provider] < ofProvider {
				due = append(due, p)
			}
		}
	}
	slices.SortFunc(due, func(a, b *part) int {
		return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.of.Call.ID, b.of.Call.ID), cmp.Compare(a.n, b.n))
	})
	return slices.DeleteFunc(due, func(p *part) bool {
		if k.asking[p.at.Provider] == ofProvider {
			return true
		}
		p.asking = true
		k.asking[p.at.Provider]++
		return false
	})
}

// release lets the provider of a response be asked for another one.
func (k *Keeper) release(p *part) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asking[p.at.Provider]--; k.asking[p.at.Provider] == 0 {
		delete(k.asking, p.at.Provider)
	}
}

// ask asks for one response.
func (k *Keeper) ask(ctx context.Context, p *part) {
	asked, call := Asked{}, &p.of.Call // of which nobody changes what is read here
	if id, ok := find(&p.at, call.Group, k.cfg.Snapshot()); ok {
		limited, cancel := context.WithTimeout(ctx, askFor)
		asked = k.cfg.Ask(limited, id)
		cancel()
	}
	now := k.cfg.Now()
	status, over := statusOf(asked.Response)
	switch {
	case over:
	case asked.Gone && now.Sub(call.Start) > 10*k.cfg.Soonest: // some do not have it at once
		status = statusGone
	case now.Sub(call.Start) > k.cfg.GiveUp:
		status = statusGivenUp
		k.cfg.Logger.Warn("a background response did not end within a day; its call is recorded without usage", "call", call.ID)
	default:
		k.mu.Lock()
		defer k.mu.Unlock()
		p.asking, p.due = false, now.Add(min(max(now.Sub(call.Start)/4, k.cfg.Soonest), k.cfg.Latest))
		return
	}
	if ctx.Err() == nil {
		k.end(p, status, asked.Response)
	}
}
