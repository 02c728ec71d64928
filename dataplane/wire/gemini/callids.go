package gemini

import (
	"fmt"
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane/wire/form"
)

// callIDs give calls and their results ids that belong together. Here neither must have one: results name the function, and
// come in the order of its calls. Some clients give results ids that their calls have not.
type callIDs struct {
	known   map[string]bool     // ids of all calls
	waiting map[string][]string // ids of calls without a result, by their function
	called  map[string]int      // how often each function was called
}

// call is the id of a call; given may be empty.
func (c *callIDs) call(tool, given string) string {
	id := given
	for n := c.called[tool]; id == "" || given == "" && c.known[id]; n++ {
		id = fmt.Sprintf("call_%s_%d", form.Fit(tool, 48), n)
	}
	c.called[tool]++
	c.known[id] = true
	c.waiting[tool] = append(c.waiting[tool], id)
	return id
}

// result is the id of the call that a result is of.
func (c *callIDs) result(tool, given string) string {
	waiting := c.waiting[tool]
	at := slices.Index(waiting, given)
	switch {
	case at >= 0:
	case c.known[given] || len(waiting) == 0:
		return given
	default:
		at = 0
	}
	id := waiting[at]
	c.waiting[tool] = slices.Delete(waiting, at, at+1)
	return id
}
