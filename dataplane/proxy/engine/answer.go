package engine

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/internal/httpfield"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// Bounds on what an attempt reads before it decides.
const (
	maxErrorBody = 64 << 10 // of an error answer
	maxHeld      = 2 << 20  // of a plain answer; beyond it we commit and stream on
	maxConverted = 32 << 20 // of a plain answer that is to become a stream, or to be translated
	maxAnswer    = 64 << 20 // of a plain answer altogether
)

// answer is what an attempt got back, other than a stream.
type answer struct {
	*attempt
	resp *http.Response
	body io.Reader // decompressed
}

// receive decides from status, type and body whether this is the client's answer, and if
// so sends it.
func (a *attempt) receive(ctx context.Context, resp *http.Response) (dataplane.Verdict, bool) {
	body, err := decoded(resp)
	got := answer{attempt: a, resp: resp, body: body}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		if err != nil {
			got.body = http.NoBody // its status says enough
		}
		return got.refused(ctx), false
	}
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: err.Error()}, false
	}
	req, media := a.call.req, mediaType(resp.Header)
	isStream := media == "text/event-stream"
	if req.Stream && !isStream {
		got.body, isStream = sniffStream(body)
		body = got.body
	}
	switch {
	case isStream && req.Stream:
		return a.stream(ctx, resp, body)
	case isStream:
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "a stream came although none was asked for"}, false
	case a.endpoint.Media && isMedia(media):
		return got.media(ctx)
	}
	return got.plain(ctx)
}

// refused classifies an answer that is no success.
func (a *answer) refused(ctx context.Context) dataplane.Verdict {
	text, err := io.ReadAll(io.LimitReader(a.body, maxErrorBody))
	if o, ok := stopped(ctx); ok && err != nil {
		return dataplane.Verdict{Outcome: o}
	}
	text = classify.Scrub(text, a.secrets())
	a.errorBody = text // what came of it is enough to classify it
	v := classify.Status(a.resp.StatusCode, a.resp.Header, text, a.Model, a.call.engine.cfg.Now())
	if k := a.keywords.in(text, a.Keywords.Error); k != nil {
		return keywordInError(k, v)
	}
	return v
}

// decoded undoes the compression that an upstream used although we asked for none.
func decoded(resp *http.Response) (io.Reader, error) {
	switch e := strings.ToLower(httpfield.Get(resp.Header, "Content-Encoding")); e {
	case "", "identity":
		return resp.Body, nil
	case "gzip":
		r, err := gzip.NewReader(resp.Body)
		if err != nil {
			return nil, fmt.Errorf("gzip body: %w", err)
		}
		return r, nil
	default:
		return nil, fmt.Errorf("unexpected content-encoding %.20q", e)
	}
}

func mediaType(h http.Header) string {
	switch t := httpfield.Get(h, "Content-Type"); t { // as nearly everyone writes it
	case "application/json", "text/event-stream":
		return t
	case "application/json; charset=utf-8":
		return "application/json"
	case "text/event-stream; charset=utf-8":
		return "text/event-stream"
	}
	t, _, err := mime.ParseMediaType(httpfield.Get(h, "Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// readVerdict classifies an answer whose body ended with an error before the commit.
func readVerdict(ctx context.Context, err error) dataplane.Verdict {
	if o, ok := stopped(ctx); ok {
		return dataplane.Verdict{Outcome: o}
	}
	if errors.Is(err, sse.ErrTooLarge) {
		return dataplane.Verdict{Outcome: dataplane.TooLarge, Reason: err.Error()}
	}
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: err.Error()}
	}
	return dataplane.Verdict{Outcome: dataplane.Truncated, Reason: "the answer ended early"}
}
