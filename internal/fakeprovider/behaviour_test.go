package fakeprovider

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryBehaviourIsDocumentedAndWorks(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	table := Table()
	for _, b := range behaviours {
		if !strings.Contains(string(doc), b.name) {
			t.Errorf("the package comment does not mention %s", b.name)
		}
		if !strings.Contains(table, b.example) || b.about == "" {
			t.Errorf("the table does not explain %s", b.name)
		}
		steps, err := parse(b.example)
		if err != nil {
			t.Errorf("%s: %v", b.example, err)
		} else if steps[0].behaviour.name != b.name {
			t.Errorf("%s is read as %s", b.example, steps[0].behaviour.name)
		}
	}
	for _, k := range kinds {
		if _, err := parse("error-" + k.name); err != nil {
			t.Errorf("error-%s: %v", k.name, err)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		model string
		want  []string // behaviour, argument, gate
		err   string
	}{
		"one":               {"ok", []string{"ok"}, ""},
		"joined, labelled":  {"slow-800ms+status-500@primary+x", []string{"slow 800ms", "status 500"}, ""},
		"retry is no gate":  {"status-429-retry-after-7", []string{"status 429-retry-after-7"}, ""},
		"both":              {"status-429-retry-after-7-after-2", []string{"status 429-retry-after-7 after 2"}, ""},
		"after":             {"status-429-after-2", []string{"status 429 after 2"}, ""},
		"times":             {"error-insufficient_quota-times-3", []string{"error insufficient_quota times 3"}, ""},
		"every":             {"cut-events-3-every-2", []string{"cut-events 3 every 2"}, ""},
		"longest name wins": {"sse-error-mid-3-overloaded", []string{"sse-error-mid 3-overloaded"}, ""},
		"late keyword":      {"keyword-late-over_loaded", []string{"keyword-late over_loaded"}, ""},
		"default kind":      {"200-error", []string{"200-error"}, ""},

		"unknown":          {"gpt-4o", nil, `no behaviour "gpt-4o"`},
		"empty":            {"", nil, `no behaviour ""`},
		"half":             {"ok+", nil, `no behaviour ""`},
		"no such kind":     {"error-nope", nil, `no error of kind "nope"`},
		"no time":          {"slow-fast", nil, "want a time"},
		"negative time":    {"slow--1s", nil, "want a time"},
		"odd status":       {"status-99", nil, "want a status"},
		"informational":    {"status-103", nil, "want a status"},
		"odd wait":         {"status-429-retry-after-soon", nil, "want seconds"},
		"no size":          {"big-event-2tb", nil, "want a size"},
		"no number":        {"cut-x", nil, "want a number"},
		"needless":         {"ok-1", nil, "takes no argument"},
		"every none":       {"ok-every-0", nil, "bad gate"},
		"only near a name": {"okay", nil, "no behaviour"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps, err := parse(tc.model)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, st := range steps {
				text := strings.TrimSpace(st.behaviour.name + " " + st.arg)
				if st.gate != "" {
					text += " " + st.gate + " " + string(rune('0'+st.n))
				}
				got = append(got, text)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestGatesChooseCalls(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]string{
		"status-500":         "xxxxxx",
		"status-500-after-2": "..xxxx",
		"status-500-times-3": "xxx...",
		"status-500-every-2": ".x.x.x",
		"status-500-after-0": "xxxxxx",
		"status-500-times-0": "......",
	} {
		steps, err := parse(model)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for nth := 1; nth <= len(want); nth++ {
			if scriptFor(steps, nth).answer != nil {
				got += "x"
			} else {
				got += "."
			}
		}
		if got != want {
			t.Errorf("%s fails %s, want %s", model, got, want)
		}
	}
}

func TestBehavioursCompose(t *testing.T) {
	t.Parallel()
	steps, err := parse("slow-800ms+first-token-2s+chunk-20ms+cut-events-3+crlf+usage-none")
	if err != nil {
		t.Fatal(err)
	}
	s := scriptFor(steps, 1)
	if s.wait != 800*time.Millisecond || s.firstToken != 2*time.Second || s.gap != 20*time.Millisecond {
		t.Errorf("times %s, %s, %s", s.wait, s.firstToken, s.gap)
	}
	if want := (ending{fault: faultReset, events: true, at: 3}); s.end != want || !s.crlf || !s.noUsage {
		t.Errorf("end %+v, crlf %v, noUsage %v", s.end, s.crlf, s.noUsage)
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range behaviours {
		f.Add(b.example)
	}
	f.Fuzz(func(t *testing.T, model string) {
		steps, err := parse(model)
		if err != nil {
			return
		}
		if s := scriptFor(steps, 1); s.wait > time.Hour || len(s.text) > 200_000 {
			t.Errorf("%q waits %s and has %d pieces", model, s.wait, len(s.text))
		}
	})
}
