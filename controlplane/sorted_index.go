package controlplane

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"
)

// editedAtOnce is up to how many changes of a kind are made in its order; more sort again.
const editedAtOnce = 256

// sortedIndex is the resources of one kind in name order. It is made when somebody asks first, and
// handed on from one configuration to the next: sorting a hundred thousand keys takes longer
// than all else that a page of them needs.
type sortedIndex struct{ list atomic.Pointer[[]*Resource] }

// of returns the resources in name order. Who asks at the same moment may both sort.
func (o *sortedIndex) of(resources map[string]*Resource) []*Resource {
	if list := o.list.Load(); list != nil {
		return *list
	}
	list := slices.SortedFunc(maps.Values(resources), func(a, b *Resource) int { return strings.Compare(a.Name, b.Name) })
	o.list.Store(&list)
	return list
}

// after is the index when the resources of some names have become others, or have gone.
func (o *sortedIndex) after(names, resources map[string]*Resource) *sortedIndex {
	next := &sortedIndex{}
	old := o.list.Load()
	if old == nil || len(names) > editedAtOnce {
		return next
	}
	list := slices.Clone(*old)
	for name := range names {
		at, there := slices.BinarySearchFunc(list, name, func(r *Resource, name string) int { return strings.Compare(r.Name, name) })
		switch r := resources[name]; {
		case r != nil && there:
			list[at] = r
		case r != nil:
			list = slices.Insert(list, at, r)
		case there:
			list = slices.Delete(list, at, at+1)
		}
	}
	next.list.Store(&list)
	return next
}
