package limits

import "github.com/trunkline-ai/trunkline/dataplane"

// Acquire asks to make one call and for what it will use, as a request does whose body is there
// at once.
func (l *Limiter) Acquire(key *dataplane.APIKey, want dataplane.Estimate) (dataplane.Lease, dataplane.Quotas, *dataplane.Denial) {
	lease, quotas, denial := l.Begin(key)
	if denial != nil {
		return nil, quotas, denial
	}
	want.Least = max(want.Least, want.Tokens)
	if quotas, denial = lease.Reserve(want); denial != nil {
		lease.Cancel()
		return nil, l.Look(key), denial
	}
	return lease, quotas, nil
}
