package cases

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// answer is what the client got.
type answer struct {
	status     int
	header     http.Header
	body       []byte
	cut        bool
	took       float64 // seconds, as the others
	firstEvent float64 // below 0: none came
	silence    float64
	call       any // its record
}

// send sends one request and notes when its answer came.
func (g *gateway) send(ctx context.Context, q request) *answer {
	g.t.Helper()
	r, err := http.NewRequestWithContext(ctx, q.Method, g.url+q.Path, strings.NewReader(q.text()))
	if err != nil {
		g.t.Fatal(err)
	}
	for name, value := range q.Headers {
		r.Header.Set(name, value)
	}
	began := time.Now()
	resp, err := g.http.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	a := &answer{status: resp.StatusCode, header: resp.Header, firstEvent: -1}
	last, piece := time.Now(), make([]byte, 64<<10)
	for {
		n, err := resp.Body.Read(piece)
		now := time.Now()
		if n > 0 {
			a.silence = max(a.silence, now.Sub(last).Seconds())
			last = now
			a.body = append(a.body, piece[:n]...)
			if a.firstEvent < 0 && len(dataLines(a.body)) > 0 {
				a.firstEvent = now.Sub(began).Seconds()
			}
		}
		if err != nil {
			a.cut = err != io.EOF //nolint:errorlint // Read returns it bare
			a.took = now.Sub(began).Seconds()
			return a
		}
	}
}

// dataLines are the events of a stream, without comments.
func dataLines(body []byte) (all []string) {
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		if data, found := bytes.CutPrefix(line, []byte("data:")); found {
			all = append(all, string(bytes.TrimSpace(data)))
		}
	}
	return all
}

// want is what is checked of an answer, or of the output of a program.
type want struct {
	Status           any
	Headers          map[string]any
	BodyHas          []string       `json:"body_has"`
	BodyLacks        []string       `json:"body_lacks"`
	BodyIs           string         `json:"body_is"`
	BodySize         any            `json:"body_size"`
	EventsAre        string         `json:"events_are"`
	JSON             map[string]any `json:"json"`
	Whole            bool
	Within           float64
	FirstEventWithin float64 `json:"first_event_within"`
	MaxSilence       float64 `json:"max_silence"`

	Provider     any
	Outcome      any
	ErrorCode    any `json:"error_code"`
	Attempts     []map[string]any
	AttemptsMade any `json:"attempts_made"`
	Usage        map[string]any
	Cost         any

	Exit        any
	OutputHas   []string `json:"output_has"`
	OutputLacks []string `json:"output_lacks"`
	WithLog     bool     `json:"with_log"`

	AnyOf []want `json:"any_of"`
}

// check is what is wrong with something, in words.
type check struct {
	r     *run
	name  string
	wrong []string
}

func (c *check) fail(what string, got, want any) {
	c.wrong = append(c.wrong, c.name+what+" came "+show(got)+", should be "+show(want))
}

// want compares a value with what is wanted of it; nil: nothing is.
func (c *check) want(what string, want, got any) {
	if want != nil && !fits(want, got) {
		c.fail(what, got, want)
	}
}

// anyOf wants one of several results.
func (c *check) anyOf(all []want, try func(*check, *want)) {
	var reasons []string
	for i := range all {
		one := check{r: c.r, name: c.name}
		if try(&one, &all[i]); len(one.wrong) == 0 {
			return
		}
		reasons = append(reasons, strings.Join(one.wrong, "; "))
	}
	if len(all) > 0 {
		c.wrong = append(c.wrong, c.name+"none of the allowed results: "+strings.Join(reasons, " | "))
	}
}

