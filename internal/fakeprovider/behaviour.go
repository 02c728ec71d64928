package fakeprovider

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// behaviour is one line of the table: how it is written and what it does to the script.
type behaviour struct {
	name    string // what its written form starts with
	example string
	about   string
	// apply reads the rest of the written form, without the dash, and changes the script.
	apply func(s *script, arg string) error
}

// step is a behaviour of one model name, with its gate.
type step struct {
	behaviour *behaviour
	arg       string
	gate      string // after, times, every, or empty
	n         int
}

// gateForm takes a written behaviour apart; retry-after-N is no gate.
var gateForm = regexp.MustCompile(`^(.+)-(after|times|every)-(\d{1,9})$`)

// parse reads a model name.
func parse(model string) ([]step, error) {
	name, _, _ := strings.Cut(model, "@")
	var steps []step
	for written := range strings.SplitSeq(name, "+") {
		st, err := parseStep(written)
		if err != nil {
			return nil, err
		}
		steps = append(steps, st)
	}
	return steps, nil
}

func parseStep(written string) (step, error) {
	st := step{}
	if m := gateForm.FindStringSubmatch(written); m != nil && (m[2] != "after" || !strings.HasSuffix(m[1], "-retry")) {
		n, err := strconv.Atoi(m[3])
		if err != nil || n == 0 && m[2] == "every" {
			return step{}, fmt.Errorf("behaviour %q: bad gate", written)
		}
		written, st.gate, st.n = m[1], m[2], n
	}
	for i := range behaviours {
		b := &behaviours[i]
		if rest, ok := strings.CutPrefix(written, b.name); ok && (rest == "" || rest[0] == '-') && (st.behaviour == nil || len(b.name) > len(st.behaviour.name)) {
			st.behaviour, st.arg = b, strings.TrimPrefix(rest, "-")
		}
	}
	if st.behaviour == nil {
		return step{}, fmt.Errorf("no behaviour %q", written)
	}
	if err := st.behaviour.apply(newScript(), st.arg); err != nil {
		return step{}, fmt.Errorf("behaviour %q: %w", written, err)
	}
	return st, nil
}

// applies reports whether the step acts on the nth call, counted from 1.
func (st step) applies(nth int) bool {
	switch st.gate {
	case "after":
		return nth > st.n
	case "times":
		return nth <= st.n
	case "every":
		return nth%st.n == 0
	}
	return true
}

// scriptFor composes the script of the nth call.
func scriptFor(steps []step, nth int) *script {
	s := newScript()
	for _, st := range steps {
		if st.applies(nth) {
			_ = st.behaviour.apply(s, st.arg) // parse has tried it
		}
	}
	return s
}

// flag makes a behaviour without an argument.
func flag(set func(*script)) func(*script, string) error {
	return func(s *script, arg string) error {
		if arg != "" {
			return fmt.Errorf("takes no argument, got %q", arg)
		}
		set(s)
		return nil
	}
}

// duration makes a behaviour whose argument is a time of up to an hour.
func duration(set func(*script, time.Duration)) func(*script, string) error {
	return func(s *script, arg string) error {
		d, err := time.ParseDuration(arg)
		if err != nil || d < 0 || d > time.Hour {
			return fmt.Errorf("want a time from 0s to 1h, got %q", arg)
		}
		set(s, d)
		return nil
	}
}

// count makes a behaviour whose argument is a number from low to high.
func count(low, high int, set func(*script, int)) func(*script, string) error {
	return func(s *script, arg string) error {
		n, err := strconv.Atoi(arg)
		if err != nil || n < low || n > high {
			return fmt.Errorf("want a number from %d to %d, got %q", low, high, arg)
		}
		set(s, n)
		return nil
	}
}

// position makes a behaviour that ends the connection at a byte or, in its -events form,
// at an event.
func position(f fault, events bool) func(*script, string) error {
	return count(0, 1<<30, func(s *script, n int) { s.end = ending{fault: f, events: events, at: n} })
}
