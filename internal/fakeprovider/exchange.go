package fakeprovider

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

var (
	errLeft  = errors.New("the client left")
	errFault = errors.New("the connection was ended on purpose")
)

// exchange plays frames to one client and keeps count.
type exchange struct {
	w       http.ResponseWriter
	control *http.ResponseController

	status int
	bytes  int
	events int
}

// play sends the headers and the frames, and ends the connection where the ending says.
// ctx is the request's: it is done when the client leaves.
func (x *exchange) play(ctx context.Context, status int, frames []frame, end ending, flush bool) error {
	if end.fault != faultNone && !end.events && end.at == 0 {
		return x.fail(ctx, end.fault)
	}
	x.w.WriteHeader(status)
	x.status = status
	if flush {
		if err := x.control.Flush(); err != nil {
			return errLeft
		}
	}
	for _, f := range frames {
		if end.fault != faultNone && end.events && x.events >= end.at {
			return x.fail(ctx, end.fault)
		}
		if err := x.sleep(ctx, f.wait); err != nil {
			return err
		}
		data, last := f.data, false
		if end.fault != faultNone && !end.events && x.bytes+len(data) >= end.at {
			data, last = data[:end.at-x.bytes], true
		}
		n, err := x.w.Write(data)
		x.bytes += n
		if err == nil && flush {
			err = x.control.Flush()
		}
		switch {
		case err != nil:
			return errLeft
		case last:
			return x.fail(ctx, end.fault)
		case f.event:
			x.events++
		}
	}
	return nil
}

// sleep waits, unless the client leaves first.
func (x *exchange) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errLeft
	}
}

// fail does the fault. Whatever it is, no further byte is sent.
func (x *exchange) fail(ctx context.Context, f fault) error {
	if x.status != 0 {
		_ = x.control.Flush() // what was written must arrive first
	}
	if f == faultStall {
		<-ctx.Done()
		return errLeft
	}
	conn, _, err := x.control.Hijack()
	if err != nil {
		return errFault // HTTP/2: the server resets the stream when the handler aborts
	}
	if tcp, ok := rawConn(conn).(*net.TCPConn); ok && f == faultReset {
		_ = tcp.SetLinger(0) // close sends RST
	}
	_ = rawConn(conn).Close()
	return errFault
}

// rawConn looks below TLS, whose Close would say goodbye.
func rawConn(conn net.Conn) net.Conn {
	if c, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return c.NetConn()
	}
	return conn
}

// compress makes a gzip body of the frames; each can be read as soon as it was sent.
func compress(frames []frame) []frame {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	out := make([]frame, 0, len(frames)+1)
	for _, f := range frames {
		_, _ = z.Write(f.data) // to memory
		_ = z.Flush()
		f.data = bytes.Clone(b.Bytes())
		b.Reset()
		out = append(out, f)
	}
	_ = z.Close()
	return append(out, frame{data: bytes.Clone(b.Bytes())})
}

func size(frames []frame) int {
	n := 0
	for _, f := range frames {
		n += len(f.data)
	}
	return n
}
