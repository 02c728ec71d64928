package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The bench starts its own program in other roles; under test that is this one.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role); err != nil {
			fmt.Fprintln(os.Stderr, role+":", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestEveryScenarioRuns proves that each scenario does what it says: requests are
// answered, streams end with [DONE], calls are recorded. It asserts no timing.
func TestEveryScenarioRuns(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts some ten processes")
	}
	r, err := run(t.Context(), options{rounds: 1, time: 100 * time.Millisecond, open: 20, keys: 1000, requests: 200, settle: 100 * time.Millisecond, progress: t.Output(), scenarios: []string{
		"plain", "serial", "rate", "burst", "prompts", "soak", "failover", "growth", "swap", "start", "translated",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed() {
		t.Error("the run is reported as failed")
	}
	if len(r.Scenarios) != 11 {
		t.Fatalf("%d scenarios were measured, want 11", len(r.Scenarios))
	}
	for _, o := range r.Scenarios {
		ours := 0
		for _, row := range o.Rows {
			if !row.ours {
				continue
			}
			ours++
			if row.Requests == 0 && o.Name != "start" || row.Errors > 0 {
				t.Errorf("%s: %d of %d requests failed: %s", o.Name, row.Errors, row.Requests, row.Error)
			}
			if o.Name == "burst" && row.Chunks < 100*row.Requests {
				t.Errorf("%s: only %d chunks in %d streams", o.Name, row.Chunks, row.Requests)
			}
			for _, m := range o.Metrics {
				if _, ok := row.Median[m.Name]; !ok {
					t.Errorf("%s: %s was not measured", o.Name, m.Name)
				}
			}
		}
		if ours == 0 {
			t.Errorf("%s: Trunkline was not measured", o.Name)
		}
	}
	if len(r.Records) != 2 || r.Records[0].Calls == 0 || r.Records[1].Calls == 0 {
		t.Errorf("call records: %+v", r.Records)
	}

	var table bytes.Buffer
	if err := r.print(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ReverseProxy", "trunkline-large", "all-in-one", "call records", "CPU/chunk, µs"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &table)
		}
	}
	file := filepath.Join(t.TempDir(), "results.json")
	if err := r.write(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var read report
	if err := json.Unmarshal(text, &read); err != nil || len(read.Scenarios) != len(r.Scenarios) || read.Scenarios[0].Rows[0].Median["CPU/request"] == 0 {
		t.Errorf("as JSON: %v\n%.300s", err, text)
	}
}

// TestTheFleetScenarioRuns: every change of a key is applied by every node, and what was sent for it is counted.
func TestTheFleetScenarioRuns(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	r, err := run(t.Context(), options{rounds: 1, time: 100 * time.Millisecond, keys: 300, nodes: 3, progress: t.Output(), scenarios: []string{"fleet"}, systems: []string{"control plane"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Scenarios) != 1 || len(r.Scenarios[0].Rows) != 1 {
		t.Fatalf("measured %+v", r.Scenarios)
	}
	median := r.Scenarios[0].Rows[0].Median
	for _, m := range r.Scenarios[0].Metrics {
		if _, ok := median[m.Name]; !ok {
			t.Errorf("%s was not measured", m.Name)
		}
	}
	if sent := median["sent"]; sent < 0.3 || sent > 30 {
		t.Errorf("%.1f KB were sent for a change of one key to three nodes", sent)
	}
	if median["applied p50"] > median["applied on all"] {
		t.Errorf("applied in %v", median)
	}
}

func TestPeers(t *testing.T) {
	t.Parallel()
	got, err := parsePeer("other=http://127.0.0.1:4000/openai/v1/,sk-1,openai/*,12")
	if err != nil {
		t.Fatal(err)
	}
	if got.name != "other" || got.address != "127.0.0.1:4000" || got.peer != 12 || got.ours() {
		t.Errorf("peer = %+v", got)
	}
	asked := string(got.door.chat("tokens-80", false, 100).bytes)
	for _, want := range []string{"POST /openai/v1/chat/completions HTTP", "Authorization: Bearer sk-1\r\n", `"model":"openai/tokens-80"`} {
		if !strings.Contains(asked, want) {
			t.Errorf("the request lacks %s:\n%s", want, asked)
		}
	}
	if short, err := parsePeer("short=http://127.0.0.1:1/v1"); err != nil || short.peer != 0 || !strings.Contains(string(short.door.chat("m", false, 9).bytes), `"model":"m"`) {
		t.Errorf("without key, model and pid: %+v, %v", short, err)
	}
	for _, bad := range []string{"", "nameless", "=http://127.0.0.1:1/v1", "a=https://127.0.0.1:1/v1", "a=http://host/v1", "a=http://127.0.0.1:1/v1,k,m,pid", "a=http://127.0.0.1:1/v1,k,m,-1", "a=http://127.0.0.1:1/v1,k,m,1,more"} {
		if _, err := parsePeer(bad); err == nil {
			t.Errorf("%q is taken for a peer", bad)
		}
	}
}

func TestBuilds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{commandNode, "old-node"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	all, err := options{also: []string{"before=" + dir, "older=" + filepath.Join(dir, "old-node")}}.builds()
	if err != nil || len(all) != 3 || all[0].allInOne() != "all-in-one" || all[1].allInOne() != "before-all-in-one" {
		t.Fatalf("builds = %+v, %v", all, err)
	}
	b := &bench{dir: dir}
	for _, test := range []struct {
		of            build
		command, want string
	}{
		{all[1], commandNode, filepath.Join(dir, commandNode)},
		{all[1], commandAllInOne, ""},
		{all[2], commandNode, filepath.Join(dir, "old-node")},
		{all[2], commandControl, ""},
	} {
		if got, err := b.program(t.Context(), test.of, test.command); got != test.want || err != nil {
			t.Errorf("%s of %s = %q, %v, want %q", test.command, test.of.name, got, err, test.want)
		}
	}
	if _, err := b.program(t.Context(), build{name: "gone", path: filepath.Join(dir, "gone")}, commandNode); err == nil {
		t.Error("a build that is not there is found")
	}
	for _, bad := range []string{"nameless", "=path", "name="} {
		if _, err := (options{also: []string{bad}}).builds(); err == nil {
			t.Errorf("%q is taken for a build", bad)
		}
	}
}

func TestUnknownScenario(t *testing.T) {
	t.Parallel()
	if _, err := chooseScenarios([]string{"plain", "plane"}); err == nil || !strings.Contains(err.Error(), `"plane"`) {
		t.Errorf("err = %v", err)
	}
}

// TestClientChecksAnswers keeps the load generator from counting broken answers as good.
func TestClientChecksAnswers(t *testing.T) {
	t.Parallel()
	const plain, chunked = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s"
	events := func(all ...string) string {
		out := ""
		for _, e := range all {
			out += fmt.Sprintf("%x\r\n%s\r\n", len(e), e)
		}
		return fmt.Sprintf(chunked, out+"0\r\n\r\n")
	}
	for name, test := range map[string]struct {
		answer string
		stream bool
		chunks int
		err    string
	}{
		"plain":                   {answer: fmt.Sprintf(plain, 14, `{"choices":[]}`)},
		"plain cut":               {answer: fmt.Sprintf(plain, 15, `{"choices":[]}`), err: "not whole"},
		"plain without choices":   {answer: fmt.Sprintf(plain, 2, `{}`), err: "not whole"},
		"status":                  {answer: "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", err: "500 Oops"},
		"stream":                  {answer: events("data: 1\n\n", "data: 2\n", "\ndata: [DONE]\n\n"), stream: true, chunks: 3},
		"stream split everywhere": {answer: events(strings.Split("data: 1\n\ndata: [DONE]\n\n", "")...), stream: true, chunks: 2},
		"stream without an end":   {answer: events("data: 1\n\n"), stream: true, err: "[DONE]"},
		"stream cut":              {answer: strings.TrimSuffix(events("data: 1\n\ndata: [DONE]\n\n"), "0\r\n\r\n"), stream: true, err: "read stream"},
		"nothing":                 {answer: "", err: "read status"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient("")
			c.read(strings.NewReader(test.answer))
			chunks, err := c.answer(request{stream: test.stream, has: `"choices"`, end: done})
			if test.err == "" && (err != nil || chunks != test.chunks) {
				t.Errorf("answer() = %d, %v, want %d", chunks, err, test.chunks)
			}
			if test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("err = %v, want one with %q", err, test.err)
			}
		})
	}
}

func TestReportTakesRatiosWithinRounds(t *testing.T) {
	t.Parallel()
	o := outcome{Metrics: []metric{{Name: "p50", Unit: "µs"}, addedP50}, Rows: []*row{
		{System: direct, rounds: []values{{"p50": 10}, {"p50": 20}, {"p50": 10}}},
		{System: baseline, rounds: []values{{"p50": 30}, {"p50": 120}, {"p50": 50}}},
		{System: trunkline, rounds: []values{{"p50": 20}, {"p50": 70}, {"p50": 30}}, ours: true},
	}}
	o.conclude()
	got := o.Rows[2]
	if got.Median["p50"] != 30 || got.Median["added p50"] != 20 || got.Ratio["added p50"] != 0.5 || got.Spread["p50"] != 50 {
		t.Errorf("median %v, ratio %v, spread %v", got.Median, got.Ratio, got.Spread)
	}
	if _, ok := o.Rows[0].Median["added p50"]; ok {
		t.Error("the direct way adds something to itself")
	}
}
