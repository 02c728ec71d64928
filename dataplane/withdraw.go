package dataplane

// Withdraw returns the snapshot as it is without the secrets that are refused: a copy that
// shares all the rest.
func (s *Snapshot) Withdraw(refused Refused) *Snapshot {
	c := *s
	c.refused = refused
	return &c
}

// Cut reports whether calls that run with the key shall be ended.
func (s *Snapshot) Cut(k *APIKey) bool { return s.refused[k.hash] }
