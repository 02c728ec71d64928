package proxy

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
)

// mediaChunk is one read of audio, and all of it that is held before the commit.
const mediaChunk = 32 << 10

// isMedia reports whether an answer of this type is audio.
func isMedia(media string) bool {
	return strings.HasPrefix(media, "audio/") || media == "application/octet-stream"
}

// media relays audio as it comes. Its first bytes are the commit: what fails before them
// moves on, what ends early behind them cuts the client off.
func (a *attempt) media(ctx context.Context, resp *http.Response, body io.Reader) (dataplane.Verdict, bool) {
	buf := make([]byte, mediaChunk)
	n, err := io.ReadAtLeast(body, buf, 1)
	if err != nil {
		if errors.Is(err, io.EOF) && ctx.Err() == nil && resp.ContentLength <= 0 {
			return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "the answer is empty"}, false
		}
		return readVerdict(ctx, err), false
	}
	a.record.FirstFrame = a.call.h.cfg.Now().Sub(a.started)
	if mediaType(resp.Header) == "application/octet-stream" && buf[0] == '{' { // an error without its label
		return a.plain(ctx, resp, io.MultiReader(bytes.NewReader(buf[:n]), body))
	}
	a.record.FirstToken = max(a.record.FirstFrame, 1)
	a.accept(resp.Header)
	c := a.call
	c.w.Header()["Content-Type"] = []string{safeType(resp.Header)}
	if resp.ContentLength > 0 && resp.Header.Get("Content-Encoding") == "" {
		c.w.Header()["Content-Length"] = []string{strconv.FormatInt(resp.ContentLength, 10)}
	}
	c.w.WriteHeader(http.StatusOK)
	end := a.relay(body, buf, n)
	a.record.Usage = a.estimate(int(end.sent))
	return a.endRelay(ctx, end)
}

// relay writes the n bytes in buf, then what comes, up to maxAnswer.
func (a *attempt) relay(body io.Reader, buf []byte, n int) (end relayEnd) {
	rc := http.NewResponseController(a.call.w)
	for {
		if n > 0 {
			a.call.allowWrite(rc)
			if _, end.write = a.call.w.Write(buf[:n]); end.write == nil {
				end.write = rc.Flush()
			}
			if end.sent += int64(n); end.write != nil {
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
		n, end.read = body.Read(buf)
	}
}

// relayEnd is how a relay ended: read is io.EOF at the end of the body.
type relayEnd struct {
	sent        int64
	read, write error
	over        bool // the limit was met
}

// endRelay closes the record of a relayed answer; unless it is whole, the connection is cut.
func (a *attempt) endRelay(ctx context.Context, end relayEnd) (dataplane.Verdict, bool) {
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
	a.call.abort()
	return dataplane.Verdict{}, true
}

// safeType is an upstream's content type, written anew.
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

// isText reports whether an answer of this type is text that need not be JSON.
func isText(media string) bool {
	return media == "text/plain" || media == "text/vtt" || media == "text/srt" || media == "application/x-subrip"
}

// plainText accepts a transcript that is no JSON: subtitles, or nothing but the text.
func (a *attempt) plainText(body []byte) (dataplane.Verdict, bool) {
	start := bytes.ToLower(bytes.TrimSpace(body)[:min(len(bytes.TrimSpace(body)), 16)])
	if bytes.HasPrefix(start, []byte("<!doctype")) || bytes.HasPrefix(start, []byte("<html")) {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "the answer is a web page"}, false
	}
	if k := a.keyword(body, a.Keywords.Answer); k != nil {
		return keywordVerdict(k), false
	}
	return dataplane.Verdict{}, true
}
