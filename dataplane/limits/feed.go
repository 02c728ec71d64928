package limits

import (
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/redis"
)

// The feed tells each node which keys the others use, so that it knows what is left of a key
// before that key's first call here. Nodes announce names only; what was used is asked for.
const (
	nodeGone      = 2 * time.Second              // after which a node that does not ask shares no more
	feedKeep      = 2 * (span + 1) * time.Second // twice as long as what is used counts
	maxFeed       = 100_000                      // announcements
	maxHeard      = 1000                         // announcements at once; the next ones come at once
	shortestPause = 5 * time.Millisecond         // between two exchanges that calls ask for
)

//go:embed hear.lua
var hearText string

//go:embed announce.lua
var announceText string

var (
	hearScript     = redis.NewScript(hearText)
	announceScript = redis.NewScript(announceText)
)

// feedKey names what is kept of all keys together.
func (l *Limiter) feedKey(name string) string { return l.cfg.Redis.TaggedKey("limits", name) }

// hearCall asks for what the other nodes have announced.
func (l *Limiter) hearCall() redis.Call {
	if l.sharing.again.Swap(false) {
		l.sharing.heard = "0"
	}
	return redis.Call{
		Script: hearScript, Keys: []string{l.feedKey("feed"), l.feedKey("nodes")},
		Args: []any{l.node, l.sharing.heard, nodeGone.Milliseconds(), maxHeard},
	}
}

// announceCall tells the other nodes which of the accounts offered were used here since they
// were announced; ok is false when none was.
func (l *Limiter) announceCall(offers []*offer) (call redis.Call, ok bool) {
	args := []any{l.node, feedKeep.Milliseconds(), maxFeed}
	for _, o := range offers {
		if o.news {
			args = append(args, o.account.name)
		}
	}
	return redis.Call{Script: announceScript, Keys: []string{l.feedKey("feed")}, Args: args}, len(args) > 3
}

// hear takes in how many nodes share, and makes accounts due that others have used.
func (l *Limiter) hear(reply *redis.Reply) error {
	if reply == nil {
		return redis.ErrAway
	}
	told, err := reply.StringSlice()
	if err != nil {
		return err
	}
	if len(told) < 3 {
		return fmt.Errorf("the hear script gave %d values", len(told))
	}
	nodes, err := strconv.ParseInt(told[0], 10, 64)
	if err != nil {
		return fmt.Errorf("the hear script gave %q nodes", told[0])
	}
	l.sharing.nodes.Store(nodes)
	l.sharing.heard = told[1]
	if told[2] == strconv.Itoa(maxHeard) {
		l.kick()
	}
	for _, name := range told[3:] {
		if _, has := l.accounts.Load(name); !has && !l.known.has(name) {
			continue
		}
		a := l.account(name)
		a.ask()
		l.activate(a)
	}
	return nil
}

// ask makes the account due: another node has used it.
func (a *account) ask() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asks = true
}

// kick has the next exchange come soon. It never waits.
func (l *Limiter) kick() {
	select {
	case l.sharing.kick <- struct{}{}:
	default:
	}
}

// nodes is how many nodes keep the limits together at present; 1 when this one is alone, or
// has not heard of the others for a while.
func (l *Limiter) nodes(at moment) int64 {
	if !l.Shared() || at-moment(l.sharing.fresh.Load()) > stale {
		return 1
	}
	return max(l.sharing.nodes.Load(), 1)
}
