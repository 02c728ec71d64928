package keyword

// window is how much of a text that comes in pieces patterns look back at, in bytes.
const window = 4 << 10

// Watch looks for keywords in a text that comes in pieces, across their borders. A keyword
// is found wherever it is; a pattern only within the last 4 KiB. It belongs to one goroutine.
type Watch struct {
	matchers []*Matcher
	matched  []int // by each keyword at the end of the text so far, in runes
	found    []bool
	patterns bool
	recent   []byte // kept for patterns only
}

// NewWatch returns a watch that has seen nothing yet.
func NewWatch(matchers []*Matcher) *Watch {
	w := &Watch{matchers: matchers, matched: make([]int, len(matchers)), found: make([]bool, len(matchers))}
	for _, m := range matchers {
		w.patterns = w.patterns || m.pattern != nil
	}
	return w
}

// Add goes on with the next piece and calls hit with the index of each matcher that is
// found for the first time.
func (w *Watch) Add(piece string, hit func(i int)) {
	var recent string
	if w.patterns {
		recent = w.keep(piece)
	}
	for i, m := range w.matchers {
		if w.found[i] {
			continue
		}
		if m.pattern != nil {
			w.found[i] = m.pattern.MatchString(recent)
		} else {
			w.matched[i], w.found[i] = m.text.scan(w.matched[i], piece)
		}
		if w.found[i] {
			hit(i)
		}
	}
}

// keep adds a piece to what patterns see: all of the piece, and what is left of the window
// before it.
func (w *Watch) keep(piece string) string {
	if over := len(w.recent) + len(piece) - window; over > 0 {
		w.recent = append(w.recent[:0], w.recent[min(over, len(w.recent)):]...)
	}
	w.recent = append(w.recent, piece...)
	text := string(w.recent)
	if over := len(w.recent) - window; over > 0 {
		w.recent = append(w.recent[:0], w.recent[over:]...)
	}
	return text
}
