package uplink

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

const (
	// nextPause bounds the wait before the next address of a round is tried.
	nextPause = 200 * time.Millisecond
	// sentAway bounds the wait after a replica sent the node on to another one, behind the
	// same name perhaps.
	sentAway = time.Second
	// mostExtra is how many tries follow in a round in which the node was sent away: whoever
	// did so lives, and takes the node when it has been sent away twice.
	mostExtra = 6
)

// addresses takes turns among the addresses of the control plane. A round is over when each
// was tried.
type addresses struct {
	all  []string
	next int
	// Of this round.
	left  int  // addresses that were not tried
	away  bool // the node was sent away
	extra int  // tries since every address was tried
}

// parseAddresses takes a list separated by commas. It begins anywhere, so that nodes spread.
func parseAddresses(list string) *addresses {
	t := &addresses{}
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one != "" {
			t.all = append(t.all, one)
		}
	}
	if len(t.all) > 0 {
		t.next = rand.IntN(len(t.all))
	}
	t.begin()
	return t
}

// begin starts a round.
func (t *addresses) begin() { t.left, t.away, t.extra = len(t.all), false, 0 }

// take is the address to try now.
func (t *addresses) take() string {
	one := t.all[t.next]
	t.next = (t.next + 1) % len(t.all)
	t.left--
	return one
}

// more reports whether another try belongs to the same round, and how long it waits at most.
func (t *addresses) more(code codes.Code) (time.Duration, bool) {
	t.away = t.away || code == codes.ResourceExhausted
	if t.left > 0 {
		return nextPause, true
	}
	t.extra++
	return sentAway, t.away && t.extra <= mostExtra
}

// pause waits for a random part of a bound; false when ctx ended.
func pause(ctx context.Context, bound time.Duration) bool {
	t := time.NewTimer(rand.N(bound + 1))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
