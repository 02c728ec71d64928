package http1

import (
	"bytes"
	"errors"
	"io"
)

// chunked takes a chunked body apart. It reads no further than to the last chunk's line:
// the trailer is left to the exchange.
type chunked struct {
	in   *input
	left int64 // of the present chunk's data
	tail bool  // the line end behind the data is to come
	// waste counts what is no data: chunk extensions and needlessly many chunks are how an
	// upstream would keep us busy with nothing.
	waste int64
}

// maxWaste is what may come beyond 16 bytes, and the size of its data, for each chunk.
const maxWaste = 16 << 10

// Read gives data of as many chunks as are here, and waits only for the first bytes.
func (c *chunked) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if n > 0 && !c.here() {
			return n, nil
		}
		if c.left == 0 {
			if err := c.next(); err != nil {
				return n, err
			}
			continue
		}
		k, err := c.in.Read(p[n:min(int64(len(p)), int64(n)+c.left)])
		n += k
		if err != nil {
			return n, unexpected(err)
		}
		if c.left -= int64(k); c.left > 0 {
			continue
		}
		c.tail = true
		if c.in.unread() >= 2 { // left behind, it would keep the buffer while the stream is quiet
			if err := c.end(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// await waits until Read has something to give.
func (c *chunked) await() {
	for !c.here() {
		if c.in.more() != nil {
			return
		}
	}
}

// end takes the line end behind a chunk's data.
func (c *chunked) end() error {
	line, err := c.in.line()
	if err != nil {
		return unexpected(err)
	}
	if string(line) != "\r\n" {
		return errMalformed("chunk without an end")
	}
	c.tail = false
	return nil
}

// here reports whether the next step needs nothing that has not come yet.
func (c *chunked) here() bool {
	rest := c.in.buf[c.in.r:c.in.w]
	if c.left > 0 {
		return len(rest) > 0
	}
	if c.tail {
		rest = rest[min(2, len(rest)):]
	}
	return bytes.IndexByte(rest, '\n') >= 0
}

// next goes on to the next chunk's data; io.EOF: there is none.
func (c *chunked) next() error {
	if c.tail {
		if err := c.end(); err != nil {
			return err
		}
	}
	line, err := c.in.line()
	if err != nil {
		return unexpected(err)
	}
	if c.left, err = chunkSize(line); err != nil {
		return err
	}
	c.waste = max(c.waste+int64(len(line))-16-2*c.left, 0)
	switch {
	case c.waste > maxWaste:
		return errMalformed("chunks of little but overhead")
	case c.left == 0:
		return io.EOF
	}
	return nil
}

// chunkSize reads the line before a chunk. A bare LF ends no such line and a bare CR is no
// part of one: others could see its end elsewhere.
func chunkSize(line []byte) (n int64, err error) {
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || bytes.IndexByte(text, '\r') >= 0 {
		return 0, errMalformed("chunk line")
	}
	text, _, _ = bytes.Cut(text, []byte(";")) // extensions mean nothing to us
	text = bytes.TrimRight(text, " \t")
	if len(text) == 0 || len(text) > 15 {
		return 0, errMalformed("chunk size")
	}
	for _, b := range text {
		var digit byte
		switch {
		case b >= '0' && b <= '9':
			digit = b - '0'
		case b >= 'a' && b <= 'f':
			digit = b - 'a' + 10
		case b >= 'A' && b <= 'F':
			digit = b - 'A' + 10
		default:
			return 0, errMalformed("chunk size")
		}
		n = n<<4 | int64(digit)
	}
	return n, nil
}

// unexpected says that the end of the connection is not the end of the body.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
