package engine

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// A refusal that a caller may have brought about opens nothing until a second caller meets it. Where
// there is only one, nobody else would ever tell a dead key from a hostile request. So after a
// failure threshold of such refusals the node asks the same question with a request of its own, in
// which nothing is a caller's.
const (
	confirmTimeout = 5 * time.Second
	// A scope is asked about at most once in this time, doubled with each answer that was no
	// refusal, up to the longest.
	confirmEvery = time.Minute
	confirmMost  = 16 * time.Minute
	// maxSuspicions bounds what is remembered.
	maxSuspicions = 1000
)

// suspicions are the scopes with unconfirmed refusals, by when a request of our own is due.
type suspicions struct {
	mu  sync.Mutex // guards all
	all map[dataplane.Scope]*suspicion
}

type suspicion struct {
	refusals int
	since    time.Time     // the first of them
	next     time.Time     // no request of ours before
	pause    time.Duration // after the next one
}

// due counts a refusal and reports whether a request of ours is due now, which is then the asker's.
func (s *suspicions) due(scope dataplane.Scope, p *dataplane.Policy, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.all[scope]
	if at == nil {
		if s.makeRoom(now); len(s.all) >= maxSuspicions {
			return false
		}
		at = &suspicion{since: now, pause: confirmEvery}
		s.all[scope] = at
	}
	if now.Sub(at.since) > p.FailureWindow {
		at.refusals, at.since = 0, now
	}
	if at.refusals++; at.refusals < p.FailureThreshold || now.Before(at.next) {
		return false
	}
	at.refusals, at.since = 0, now
	at.next = now.Add(at.pause)
	at.pause = min(2*at.pause, confirmMost)
	return true
}

// makeRoom forgets what is too old to matter.
func (s *suspicions) makeRoom(now time.Time) {
	if s.all == nil {
		s.all = map[dataplane.Scope]*suspicion{}
	}
	if len(s.all) < maxSuspicions {
		return
	}
	for scope, at := range s.all {
		if now.Sub(at.since) > confirmMost && now.After(at.next) {
			delete(s.all, scope)
		}
	}
}

// forget drops a scope whose refusals were confirmed.
func (s *suspicions) forget(scope dataplane.Scope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, scope)
}

// confirm asks again with a request of our own if one is due after an attempt that ended with v,
// and tells health what came of it. The request of the suspect waits for that, and nobody else's.
func (a *attempt) confirm(ctx context.Context, v dataplane.Verdict) {
	e := a.call.engine
	kind := a.heldAgainst(v)
	scope := a.scope(kind)
	if !v.Unconfirmed || v.Outcome.Rule().Hold == 0 || scope.Kind == dataplane.ScopeNone || a.lastResort ||
		a.endpoint.Neutral == "" || !e.suspicions.due(scope, a.Policy, e.cfg.Now()) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	own := trial{candidate: candidate{Candidate: a.Candidate, credential: a.credential}, health: a.health, caller: "node", started: e.cfg.Now()}
	met, answered := a.ask(ctx)
	log := e.cfg.Logger.With("provider", a.Provider.Name, "model", a.Model, "refusal", v.Outcome.String())
	switch {
	case !answered:
	case met.Outcome == dataplane.OK:
		own.succeeded(a.endpoint.Number, e.cfg.Now())
		log.Info("a refusal was not confirmed by the node's own request: the caller's request caused it")
	case met.Outcome == v.Outcome && own.against(met) == a.against(v):
		met.Unconfirmed, met.Scope = false, kind
		own.report(met)
		e.suspicions.forget(scope)
		log.Info("a refusal was confirmed by the node's own request")
	}
}

// ask sends the neutral request; answered is false when it got no answer.
func (a *attempt) ask(ctx context.Context) (v dataplane.Verdict, answered bool) {
	endpoint := a.endpoint
	body := []byte(`{` + endpoint.Neutral + `}`)
	if !endpoint.InPath {
		body = wire.InsertModel(body, a.Model)
	}
	r := a.up.NewRequest(ctx, a.Provider, a.credential, endpoint.Path, a.Model)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if a.token != nil {
		if err := a.token.authorize(ctx, r, bytes.NewReader(body), a.call.engine.cfg.Now()); err != nil {
			return dataplane.Verdict{}, false
		}
	}
	a.call.engine.own.Add(1)
	resp, err := a.up.Send(r, nil)
	if err != nil {
		return dataplane.Verdict{}, false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return dataplane.Verdict{}, false
	}
	text = classify.Scrub(text, a.secrets())
	if resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusMultipleChoices {
		return classify.Status(resp.StatusCode, resp.Header, text, a.Model, a.call.engine.cfg.Now()), true
	}
	if v, failed := classify.ErrorBody(text, a.Model); failed {
		return v, true
	}
	doc, valid := scan.Read(text)
	return dataplane.Verdict{Outcome: dataplane.OK}, valid && endpoint.Answers(&doc)
}
