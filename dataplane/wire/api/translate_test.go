package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

var update = flag.Bool("update", false, "write the golden files")

// everyCodec gives those of every API that is translated.
func everyCodec() (all []form.Codec) {
	for _, e := range Endpoints {
		if e.Codec != nil {
			all = append(all, e.Codec)
		}
	}
	return all
}

// files are what a dialect's clients and providers say: requests, answers and streams.
func files(t testing.TB, c form.Codec, kind string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("testdata", c.Name(), kind, "*"))
	if err != nil || len(all) == 0 {
		t.Fatalf("no files of %s %s: %v", c.Name(), kind, err)
	}
	return all
}

func content(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func nameOf(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}

// target is whom requests are written for. Origins are different for each dialect.
func target(c form.Codec) form.Target {
	origins := map[string]form.Origin{"messages": "acct1", "chat": "acct2", "responses": "acct3", "gemini": "acct4"}
	return form.Target{Model: "target-model", MaxOutput: 16000, Origin: origins[c.Name()]}
}

// asked is a request that offers the tools which the answers call.
func asked(t testing.TB, client form.Codec) *form.Request {
	t.Helper()
	r := &form.Request{Dialect: client.Name(), Stream: true, UsageAsked: true, Tools: []form.Tool{
		{Name: "get_weather"}, {Name: "now"}, {Name: "apply_patch", Kind: form.Custom},
	}}
	if client.Name() == "messages" { // its clients know functions alone
		r.Tools[2].Kind = form.Function
	}
	r.NameTools()
	return r
}

func exchange(t testing.TB, client, provider form.Codec) (form.Exchange, *form.Losses) {
	losses := &form.Losses{}
	return form.Exchange{Request: asked(t, client), Target: target(provider), Losses: losses, ID: "gen1", Created: 1700000001}, losses
}

// What is read and written back in one dialect is the same, member for member.
func TestReadingAndWritingBackChangesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range everyCodec() {
		for _, path := range files(t, c, "request") {
			t.Run(c.Name()+" request "+nameOf(path), func(t *testing.T) {
				t.Parallel()
				body := content(t, path)
				r, err := c.ReadRequest(body)
				if err != nil {
					t.Fatal(err)
				}
				var losses form.Losses
				got, err := c.WriteRequest(r, form.Target{Model: r.Model}, &losses)
				if err != nil {
					t.Fatal(err)
				}
				same(t, got, body)
				if losses.Approximated != nil || losses.Dropped != nil {
					t.Errorf("losses %+v", losses)
				}
			})
		}
		if c.Name() == "responses" { // an answer repeats the request, and the form has no place for the ids of items
			continue
		}
		for _, path := range files(t, c, "answer") {
			t.Run(c.Name()+" answer "+nameOf(path), func(t *testing.T) {
				t.Parallel()
				body := content(t, path)
				of := form.Exchange{Request: &form.Request{Dialect: c.Name()}, Losses: &form.Losses{}}
				a, err := c.ReadAnswer(body, of)
				if err != nil {
					t.Fatal(err)
				}
				same(t, c.WriteAnswer(a, of), body)
			})
		}
	}
}

func same(t *testing.T, got, want []byte) {
	t.Helper()
	if a, b := decoded(t, got), decoded(t, want); !reflect.DeepEqual(a, b) {
		t.Errorf("got\n%s\nwant\n%s", got, compact(t, want))
	}
}

func decoded(t *testing.T, doc []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	return v
}

