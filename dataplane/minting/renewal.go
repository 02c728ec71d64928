package minting

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
)

const (
	// A token is renewed when two thirds of its life are over.
	renewAt = 2.0 / 3
	// shortest is the least time between two renewals that go well.
	shortest = 5 * time.Second
	// After a failure the next try waits this long, doubled with each further one up to the longest;
	// longer where the endpoint refuses the credential, which a person must change.
	firstPause     = time.Second
	longestPause   = time.Minute
	longestRefused = 5 * time.Minute
	// margin is how long before its end a token is not used any more: requests take time, and clocks
	// differ. Of a token that lives shorter it is a tenth.
	margin = 10 * time.Second
)

// renewal is one credential that is minted.
type renewal struct {
	key
	token   atomic.Pointer[held]
	failure atomic.Pointer[failure] // of the last try; nil: it went well
	used    atomic.Pointer[[]string]
	again   chan struct{}
	first   chan struct{} // closed when the first try is over
	stop    context.CancelFunc
}

// held is a token and until when it is used; zero: forever.
type held struct {
	*dataplane.Token
	until time.Time
}

func (h *held) valid(now time.Time) bool {
	return h != nil && (h.until.IsZero() || now.Before(h.until))
}

// failure is why there is no new token.
type failure struct {
	why  string
	next time.Time // when it is tried again
}

func newRenewal(of key) *renewal {
	return &renewal{key: of, again: make(chan struct{}, 1), first: make(chan struct{})}
}

// Token gives what is valid now.
func (r *renewal) Token() *dataplane.Token {
	if h := r.token.Load(); h.valid(time.Now()) {
		return h.Token
	}
	return nil
}

// usersOf names the credentials that are the renewal's, for logs.
func usersOf(r *renewal, scopes map[dataplane.Scope]*renewal) *[]string {
	var names []string
	for s, of := range scopes {
		if of == r {
			names = append(names, s.Provider+"/"+s.Name)
		}
	}
	slices.Sort(names)
	return &names
}

// run mints until ctx ends.
func (k *Keeper) run(ctx context.Context, r *renewal) {
	defer r.stop()
	for failures := 0; ctx.Err() == nil; {
		wait := k.try(ctx, r, &failures)
		select {
		case <-r.first:
		default:
			close(r.first)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.again:
		}
		timer.Stop()
	}
}

// forever is how long what never ends is kept.
const forever = 1000 * time.Hour

// try mints once and says how long to wait then.
func (k *Keeper) try(ctx context.Context, r *renewal, failures *int) time.Duration {
	grant, err := k.cfg.Mint(ctx, r.spec, r.way)
	now := time.Now()
	if ctx.Err() != nil {
		return 0
	}
	if err != nil {
		*failures++
		return k.failed(r, err, *failures, now)
	}
	*failures = 0
	h, wait := &held{Token: dataplane.NewToken(grant)}, forever
	if !grant.Expires.IsZero() {
		life := grant.Expires.Sub(now)
		h.until = grant.Expires.Add(-min(margin, life/10)).Round(0) // by the wall: machines sleep
		wait = max(jitter(time.Duration(float64(life)*renewAt)), shortest)
	}
	had, before := r.failure.Swap(nil), r.token.Swap(h)
	k.count(r, "ok")
	switch log := k.cfg.Logger.With("credentials", *r.used.Load(), "kind", r.spec.Kind); {
	case had != nil:
		log.Info("token acquired after failures", "renewed_in", wait)
	case before == nil:
		log.Info("token acquired", "renewed_in", wait)
	default:
		log.Debug("token renewed", "renewed_in", wait)
	}
	if had != nil || before == nil {
		k.cfg.OnChange()
	}
	return wait
}

// failed keeps the reason, and says when to try again: in time for the end of the token there is.
func (k *Keeper) failed(r *renewal, err error, failures int, now time.Time) time.Duration {
	longest := longestPause
	why := "an error of this node's own"
	if fault, ok := errors.AsType[*cloudauth.Fault](err); ok {
		why = fault.Error()
		if fault.Refused {
			longest = longestRefused
		}
	}
	wait := jitter(min(firstPause<<min(failures-1, 20), longest))
	h := r.token.Load()
	if h.valid(now) {
		wait = min(wait, max(h.until.Sub(now), firstPause))
	}
	r.failure.Store(&failure{why: why, next: now.Add(wait)})
	k.count(r, "error")
	k.cfg.Logger.Warn("failed to acquire a token for a credential", "credentials", *r.used.Load(), "kind", r.spec.Kind, "error", why, "tried_again_in", wait, "still_valid", h.valid(now))
	k.cfg.OnChange()
	return wait
}
