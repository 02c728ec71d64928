package dataplane

import "time"

// Refusal is what a target was seen to refuse while another one served the same request.
type Refusal struct {
	Target    Scope
	Endpoint  string // path; empty: all
	Parameter string // field of the request, images, audio, files or developer; empty: the endpoint itself
	Value     string // JSON, the only one that is refused; empty: any
	Caller    string // whose requests are concerned, APIKey.Caller; empty: everybody's
	Since     time.Time
	Until     time.Time
}

// Same reports whether two are about the same.
func (r *Refusal) Same(other *Refusal) bool {
	return r.Target == other.Target && r.Endpoint == other.Endpoint && r.Parameter == other.Parameter && r.Value == other.Value
}
