package gemini

import (
	"strconv"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// callIDs give calls and their results ids that belong together. Here neither must have one: results name the function, and
// come in the order of its calls. Some clients give results ids that their calls have not.
// A client may send as many calls as it likes, with any ids: nothing here looks at all earlier ones for each.
type callIDs struct {
	known   map[string]bool   // ids of all calls
	waiting map[string]*queue // calls without a result, by their function
	next    map[string]int    // the number that the next id of a function gets, by what ids say of its name
}

// queue are the calls of one function, in their order.
type queue struct {
	ids   []string
	head  int            // of those before, each has its result
	open  map[string]int // how many calls of an id have no result
	ahead map[string]int // how many from head on have theirs
}

func newCallIDs() callIDs {
	return callIDs{known: map[string]bool{}, waiting: map[string]*queue{}, next: map[string]int{}}
}

// call is the id of a call; given may be empty.
func (c *callIDs) call(tool, given string) string {
	id := given
	if given == "" {
		id = c.free(form.Fit(tool, 48))
	}
	c.known[id] = true
	q := c.waiting[tool]
	if q == nil {
		q = &queue{open: map[string]int{}, ahead: map[string]int{}}
		c.waiting[tool] = q
	}
	q.ids = append(q.ids, id)
	q.open[id]++
	return id
}

// free makes an id that no call has. Numbers that were tried are not tried again.
func (c *callIDs) free(tool string) string {
	for {
		id := "call_" + tool + "_" + strconv.Itoa(c.next[tool])
		c.next[tool]++
		if !c.known[id] {
			return id
		}
	}
}

// result is the id of the call that a result is of.
func (c *callIDs) result(tool, given string) string {
	q := c.waiting[tool]
	switch {
	case q == nil:
		return given
	case q.open[given] > 0:
		q.open[given]--
		q.ahead[given]++
		return given
	case c.known[given]:
		return given
	}
	for q.head < len(q.ids) {
		id := q.ids[q.head]
		q.head++
		if q.ahead[id] > 0 {
			q.ahead[id]--
			continue
		}
		q.open[id]--
		return id
	}
	return given
}
