package access

import (
	"time"
)

// How fast sign-ins may fail. A success forgets them all.
const (
	accountBurst    = 5  // failures of an account, or of a known device, before a delay begins
	networkBurst    = 10 // failures of a network before a delay begins
	firstDelay      = time.Second
	maxDelay        = 15 * time.Minute // the delay doubles up to this
	failureLifetime = 15 * time.Minute // one failure is forgiven for each such time without another
)

// bucket is the failures of one key.
type bucket struct {
	burst int
	SignInFailures
}

func (b *bucket) forgive(now time.Time) {
	if passed := int(now.Sub(b.Since) / failureLifetime); passed > 0 {
		b.Count = max(0, b.Count-passed)
		b.Since = b.Since.Add(time.Duration(passed) * failureLifetime)
	}
}

func (b *bucket) charge(now time.Time) {
	b.Count++
	delay := time.Duration(0)
	for i := range b.Count - b.burst {
		delay = max(firstDelay, 2*delay)
		if delay >= maxDelay {
			delay, b.Count = maxDelay, b.burst+i+1 // no use in counting on
			break
		}
	}
	b.Since, b.Until = now, now.Add(delay)
	b.Forget = now.Add(time.Duration(b.Count) * failureLifetime)
}

// learn takes over what is stored of the key, by this replica before it was restarted or by
// another one, when that is newer.
func (b *bucket) learn(stored SignInFailures) {
	if stored.Since.After(b.Since) {
		b.SignInFailures = stored
	}
}