func compact(t *testing.T, doc []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, doc); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every direction is written down: what a target gets, what a client gets, and what was lost.
func TestTranslations(t *testing.T) {
	t.Parallel()
	for _, from := range everyCodec() {
		for _, to := range everyCodec() {
			if from.Name() == to.Name() {
				continue
			}
			for _, path := range files(t, from, "request") {
				t.Run(from.Name()+" to "+to.Name()+" request "+nameOf(path), func(t *testing.T) {
					t.Parallel()
					golden(t, from, to, "request", path, requestFor(t, from, to, content(t, path)))
				})
			}
			for _, path := range files(t, from, "answer") {
				t.Run(from.Name()+" to "+to.Name()+" answer "+nameOf(path), func(t *testing.T) {
					t.Parallel()
					of, losses := exchange(t, to, from)
					a, err := from.ReadAnswer(content(t, path), of)
					if err != nil {
						t.Fatal(err)
					}
					golden(t, from, to, "answer", path, indented(t, to.WriteAnswer(a, of))+lost(losses))
				})
			}
			for _, path := range files(t, from, "stream") {
				t.Run(from.Name()+" to "+to.Name()+" stream "+nameOf(path), func(t *testing.T) {
					t.Parallel()
					of, losses := exchange(t, to, from)
					got := translate(t, from, to, of, bytes.NewReader(content(t, path)))
					golden(t, from, to, "stream", path, got+lost(losses))
				})
			}
		}
	}
}

func requestFor(t *testing.T, from, to form.Codec, body []byte) string {
	t.Helper()
	r, err := from.ReadRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	var losses form.Losses
	got, err := to.WriteRequest(r, target(to), &losses)
	var refused *form.Refused
	if errors.As(err, &refused) {
		return "refused: " + refused.Error() + "\n"
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.ReadRequest(got); err != nil {
		t.Errorf("what was written cannot be read: %v", err)
	}
	return indented(t, got) + lost(&losses)
}

func lost(l *form.Losses) string {
	slices.Sort(l.Approximated)
	slices.Sort(l.Dropped)
	return fmt.Sprintf("approximated: %s\ndropped: %s\n", strings.Join(l.Approximated, ", "), strings.Join(l.Dropped, ", "))
}

func indented(t *testing.T, doc []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, doc, "", " "); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	return b.String() + "\n"
}

func golden(t *testing.T, from, to form.Codec, kind, path, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", from.Name()+"-"+to.Name(), kind, nameOf(path)+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(content(t, file)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// translate writes the stream of a provider for a client of another dialect.
func translate(t *testing.T, from, to form.Codec, of form.Exchange, src io.Reader) string {
	t.Helper()
	got, err := translated(from, to, of, src)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func translated(from, to form.Codec, of form.Exchange, src io.Reader) (string, error) {
	in, out := from.NewEventReader(of), to.NewEventWriter(of)
	var b strings.Builder
	write := func(events []form.Event) {
		for i := range events {
			b.Write(out.Write(&events[i]))
		}
	}
	r := sse.NewReader(src, nil, new(buffer.Pool), nil)
	defer r.Close()
	for {
		for event := r.Next(); event != nil; event = r.Next() {
			data, is := sse.Data(event)
			if !is {
				continue
			}
			events, err := in.Read(data)
			if err != nil {
				return "", fmt.Errorf("%w: %s", err, event)
			}
			write(events)
		}
		if err := r.Fill(); err != nil {
			break
		}
	}
	write(in.End())
	return b.String(), nil
}

// However a stream is cut, the client gets the same.
func TestStreamsThatAreCut(t *testing.T) {
	t.Parallel()
	for _, from := range everyCodec() {
		for _, to := range everyCodec() {
			if from.Name() == to.Name() {
				continue
			}
			for _, path := range files(t, from, "stream") {
				stream := content(t, path)
				of, _ := exchange(t, to, from)
				whole := translate(t, from, to, of, bytes.NewReader(stream))
				for name, cut := range map[string]io.Reader{"byte by byte": iotest.OneByteReader(bytes.NewReader(stream)), "by halves": iotest.HalfReader(bytes.NewReader(stream))} {
					of, _ = exchange(t, to, from)
					if got := translate(t, from, to, of, cut); got != whole {
						t.Errorf("%s for %s: %s\n%s\nwhole\n%s", path, to.Name(), name, got, whole)
					}
				}
			}
		}
	}
}
