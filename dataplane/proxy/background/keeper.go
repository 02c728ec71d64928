// Package background ends calls whose responses go on behind them (background: true). Such a call is
// over when its response is: until then its record waits here, and what the key's limits have reserved
// for it stays reserved. The node that served the call asks the provider from time to time, and sees
// what clients are shown; whichever tells it the end first, the call is recorded once.
//
// Other nodes see ends too, when a client asks them. They record the call under the same id some time
// later, in case the node that served it is gone: a record that is there already is not stored
// again. The budget is charged by the node that served the call alone.
//
// What waits is on disk, if there is one: a node that was killed goes on with it. Nothing is waited for
// longer than a day, and no more than so many at once; beyond that, requests are refused.
package background

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Asked is what a provider says of a response.
type Asked struct {
	Response []byte // JSON; nil: it did not say
	Gone     bool   // it has no such response
}

// Config is complete when every field without a default is set.
type Config struct {
	Dir      string // where what waits is kept over a restart; empty: nowhere
	Snapshot func() *dataplane.Snapshot
	// Ask asks the provider for a response. It is called by few goroutines at once, and ends with
	// ctx, which is over after 20 s.
	Ask func(ctx context.Context, id dataplane.ResponseID) Asked
	// Record takes a call that is over; Late one that another node should have recorded.
	Record, Late func(dataplane.Call)
	// Resume gives a lease for a call of an earlier run; nil: keys are not limited.
	Resume  func(key *dataplane.APIKey, cost dataplane.PicoUSD) dataplane.Lease
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics prometheus.Registerer
	// Max is how many may wait, an eighth of them of one key, and as many ends that others should
	// record; default 2,000.
	Max int
	// Soonest and Latest bound the time between two questions about one response, which is a quarter
	// of its age; default 2 s and 60 s.
	Soonest, Latest time.Duration
	// GiveUp is the age at which a response is not waited for any more; default 24 h.
	GiveUp time.Duration
	// LateAfter is how long another node has to record a call whose end was seen here; default 2 min.
	LateAfter time.Duration
}

// Keeper keeps calls until their responses end. It is safe for concurrent use.
type Keeper struct {
	cfg     Config
	metrics metrics

	mu      sync.Mutex
	places  int               // taken by calls that may yet wait
	keys    map[string]int    // the calls of each key that may yet wait, or do
	waiting map[string]*entry // by the id of the call
	asking  map[string]int    // workers by the provider that they ask
	late    map[string]late
	ended   map[string]ended // calls of this node that were recorded lately
	again   []dataplane.Call // recorded by an earlier run, perhaps
}

// late is a call whose end was seen here and that another node should record.
type late struct {
	call dataplane.Call
	due  time.Time
}

// ended is a call that was recorded.
type ended struct {
	at   time.Time
	file bool // its file is still there
}

// New returns a keeper with what an earlier run left behind. Run asks.
func New(cfg Config) *Keeper {
	cfg.Max = cmp.Or(cfg.Max, 2000)
	cfg.Soonest, cfg.Latest = cmp.Or(cfg.Soonest, 2*time.Second), cmp.Or(cfg.Latest, time.Minute)
	cfg.GiveUp, cfg.LateAfter = cmp.Or(cfg.GiveUp, 24*time.Hour), cmp.Or(cfg.LateAfter, 2*time.Minute)
	k := &Keeper{cfg: cfg, keys: map[string]int{}, waiting: map[string]*entry{}, asking: map[string]int{}, late: map[string]late{}, ended: map[string]ended{}}
	k.metrics = newMetrics(cfg.Metrics, k.count)
	k.load()
	return k
}

func (k *Keeper) count() float64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return float64(len(k.waiting))
}

// Room says whether there was a place for a call.
type Room int

// What Begin says.
const (
	Placed   Room = iota
	NodeFull      // as many wait as may
	KeyFull       // as many of the key wait as may of one
)

// keyPart is the part of all places that one key may have: an eighth.
const keyPart = 8

// Begin takes a place for a call of a key whose response may go on behind it. Cancel or Keep ends that.
func (k *Keeper) Begin(key string) Room {
	k.mu.Lock()
	defer k.mu.Unlock()
	room := Placed
	switch {
	case k.places+len(k.waiting) >= k.cfg.Max:
		room = NodeFull
	case k.keys[key] >= max(k.cfg.Max/keyPart, 1):
		room = KeyFull
	default:
		k.places++
		k.keys[key]++
		return Placed
	}
	k.metrics.refused.Inc()
	return room
}

// leaveKey notes that a call of a key waits no more. It is called under mu.
func (k *Keeper) leaveKey(key string) {
	if k.keys[key]--; k.keys[key] <= 0 {
		delete(k.keys, key)
	}
}

