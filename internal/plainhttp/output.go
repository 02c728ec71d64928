package plainhttp

import (
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/httpfield"
)

// gap is what is left free before the data for what can be said only when its length is known: how the
// answer ends, and how long a chunk is.
const gap = len("Transfer-Encoding: chunked\r\n\r\n") + len("ffffffffffffffff\r\n")

// tail follows the data of a chunk, and at the end of an answer the last chunk follows that.
const tail = "\r\n0\r\n\r\n"

var lineEnds = []byte(tail)

// output is what was written of an answer and is not sent yet: a head, a gap, and data. A head that does
// not fit has memory of its own.
type output struct {
	lent *room
	head []byte // of lent, or longer than that
	data int    // where data begins in lent
	end  int    // and where it ends
}

func (o *output) begin() {
	o.lent = rooms.Get().(*room)
	o.head = o.lent[:0]
}

func (o *output) text(s string)            { o.head = append(o.head, s...) }
func (o *output) bytes(b []byte)           { o.head = append(o.head, b...) }
func (o *output) number(n int64, base int) { o.head = strconv.AppendInt(o.head, n, base) }

// field adds a header field: a line of its own, whatever the value holds.
func (o *output) field(name, value string) {
	o.text(name)
	o.text(": ")
	o.text(oneLine(value))
	o.text("\r\n")
}

func oneLine(value string) string {
	if !httpfield.ValidValue(value) {
		value = strings.NewReplacer("\r", " ", "\n", " ").Replace(value)
	}
	return httpfield.Trim(value)
}

// endHead ends the head, or leaves its end to frameLength and frameChunk. Data comes behind it.
func (o *output) endHead(whole bool) {
	o.data = len(o.head) + gap
	if whole {
		o.text("\r\n")
		o.data = len(o.head)
	}
	if len(o.head)+gap > len(o.lent)/2 { // not in lent, or with little room behind it
		o.data = gap
		o.head = append([]byte(nil), o.head...)
	}
	o.end = o.data
}

// held is how much data there is.
func (o *output) held() int { return o.end - o.data }

// size is how much there is in all.
func (o *output) size() int { return len(o.head) + o.held() }

// add takes data if there is room.
func (o *output) add(b []byte) bool {
	if o.lent == nil {
		if len(b) > roomSize-gap-len(tail) {
			return false
		}
		o.lent = rooms.Get().(*room)
		o.data, o.end = gap, gap
	}
	if len(b) > len(o.lent)-len(tail)-o.end {
		return false
	}
	o.end += copy(o.lent[o.end:], b)
	return true
}

// all is head and data in one piece.
func (o *output) all() []byte {
	switch {
	case len(o.head) == 0:
		return o.lent[o.data:o.end]
	case o.data == len(o.head) && &o.head[0] == &o.lent[0]:
		return o.lent[:o.end]
	case o.held() == 0:
		return o.head
	}
	return append(o.head[:len(o.head):len(o.head)], o.lent[o.data:o.end]...)
}

// frameLength says in the head how long the answer is, which is here as a whole.
func (o *output) frameLength() {
	n := o.held()
	o.text("Content-Length: ")
	o.number(int64(n), 10)
	o.text("\r\n\r\n")
	o.join()
}

// join moves the head to the data, if it is in the same memory.
func (o *output) join() {
	if &o.head[0] != &o.lent[0] {
		return
	}
	at := o.data - len(o.head)
	copy(o.lent[at:], o.head)
	o.head = nil
	o.data = at
}

// frameChunk gives the pieces to send: head, what is held and b as one chunk, and at the end of the answer
// the last chunk.
func (o *output) frameChunk(pieces *[4][]byte, b []byte, first, final bool) (n int) {
	size := o.held() + len(b)
	if o.lent == nil {
		o.lent = rooms.Get().(*room)
		o.data, o.end = gap, gap
	}
	if first {
		o.text("Transfer-Encoding: chunked\r\n\r\n")
	}
	if size > 0 {
		var digits [18]byte
		line := append(strconv.AppendInt(digits[:0], int64(size), 16), "\r\n"...)
		if first {
			o.bytes(line)
		} else {
			o.data -= copy(o.lent[o.data-len(line):], line)
		}
	}
	if first {
		o.join()
	}
	if len(o.head) > 0 {
		pieces[n] = o.head
		n++
	}
	ends := tail
	switch {
	case !final && size > 0:
		ends = tail[:2]
	case !final:
		ends = ""
	case size == 0:
		ends = tail[2:]
	}
	if len(b) == 0 {
		o.end += copy(o.lent[o.end:], ends)
	}
	if o.end > o.data {
		pieces[n] = o.lent[o.data:o.end]
		n++
	}
	if len(b) > 0 {
		pieces[n], pieces[n+1] = b, lineEnds[:len(ends)]
		n += 2
	}
	return n
}

func (o *output) release() {
	if o.lent != nil {
		rooms.Put(o.lent)
	}
	*o = output{}
}
