package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// mediaChunk is one read of audio, and all of it that is held before the commit.
const mediaChunk = 32 << 10

// isMedia reports whether an answer of this type is audio, or may be.
func isMedia(media string) bool {
	return strings.HasPrefix(media, "audio/") || media == "application/ogg" || isGeneric(media)
}

// isGeneric reports whether a type says nothing of what the bytes are; empty: there is none.
func isGeneric(media string) bool {
	switch media {
	case "", "application/octet-stream", "binary/octet-stream", "application/binary", "application/x-binary":
		return true
	}
	return false
}

// media relays audio as it comes. Its first bytes are the commit: what fails before them
// moves on, what ends early behind them cuts the client off.
func (a *answer) media(ctx context.Context) (dataplane.Verdict, bool) {
	buf := make([]byte, mediaChunk)
	n, err := io.ReadAtLeast(a.body, buf, 1)
	if err != nil {
		if errors.Is(err, io.EOF) && ctx.Err() == nil && a.resp.ContentLength <= 0 {
			return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "the answer is empty"}, false
		}
		return readVerdict(ctx, err), false
	}
	c := a.call
	a.record.FirstFrame = c.engine.cfg.Now().Sub(a.started)
	if isGeneric(mediaType(a.resp.Header)) && isDocument(buf[:n]) { // an error without its label
		a.body = io.MultiReader(bytes.NewReader(buf[:n]), a.body)
		return a.plain(ctx)
	}
	if !a.out.claim() {
		return superseded, false
	}
	a.record.FirstToken = max(a.record.FirstFrame, 1)
	a.accept(a.resp.Header)
	c.client.w.Header()["Content-Type"] = []string{safeType(a.resp.Header)}
	if a.resp.ContentLength > 0 && a.resp.Header.Get("Content-Encoding") == "" {
		c.client.w.Header()["Content-Length"] = []string{strconv.FormatInt(a.resp.ContentLength, 10)}
	}
	c.client.w.WriteHeader(http.StatusOK)
	end := a.relay(a.body, buf, n)
	a.record.Usage = c.req.guess(end.sent)
	return a.endRelay(ctx, end)
}

// long commits an answer that is too large to hold and relays the rest.
func (a *answer) long(ctx context.Context, body []byte) (dataplane.Verdict, bool) {
	c := a.call
	start := bytes.TrimLeft(body, " \t\r\n")
	if len(start) == 0 || start[0] != '{' && (start[0] != '[' || a.endpoint.Array == nil) {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "a large answer is not a JSON object"}, false
	}
	if !a.out.claim() {
		a.took(body)
		return superseded, false
	}
	a.record.FirstToken = a.record.FirstFrame
	a.accept(a.resp.Header)
	c.client.w.Header()["Content-Type"] = jsonType
	c.client.w.WriteHeader(http.StatusOK)
	var last wire.Tail
	seen := wire.NewMeter(a.endpoint)
	_, _ = last.Write(body)
	_, _ = seen.Write(body)
	c.client.allowWrite()
	body, n, err := a.sendRenamed(body)
	if err != nil {
		return a.finish(clientVerdict(err)), true
	}
	end := a.relay(io.TeeReader(a.body, io.MultiWriter(&last, seen)), body, n)
	a.record.Usage = c.req.settleLong(&last, seen)
	return a.endRelay(ctx, end)
}

// sendRenamed sends the beginning of an answer up to the last id in it, and gives what follows: n
// bytes, in a buffer that more can be read into.
func (a *answer) sendRenamed(start []byte) (rest []byte, n int, err error) {
	edits := a.ids.renamePlain(start)
	if len(edits) == 0 {
		return start, len(start), nil
	}
	last := edits[len(edits)-1].At.End
	rest, n = start[last:], len(start)-last
	if n < mediaChunk {
		rest = append(make([]byte, 0, mediaChunk), rest...)[:mediaChunk]
	}
	return rest, n, a.call.client.writeSpliced(scan.Splice(start[:last], edits...))
}

// relay writes the n bytes in buf, then what comes, up to maxAnswer. What may be the beginning of a
// secret waits in buf for the rest; of an answer that is cut there, it is not sent at all.
func (a *answer) relay(body io.Reader, buf []byte, n int) (end relayEnd) {
	client, secrets := &a.call.client, a.echoes()
	for {
		secrets.Mask(buf[:n])
		begun := 0
		if !errors.Is(end.read, io.EOF) {
			begun = secrets.Begun(buf[:n])
		}
		if begun == len(buf) { // it is as long as a piece: there is no room for the rest
			begun = 0
		}
		if due := n - begun; due > 0 {
			client.allowWrite()
			if _, end.write = client.w.Write(buf[:due]); end.write == nil {
				end.write = client.rc.Flush()
			}
			if end.sent += int64(due); end.write != nil {
				return end
			}
			if end.sent > maxAnswer {
				end.over = true
				return end
			}
		}
		if end.read != nil {
			return end
		}
		a.clock.phase(dataplane.StreamIdle, a.Policy.StreamIdleTimeout)
		copy(buf, buf[n-begun:n])
		n, end.read = body.Read(buf[begun:])
		n += begun
	}
}

// relayEnd is how a relay ended: read is io.EOF at the end of the body.
type relayEnd struct {
	sent        int64
	read, write error
	over        bool // the limit was met
}

// endRelay closes the record of a relayed answer; unless it is whole, the connection is cut.
func (a *answer) endRelay(ctx context.Context, end relayEnd) (dataplane.Verdict, bool) {
	switch o, ended := stopped(ctx); {
	case end.write != nil:
		return a.finish(clientVerdict(end.write)), true
	case end.over:
		a.finish(dataplane.Verdict{Outcome: dataplane.TooLarge, Reason: "the answer is larger than 64 MiB"})
	case errors.Is(end.read, io.EOF):
		return a.finish(dataplane.Verdict{Outcome: dataplane.OK}), true
	case ended:
		a.finish(dataplane.Verdict{Outcome: o})
	default:
		a.finish(dataplane.Verdict{Outcome: dataplane.StreamCut, Reason: "the answer ended early"})
	}
	abort()
	return dataplane.Verdict{}, true
}

// safeType is an upstream's content type, rewritten.
func safeType(h http.Header) string {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return "application/octet-stream"
	}
	if text := mime.FormatMediaType(media, params); text != "" {
		return text
	}
	return media
}