// Cancel gives a place back: the call is recorded as any other.
func (k *Keeper) Cancel(call, key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.places--
	k.leaveKey(key)
	k.ended[call] = ended{at: k.cfg.Now()}
}

// Kept is a call whose response goes on.
type Kept struct {
	Call     dataplane.Call           // with the attempts that are pending; its ResponseID is the client's
	Prompt   int64                    // tokens, guessed: for a response that never tells its usage
	Prices   map[int]*dataplane.Price // of the targets of attempts, by their place; nil: they have none
	Reserved dataplane.PicoUSD
	Lease    dataplane.Lease `json:"-"` // nil: the key is not limited
}

// Keep takes a call in the place of Begin. It writes to the disk, and waits for nothing else.
func (k *Keeper) Keep(c Kept) {
	c.Call.Body = nil // what was asked is not kept on disk, nor for so long
	e := &entry{Kept: c}
	e.split(k.cfg.Now().Add(k.cfg.Soonest))
	k.write(e)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.places--
	k.waiting[c.Call.ID] = e
}

// Seen takes in what is known of a response that was made in the background, and says whether it is
// over.
func (k *Keeper) Seen(id dataplane.ResponseID, key *dataplane.APIKey, response []byte) (over bool) {
	status, over := statusOf(response)
	if !over {
		return false
	}
	k.mu.Lock()
	e, p := k.waiting[id.CallID], (*part)(nil)
	if e != nil {
		p = e.partOf(&id)
	}
	k.mu.Unlock()
	switch {
	case p != nil:
		k.end(p, status, response)
	case e == nil:
		k.seenElsewhere(id, key, status, response)
	}
	return true
}

// seenElsewhere keeps the end of a call that does not wait here, for its record.
func (k *Keeper) seenElsewhere(id dataplane.ResponseID, key *dataplane.APIKey, status string, response []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, known := k.late[id.CallID]
	if _, own := k.ended[id.CallID]; own || known || len(k.late) >= k.cfg.Max {
		return
	}
	now := k.cfg.Now()
	if now.Sub(id.CallStart) > k.cfg.GiveUp+k.cfg.LateAfter { // it was recorded, or given up, by now
		return
	}
	k.late[id.CallID] = late{call: foreign(id, key, status, response, now), due: now.Add(k.cfg.LateAfter)}
}

// end ends a response, unless somebody else has. With the last one of its call that is recorded, and what was
// reserved is settled. Its file stays for a moment, until the record is safe: a call that is recorded twice is
// stored once.
func (k *Keeper) end(p *part, status string, response []byte) {
	e := p.of
	if !k.close(p, status, response) {
		return
	}
	k.write(e)
	if e.Lease != nil {
		e.Lease.Settle(e.Call.Usage.Input+e.Call.Usage.Output, e.Call.Cost)
	}
	k.cfg.Record(e.Call)
}

// close writes the end of a response into its call, once, and takes the call out of those that wait when it was the
// last one.
func (k *Keeper) close(p *part, status string, response []byte) (last bool) {
	e := p.of
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.Index(e.parts, p)
	if i < 0 {
		return false
	}
	now := k.cfg.Now()
	e.parts = slices.Delete(e.parts, i, i+1)
	e.finish(p, status, response, now)
	k.metrics.ended.WithLabelValues(status).Inc()
	if len(e.parts) > 0 {
		return false // should the node be killed now, this response is asked for again
	}
	e.Ended = true
	delete(k.waiting, e.Call.ID)
	k.leaveKey(e.Call.APIKey)
	k.ended[e.Call.ID] = ended{at: now, file: true}
	return true
}

// tidy records what other nodes should have, and forgets what is over.
func (k *Keeper) tidy() {
	now := k.cfg.Now()
	var due []dataplane.Call
	var old []string
	k.mu.Lock()
	again := k.again
	k.again = nil
	for id, l := range k.late {
		if !now.Before(l.due) {
			due = append(due, l.call)
			delete(k.late, id)
		}
	}
	for id, e := range k.ended {
		if e.file && now.Sub(e.at) > safeAfter {
			old = append(old, id)
			e.file = false
			k.ended[id] = e
		}
		if !e.file && (now.Sub(e.at) > endedFor || len(k.ended) > maxEnded) {
			delete(k.ended, id)
		}
	}
	k.mu.Unlock()
	for _, id := range old {
		k.remove(id)
	}
	for _, c := range again {
		k.cfg.Late(c)
	}
	for _, c := range due {
		k.metrics.late.Inc()
		k.cfg.Late(c)
	}
}

// A call that was recorded is known for so long, and no more than so many: whoever retrieves its
// response meanwhile has it recorded no more.
const (
	endedFor = time.Hour
	maxEnded = 10_000
)

// safeAfter is when the record of a call is on the disk for certain.
const safeAfter = 10 * time.Second
