package scan

// Cutter makes the edits that leave some members of an object, or elements of an array, out,
// with the commas that go with them. Each is told in its order, by Keep or by Cut.
type Cutter struct {
	Edits []Edit

	kept  int
	start int // of the first, while nothing is kept
	end   int // of the last one told
	cut   int
}

// Keep tells of one that stays.
func (c *Cutter) Keep(at Span) {
	if c.kept == 0 && c.cut > 0 {
		c.Edits = append(c.Edits, Edit{At: Span{c.start, at.Start}})
	}
	c.kept++
	c.end = at.End
}

// Cut tells of one that goes.
func (c *Cutter) Cut(at Span) {
	c.cut++
	if c.kept == 0 {
		if c.cut == 1 {
			c.start = at.Start
		}
		c.end = at.End
		return
	}
	if n := len(c.Edits); n > 0 && c.Edits[n-1].At.End == c.end && len(c.Edits[n-1].With) == 0 && c.Edits[n-1].At.Start < c.end {
		c.Edits[n-1].At.End = at.End
	} else {
		c.Edits = append(c.Edits, Edit{At: Span{c.end, at.End}})
	}
	c.end = at.End
}

// End is called behind the last one.
func (c *Cutter) End() {
	if c.kept == 0 && c.cut > 0 {
		c.Edits = append(c.Edits, Edit{At: Span{c.start, c.end}})
	}
}

// Kept is how many stay.
func (c *Cutter) Kept() int { return c.kept }

// Cuts is how many go.
func (c *Cutter) Cuts() int { return c.cut }