// answer checks one answer and the record of its call.
func (c *check) answer(w *want, a *answer) {
	c.anyOf(w.AnyOf, func(one *check, w *want) { one.answer(w, a) })
	c.want("status", w.Status, a.status)
	for name, value := range w.Headers {
		c.want("header "+name, value, a.header.Get(name))
	}
	c.contents(w, a)
	for path, value := range w.JSON {
		c.want("the body's "+path, value, at(decoded(string(a.body)), path))
	}
	if w.Whole && a.cut {
		c.fail("the body", "cut off", "whole")
	}
	if w.FirstEventWithin > 0 && (a.firstEvent < 0 || a.firstEvent > w.FirstEventWithin) {
		c.fail("the first event's time in s", a.firstEvent, w.FirstEventWithin)
	}
	if w.Within > 0 && a.took > w.Within {
		c.fail("the time in s", a.took, w.Within)
	}
	if w.MaxSilence > 0 && a.silence > w.MaxSilence {
		c.fail("the silence in s", a.silence, w.MaxSilence)
	}
	c.record(w, a)
}

func (c *check) contents(w *want, a *answer) {
	for _, s := range w.BodyHas {
		if !bytes.Contains(a.body, []byte(s)) {
			c.fail("the body", a.body, "containing "+s)
		}
	}
	for _, s := range w.BodyLacks {
		if bytes.Contains(a.body, []byte(s)) {
			c.fail("the body", a.body, "without "+s)
		}
	}
	c.want("the body's size", w.BodySize, len(a.body))
	if w.BodyIs != "" && !bytes.Equal(a.body, c.r.rawBody(w.BodyIs)) {
		c.fail("the body", a.body, "the bytes of "+w.BodyIs)
	}
	if w.EventsAre != "" {
		if got, want := dataLines(a.body), dataLines(c.r.rawBody(w.EventsAre)); strings.Join(got, "\n") != strings.Join(want, "\n") {
			c.fail("the events", strings.Join(got, " / "), "those of "+w.EventsAre)
		}
	}
}

// usageNames are the names that records have for what cases call so.
var usageNames = map[string]string{"input": "inputTokens", "cached": "cachedInputTokens", "cache_write": "cacheWriteTokens", "output": "outputTokens", "source": "source"}

// unset is what a record leaves out.
var unset = map[string]any{"status": 0, "maybeBilled": false, "lastResort": false, "cost": "0", "source": "none"}

func (c *check) record(w *want, a *answer) {
	if w.Provider == nil && w.Outcome == nil && w.ErrorCode == nil && w.Attempts == nil && w.AttemptsMade == nil && w.Usage == nil && w.Cost == nil {
		return
	}
	if a.call == nil {
		c.wrong = append(c.wrong, c.name+"there is no record of the call: "+show(a.body))
		return
	}
	c.want("provider", w.Provider, orElse(at(a.call, "provider"), ""))
	c.want("outcome", w.Outcome, orElse(at(a.call, "outcome"), ""))
	c.want("error code", w.ErrorCode, orElse(at(a.call, "errorCode"), ""))
	c.want("cost", w.Cost, orElse(at(a.call, "cost"), unset["cost"]))
	for name, value := range w.Usage {
		field, known := usageNames[name]
		if !known {
			c.r.t.Fatalf("expect.json: unknown usage %s", name)
		}
		c.want("usage "+name, value, orElse(at(a.call, "usage."+field), orElse(unset[name], 0)))
	}
	attempts, _ := at(a.call, "attempts").([]any)
	c.want("the number of attempts", w.AttemptsMade, len(attempts))
	if w.Attempts == nil {
		return
	}
	if len(attempts) != len(w.Attempts) {
		c.fail("the attempts", attempts, w.Attempts)
		return
	}
	for i, want := range w.Attempts {
		for name, value := range want {
			c.want("an attempt's "+name, value, orElse(at(attempts[i], name), orElse(unset[name], "")))
		}
	}
}

func orElse(v, other any) any {
	if v == nil {
		return other
	}
	return v
}

// rawBody is the body of a file that the upstream answers with.
func (r *run) rawBody(file string) []byte {
	raw, err := os.ReadFile(filepath.Join(r.dir, file))
	if err != nil {
		r.t.Fatal(err)
	}
	_, body, _ := bytes.Cut(pauses.ReplaceAll(fill(raw), nil), []byte("\r\n\r\n"))
	return body
}
