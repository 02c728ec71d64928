package usage

import nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"

// Attempts is the sum over some attempts.
type Attempts struct {
	Attempts   int64
	OK         int64 // of them, those with outcome ok
	Counted    int64 // of them, those that failed through their target, credential or provider
	DurationUS int64

	Latency    Histogram // of every attempt, from its start to its end
	FirstToken Histogram // of the attempts that came so far, from their start
}

// AttemptKeyOf is the key an attempt of a call is summed under, without API key and status.
func AttemptKeyOf(c *nodev1.Call, a *nodev1.Attempt) Key {
	return Key{Group: name(c.GetGroup()), Provider: name(a.GetProvider()), Model: name(a.GetModel()), Outcome: name(a.GetOutcome())}
}

// Count adds one attempt.
func (u *Attempts) Count(a *nodev1.Attempt) {
	duration := min(max(a.GetDurationUs(), 0), maxDurationUS)
	u.Attempts++
	if a.GetOutcome() == OutcomeOK {
		u.OK++
	} else {
		switch a.GetBlame() {
		case "target", "credential", "provider":
			u.Counted++
		}
	}
	u.DurationUS += duration
	u.Latency.Count(duration)
	if first := a.GetFirstTokenUs(); first > 0 {
		u.FirstToken.Count(first)
	}
}

// Add adds what o sums up.
func (u *Attempts) Add(o *Attempts) {
	u.Attempts += o.Attempts
	u.OK += o.OK
	u.Counted += o.Counted
	u.DurationUS += o.DurationUS
	u.Latency.Add(o.Latency)
	u.FirstToken.Add(o.FirstToken)
}

// Subtract takes off what part sums up; part must be of attempts that u sums up too.
func (u *Attempts) Subtract(part *Attempts) {
	u.Attempts -= part.Attempts
	u.OK -= part.OK
	u.Counted -= part.Counted
	u.DurationUS -= part.DurationUS
	u.Latency.subtract(part.Latency)
	u.FirstToken.subtract(part.FirstToken)
}

// Equal reports whether u and o sum up the same.
func (u *Attempts) Equal(o *Attempts) bool {
	return u.Attempts == o.Attempts && u.OK == o.OK && u.Counted == o.Counted && u.DurationUS == o.DurationUS &&
		u.Latency.Equal(o.Latency) && u.FirstToken.Equal(o.FirstToken)
}

// Size is how many attempts are summed up.
func (u *Attempts) Size() int64 { return u.Attempts }
