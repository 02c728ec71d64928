package http1

import (
	"sync"
	"time"
)

// pool keeps idle connections. The one used last is used next, so that a pool which grew
// in a rush shrinks again.
type pool struct {
	max     int
	timeout time.Duration

	mu      sync.Mutex
	idle    map[origin][]*conn // each list is sorted by the time of coming in
	sweeper *time.Timer        // runs while there are idle connections
	closing bool               // closeIdle was called since the last get
}

// get takes out an idle connection; nil: there is none.
func (p *pool) get(o origin) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = false
	list := p.idle[o]
	if len(list) == 0 {
		return nil
	}
	last := len(list) - 1
	c := list[last]
	list[last] = nil
	p.idle[o] = list[:last]
	return c
}

// put takes back a connection that is fit for another request.
func (p *pool) put(c *conn) {
	if !p.keep(c) {
		c.close()
	}
}

func (p *pool) keep(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[c.origin]
	if p.closing || len(list) >= p.max {
		return false
	}
	c.since = time.Now()
	p.idle[c.origin] = append(list, c)
	if p.sweeper == nil {
		p.sweeper = time.AfterFunc(p.timeout, p.sweep)
	}
	return true
}

// sweep closes connections that were idle for too long, and comes again for the rest.
func (p *pool) sweep() {
	var old []*conn
	p.mu.Lock()
	now := time.Now()
	next := time.Duration(-1)
	for o, list := range p.idle {
		n := 0
		for n < len(list) && now.Sub(list[n].since) >= p.timeout {
			n++
		}
		old = append(old, list[:n]...)
		if n == len(list) {
			delete(p.idle, o)
			continue
		}
		kept := append([]*conn(nil), list[n:]...)
		p.idle[o] = kept
		if left := p.timeout - now.Sub(kept[0].since); next < 0 || left < next {
			next = left
		}
	}
	if p.sweeper != nil {
		if next < 0 {
			p.sweeper = nil
		} else {
			p.sweeper.Reset(next)
		}
	}
	p.mu.Unlock()
	for _, c := range old {
		c.close()
	}
}

func (p *pool) closeIdle() {
	p.mu.Lock()
	all := p.idle
	p.idle = map[origin][]*conn{}
	p.closing = true
	if p.sweeper != nil {
		p.sweeper.Stop()
		p.sweeper = nil
	}
	p.mu.Unlock()
	for _, list := range all {
		for _, c := range list {
			c.close()
		}
	}
}
