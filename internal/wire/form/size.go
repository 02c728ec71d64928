package form

// Room is empty memory that a target's request is written into.
func (r *Request) Room() []byte {
	if r.Memory == nil {
		return make([]byte, 0, r.Size())
	}
	return r.Memory(r.Size())
}

// Size is about how many bytes a request is written in, so that writers take memory once.
func (r *Request) Size() int {
	n := 1024 + sizeOf(r.System)
	for i := range r.Items {
		n += 64 + sizeOf(r.Items[i].Blocks)
	}
	for i := range r.Tools {
		n += 160 + len(r.Tools[i].Name) + len(r.Tools[i].Description) + len(r.Tools[i].Schema)
	}
	return n + n/16 // for escapes
}

func sizeOf(blocks []Block) (n int) {
	for i := range blocks {
		b := &blocks[i]
		n += 64 + len(b.Text)
		if b.Media != nil {
			n += len(b.Media.URL) + len(b.Media.Data) + len(b.Media.Text)
		}
		if b.Call != nil {
			n += 96 + len(b.Call.Input)
		}
		if b.Result != nil {
			n += 64 + sizeOf(b.Result.Blocks)
		}
		if b.Opaque != nil {
			n += len(b.Opaque.Raw)
		}
	}
	return n
}
