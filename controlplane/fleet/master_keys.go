package fleet

import "slices"

// Lacking lists, in order, the replicas that live and were not given a master key, as far as this
// replica has heard.
func (f *Fleet) Lacking(keyID string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var lacking []string
	for id, r := range f.state.replicas {
		if id != f.cfg.Replica && f.alive(id) && !slices.Contains(r.keys, keyID) {
			lacking = append(lacking, id)
		}
	}
	slices.Sort(lacking)
	return lacking
}
