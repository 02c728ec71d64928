package health

import (
	"context"
	_ "embed" // the scripts
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/dataplane"
)

var (
	//go:embed script/revoke.lua
	revokeLua string
	//go:embed script/revoked.lua
	revokedLua string

	revokeScript  = redis.NewScript(revokeLua)
	revokedScript = redis.NewScript(revokedLua)
)

// maxRevoked is how many revocations Redis keeps: the newest.
const maxRevoked = 10_000

// bulletin is what nodes tell each other of revoked keys, so that one that the control plane
// cannot reach learns of them too. What is told and learned goes through Run's goroutine.
type bulletin struct {
	wake chan struct{}

	mu      sync.Mutex
	waiting []dataplane.Revocation // guarded by mu; to be told

	seen  int64 // place in the list up to which it was read; of Run's goroutine, as what follows
	heard bool  // it was read since Redis was reached
}

// Revoke tells the other nodes that keys are revoked, within moments while Redis is there and
// else when it is back. It does not block.
func (s *Shared) Revoke(list []dataplane.Revocation) {
	b := &s.bulletin
	b.mu.Lock()
	b.waiting = append(b.waiting, list...)
	b.waiting = b.waiting[max(len(b.waiting)-maxRevoked, 0):]
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default: // it is awake
	}
}

// tellRevoked publishes what waits; what cannot be published waits on.
func (s *Shared) tellRevoked(ctx context.Context) {
	b := &s.bulletin
	b.mu.Lock()
	list := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	for len(list) > 0 {
		n := min(len(list), mostAtOnce)
		args := revokeArgs{Most: maxRevoked, Members: make([]string, n)}
		for i := range n {
			args.Members[i] = encodeRevocation(&list[i])
		}
		err := s.link.use(ctx, taskTimeout, func(ctx context.Context) error {
			return s.link.run(ctx, newCall(revokeScript, []string{s.link.key("rev")}, args)).Err()
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

// readRevoked learns what other nodes published since it was read last. When Redis was
// reached anew, or has lost its memory, this node tells all it knows.
func (s *Shared) readRevoked(ctx context.Context) error {
	b := &s.bulletin
	if !b.heard && s.cfg.Revocations != nil {
		s.Revoke(s.cfg.Revocations())
	}
	s.tellRevoked(ctx)
	var reply []any
	err := s.link.use(ctx, taskTimeout, func(ctx context.Context) (err error) {
		reply, err = s.link.run(ctx, newCall(revokedScript, []string{s.link.key("rev")}, revokedArgs{After: b.seen})).Slice()
		return err
	})
	if err != nil {
		b.heard = b.heard && errors.Is(err, context.Canceled)
		return err
	}
	if len(reply) == 0 {
		return errReply
	}
	place, ok := reply[0].(int64)
	if !ok {
		return errReply
	}
	b.heard = place >= b.seen
	b.seen = place
	var learned []dataplane.Revocation
	for _, member := range reply[1:] {
		if r, err := parseRevocation(member); err == nil { // else of a newer node, or of nobody we know
			learned = append(learned, r)
		}
	}
	if len(learned) > 0 && s.cfg.Revoked != nil {
		s.cfg.Revoked(learned)
	}
	return nil
}

type (
	revokeArgs struct {
		Members []string `json:"members"`
		Most    int      `json:"most"`
	}
	revokedArgs struct {
		After int64 `json:"after"`
	}
)

// encodeRevocation writes one as lineage:revision:reason:cut:hash. Names stay out of Redis.
func encodeRevocation(r *dataplane.Revocation) string {
	cut := 0
	if r.Cut {
		cut = 1
	}
	return fmt.Sprintf("%s:%d:%d:%d:%s", r.Lineage, r.Revision, r.Reason, cut, hex.EncodeToString(r.Hash[:]))
}

func parseRevocation(member any) (r dataplane.Revocation, err error) {
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
	r.Reason = dataplane.RevokeReason(reason)
	if err != nil || r.Reason < dataplane.RevokeDisabled || r.Reason > dataplane.RevokeForGood {
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
