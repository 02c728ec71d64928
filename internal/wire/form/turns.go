package form

import "slices"

// Merge makes one item of those of a role that follow one another, for dialects in which what one side
// says at once is one message. The items themselves stay as they are.
func Merge(items []Item, roles ...Role) []Item {
	follows := func(i int) bool {
		return i > 0 && items[i].Role == items[i-1].Role && items[i].Name == items[i-1].Name && slices.Contains(roles, items[i].Role)
	}
	first := 1
	for first < len(items) && !follows(first) {
		first++
	}
	if first >= len(items) {
		return items
	}
	merged := slices.Clone(items[:first])
	for i := first; i < len(items); i++ {
		if !follows(i) {
			merged = append(merged, items[i])
			continue
		}
		last := &merged[len(merged)-1]
		if !follows(i - 1) { // the blocks are those of the item itself until now
			last.Blocks = slices.Clip(last.Blocks)
		}
		last.Blocks = append(last.Blocks, items[i].Blocks...)
	}
	return merged
}

// Offered are the tools that may be called: all, or those that the choice allows.
func (r *Request) Offered() []Tool {
	if len(r.ToolChoice.Allowed) == 0 {
		return r.Tools
	}
	allowed := make(map[string]bool, len(r.ToolChoice.Allowed))
	for _, flat := range r.ToolChoice.Allowed {
		allowed[flat] = true
	}
	return slices.DeleteFunc(slices.Clone(r.Tools), func(t Tool) bool {
		return t.Kind != ForeignTool && !allowed[t.Flat]
	})
}

// Called is the call of a tool by the name that the target knows it by.
func (of *Exchange) Called(id, flat string) *Call {
	c := &Call{ID: id, Name: flat}
	if t := of.Request.ByFlat(flat); t != nil {
		c.Namespace, c.Name, c.Custom = t.Namespace, t.Name, t.Kind == Custom
	}
	return c
}
