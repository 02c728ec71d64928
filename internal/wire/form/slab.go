package form

// Slab gives lists of one block each, as most messages are, from memory that is taken for many at once.
type Slab struct{ blocks []Block }

// mostOfASlab is how many blocks are taken memory for at once.
const mostOfASlab = 64

// One is a list of one block.
func (s *Slab) One(b Block) []Block {
	n := len(s.blocks)
	if n == cap(s.blocks) {
		s.blocks, n = make([]Block, 0, min(max(2*n, 2), mostOfASlab)), 0
	}
	s.blocks = append(s.blocks, b)
	return s.blocks[n : n+1 : n+1]
}

// Choose is a list of blocks as take gives each: the same one, another in its place, or nil to leave it out.
// The list itself stays as it is, and is what is given where nothing changes.
func Choose(blocks []Block, take func(*Block) *Block) []Block {
	var kept []Block
	changed := false
	for i := range blocks {
		b := take(&blocks[i])
		if !changed && b == &blocks[i] {
			continue
		}
		if !changed {
			changed = true
			kept = append(make([]Block, 0, len(blocks)), blocks[:i]...)
		}
		if b != nil {
			kept = append(kept, *b)
		}
	}
	if !changed {
		return blocks[:len(blocks):len(blocks)]
	}
	return kept
}
