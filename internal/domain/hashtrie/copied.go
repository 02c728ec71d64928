package hashtrie

import "reflect"

// CopiedBy is about how many bytes a change of n keys copies: what a map that is kept holds for itself
// beside the one after the change, without what its values point at.
func (m Map[V]) CopiedBy(n int) int {
	if n == 0 {
		return 0
	}
	perBucket := m.count/(fan*fan) + 1
	pair := len(Key{}) + int(reflect.TypeFor[V]().Size())
	buckets := min(n, fan*fan) * (int(reflect.TypeFor[bucket[V]]().Size()) + perBucket*pair)
	return fan*8 + min(n, fan)*int(reflect.TypeFor[branch[V]]().Size()) + buckets
}
