package revocation

import (
	"context"
	_ "embed" // the scripts
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
)

var (
	//go:embed script/publish.lua
	publishLua string
	//go:embed script/read.lua
	readLua string

	publishScript = redis.NewScript(publishLua)
	readScript    = redis.NewScript(readLua)
)

const (
	// maxBroadcast is how many revocations Redis keeps: the newest.
	maxBroadcast = 10_000
	// maxPublished go to Redis in one round trip.
	maxPublished = 128
	readEvery    = 500 * time.Millisecond // 20 % more or less
	taskTimeout  = 300 * time.Millisecond // of one script
)

var errReply = errors.New("unexpected answer from Redis to a script")

// BroadcastConfig is what a Broadcast needs. All is required.
type BroadcastConfig struct {
	Redis *redis.Client
	// Learn takes what other nodes published; it is called from Run's goroutine.
	Learn func([]Revocation)
	// All is everything that this node knows: it is published when Redis was reached again.
	All func() []Revocation
}

// Broadcast passes revocations on between nodes through Redis, so that one that the control
// plane cannot reach learns of them within about 0.7 s. Redis keeps the newest 10,000 under rev.
type Broadcast struct {
	cfg  BroadcastConfig
	wake chan struct{}

	mu      sync.Mutex
	waiting []Revocation // guarded by mu; to be published

	place   int64 // in the list, up to which it was read; of Run's goroutine, as what follows
	told    int64 // place of what was published last
	current bool  // it was read since Redis was reached
}

// NewBroadcast talks to nobody until Run.
func NewBroadcast(cfg BroadcastConfig) *Broadcast {
	b := &Broadcast{cfg: cfg, wake: make(chan struct{}, 1)}
	cfg.Redis.SelfTest("publish revocations", func(key string) redis.Call {
		return redis.Call{Script: publishScript, Keys: []string{cfg.Redis.Key(key)}, Args: arguments(publishArgs{Members: []string{key}})}
	})
	cfg.Redis.SelfTest("read revocations", func(key string) redis.Call {
		return redis.Call{Script: readScript, Keys: []string{cfg.Redis.Key(key)}, Args: arguments(readArgs{})}
	})
	return b
}

// Publish tells the other nodes that keys are revoked, within moments while Redis is there
// and else when it is back. It does not block.
func (b *Broadcast) Publish(list []Revocation) {
	b.mu.Lock()
	b.waiting = append(b.waiting, list...)
	b.waiting = b.waiting[max(len(b.waiting)-maxBroadcast, 0):]
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default: // it is awake
	}
}

// Run publishes and reads until ctx ends, and publishes once more then. It must be called once.
func (b *Broadcast) Run(ctx context.Context) error {
	read := time.NewTimer(0)
	defer read.Stop()
	for {
		select {
		case <-ctx.Done():
			b.publish(context.WithoutCancel(ctx))
			return nil
		case <-b.wake:
			b.publish(ctx)
		case <-read.C:
			wait := b.cfg.Redis.Connect(ctx)
			if wait == 0 {
				_ = b.read(ctx) // the connection tells when Redis is away
				wait = time.Duration(float64(readEvery) * (0.8 + 0.4*rand.Float64()))
			}
			read.Reset(wait)
		}
	}
}

// publish publishes what waits; what cannot be published waits on.
func (b *Broadcast) publish(ctx context.Context) {
	b.mu.Lock()
	list := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	for len(list) > 0 {
		n := min(len(list), maxPublished)
		args := publishArgs{Most: maxBroadcast, Members: make([]string, n)}
		for i := range n {
			args.Members[i] = encode(&list[i])
		}
		err := b.run(ctx, publishScript, args, func(reply *redis.Reply) (err error) {
			b.told, err = reply.Int64()
			return err
		})
		if err != nil {
			b.mu.Lock()
			b.waiting = append(list, b.waiting...)
			b.mu.Unlock()
			return
		}
		list = list[n:]
	}
}

// read learns what other nodes published since it was called last. When Redis was reached
// again, or has lost its data, this node publishes all it knows and reads all there is.
func (b *Broadcast) read(ctx context.Context) error {
	if !b.current {
		b.place, b.told = 0, 0
		b.Publish(b.cfg.All())
	}
	b.publish(ctx)
	var answer []any
	err := b.run(ctx, readScript, readArgs{After: b.place}, func(reply *redis.Reply) (err error) {
		answer, err = reply.Slice()
		return err
	})
	if err != nil {
		b.current = b.current && errors.Is(err, context.Canceled)
		return err
	}
	newest, oldest, members, err := readReply(answer)
	if err != nil {
		return err
	}
	// When all that was seen or told is gone, Redis has lost its data.
	seen := max(b.place, b.told)
	b.current = seen == 0 || newest >= seen && oldest <= seen
	b.place = newest
	var learned []Revocation
	for _, member := range members {
		if r, err := decode(member); err == nil { // else of a newer node, or of nobody we know
			learned = append(learned, r)
		}
	}
	if len(learned) > 0 {
		b.cfg.Learn(learned)
	}
	return nil
}

// readReply reads what read.lua returns.
func readReply(answer []any) (newest, oldest int64, members []any, err error) {
	if len(answer) < 2 {
		return 0, 0, nil, errReply
	}
	newest, okNewest := answer[0].(int64)
	oldest, okOldest := answer[1].(int64)
	if !okNewest || !okOldest {
		return 0, 0, nil, errReply
	}
	return newest, oldest, answer[2:], nil
}

func (b *Broadcast) run(ctx context.Context, script redis.Script, args any, take func(*redis.Reply) error) error {
	call := redis.Call{Script: script, Keys: []string{b.cfg.Redis.Key("rev")}, Args: arguments(args)}
	return b.cfg.Redis.Use(ctx, taskTimeout, func(ctx context.Context) error { return take(b.cfg.Redis.Run(ctx, call)) })
}

type (
	publishArgs struct {
		Members []string `json:"members"`
		Most    int      `json:"most"`
	}
	readArgs struct {
		After int64 `json:"after"`
	}
)

// arguments is the one argument of a script.
func arguments(args any) []any {
	raw, _ := json.Marshal(args) // numbers and strings cannot fail
	return []any{string(raw)}
}

// encode writes a revocation as lineage:revision:reason:cut:hash. Names stay out of Redis.
func encode(r *Revocation) string {
	return fmt.Sprintf("%s:%d:%d:%d:%s", r.Lineage, r.Revision, r.Reason, b2i(r.Cut), hex.EncodeToString(r.Hash[:]))
}

func decode(member any) (r Revocation, err error) {
	text, _ := member.(string)
	parts := strings.Split(text, ":")
	if len(parts) != 5 {
		return r, errReply
	}
	r.Lineage = parts[0]
	if r.Revision, err = strconv.ParseUint(parts[1], 10, 64); err != nil {
		return r, errReply
	}
	reason, err := strconv.ParseUint(parts[2], 10, 8)
	r.Reason = Reason(reason)
	if err != nil || !r.Reason.known() {
		return r, errReply
	}
	r.Cut = parts[3] == "1"
	hash, err := hex.DecodeString(parts[4])
	if err != nil || len(hash) != len(r.Hash) {
		return r, errReply
	}
	r.Hash = dataplane.KeyHash(hash)
	return r, nil
}
