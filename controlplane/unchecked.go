package controlplane

import (
	"iter"
	"slices"
)

// IsValid reports whether the configuration was found valid.
func (c *Config) IsValid() bool { return c.valid.Load() }

// MarkValid notes that the configuration was found valid: of those made from it, only what differs is checked.
func (c *Config) MarkValid() { c.valid.Store(true) }

// Changed reports whether documents of one of the kinds may differ from those checked last.
func (c *Config) Changed(kinds ...Kind) bool {
	return !c.trusted || slices.ContainsFunc(kinds, func(k Kind) bool { return len(c.dirty[k]) > 0 })
}

// Checked returns the document of a name as it was when it was checked last, nil if there was none then or if nothing
// was checked yet.
func (c *Config) Checked(kind Kind, name string) *Resource {
	if !c.trusted {
		return nil
	}
	if before, differs := c.dirty[kind][name]; differs {
		return before
	}
	return c.resources[kind][name]
}

// Unchecked gives the documents of a kind that were not checked yet, in no order.
func (c *Config) Unchecked(kind Kind) iter.Seq[*Resource] {
	if !c.trusted {
		return c.All(kind)
	}
	return func(yield func(*Resource) bool) {
		for name := range c.dirty[kind] {
			if r, ok := c.resources[kind][name]; ok && !yield(r) {
				return
			}
		}
	}
}
