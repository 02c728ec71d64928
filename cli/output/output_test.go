package output_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

var views = output.NewViews(
	output.ViewOf(func(g *adminv1.Group) []string { return []string{g.GetName(), output.Text(g.GetEtag())} }, "name", "the etag"),
)

func call() *adminv1.Call {
	return &adminv1.Call{
		Id:        "01J",
		StartTime: timestamppb.New(time.Date(2026, 11, 23, 1, 2, 3, 999, time.FixedZone("", 3600))),
		Duration:  durationpb.New(1234567 * time.Microsecond),
		Usage:     &adminv1.Usage{InputTokens: 12, Source: "upstream"},
		Attempts: []*adminv1.Attempt{
			{Provider: "openai", Status: 500, Outcome: "server_error", Reason: "\x1b[31mred\nline"},
			{Provider: "日本", Outcome: "ok"},
		},
	}
}

func TestPrinter(t *testing.T) {
	t.Parallel()
	list := func(p *output.Printer, m proto.Message) error { return p.List(m, "groups") }
	message := (*output.Printer).Message
	event := func(p *output.Printer, m proto.Message) error {
		if err := p.Event(m); err != nil {
			return err
		}
		return p.Event(m)
	}
	for _, tc := range []struct {
		name   string
		print  func(*output.Printer, proto.Message) error
		in     proto.Message
		format output.Format
		want   string
		notes  string
	}{
		{"table by view, wide characters aligned", list, &adminv1.ListGroupsResponse{Groups: []*adminv1.Group{{Name: "組"}, {Name: "longer"}}}, output.Table,
			"NAME    THE ETAG\n組      -\nlonger  -\n", ""},
		{"empty table is a note", list, &adminv1.ListGroupsResponse{}, output.Table, "", "no groups\n"},
		{"words beside the list are a note", list, &adminv1.ListAuthorityKeysResponse{AuthorityKeys: []*adminv1.AuthorityKey{{Fingerprint: "ab"}}, WaitingNodes: []string{"n-1", "n\n2"}}, output.Table,
			"FINGERPRINT\nab\n", "waiting nodes: n-1, n\\n2\n"},
		{"words beside an empty list too, but no page token", list, &adminv1.ListNodesResponse{Revision: 7, Incomplete: "a replica is away"}, output.Table, "", "no groups\nincomplete: a replica is away\n"},
		{"a page token is for programs", list, &adminv1.ListGroupsResponse{Groups: []*adminv1.Group{{Name: "a"}}, NextPageToken: "x", TotalSize: 9}, output.Table, "NAME  THE ETAG\na     -\n", ""},
		{"empty JSON is a list", list, &adminv1.ListGroupsResponse{}, output.JSON, "{\n  \"groups\": [],\n  \"next_page_token\": \"\",\n  \"total_size\": 0\n}\n", ""},
		{"empty YAML is a list", list, &adminv1.ListGroupsResponse{}, output.YAML, "groups: []\nnext_page_token: \"\"\ntotal_size: 0\n", ""},
		{"table without a view has what any row has", list, &adminv1.ListTokensResponse{Tokens: []*adminv1.Token{{Name: "a"}, {Name: "b", LastFour: "wxyz"}}}, output.Table,
			"NAME  LAST FOUR\na     -\nb     wxyz\n", ""},
		{"a message with a list in it", message, call(), output.Table,
			"Id:                  01J\n" +
				"Start time:          2026-11-23T00:02:03Z\n" +
				"Duration:            1.235s\n" +
				"Usage.input tokens:  12\n" +
				"Usage.source:        upstream\n" +
				"Attempts:\n" +
				"  PROVIDER  STATUS  OUTCOME       REASON\n" +
				"  openai    500     server_error  \\x1b[31mred\\nline\n" +
				"  日本      0       ok            -\n", ""},
		{"YAML keeps the types of text and the order of fields", message,
			&adminv1.Model{Id: "1e3", Alias: "yes", Price: &adminv1.Price{Input: "0.15"}}, output.YAML,
			"id: \"1e3\"\nalias: \"yes\"\nprice:\n  input: \"0.15\"\n  cached_input: \"\"\n  output: \"\"\n  per_call: \"\"\n  cache_write: \"\"\n  cache_write_1hr: \"\"\n  reasoning: \"\"\n  audio_input: \"\"\n  cached_audio_input: \"\"\n  audio_output: \"\"\n  image_input: \"\"\n  cached_image_input: \"\"\n  image_output: \"\"\n  per_image: \"\"\n  per_character: \"\"\n  per_second: \"\"\n  tiers: []\ncontext_window: \"0\"\nfield_rules: []\nmax_output_tokens: \"0\"\n", ""},
		{"stream as JSON is a line each", event, &adminv1.LoginResponse{Username: "a b"}, output.JSON, "{\"username\":\"a b\"}\n{\"username\":\"a b\"}\n", ""},
		{"stream as YAML is a document each", event, &adminv1.LoginResponse{Username: "a"}, output.YAML, "---\nusername: a\n---\nusername: a\n", ""},
		{"stream as text", event, &adminv1.LoginResponse{Username: "a"}, output.Table, "Username:  a\nUsername:  a\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var out, notes bytes.Buffer
			p := &output.Printer{Out: &out, Notes: &notes, Format: tc.format, Views: views}
			if err := tc.print(p, tc.in); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, out.String()); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.notes, notes.String()); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0:                          "0s",
		1234 * time.Nanosecond:     "1.234µs",
		1234567:                    "1.23ms",
		1234567 * time.Microsecond: "1.235s",
		3725600 * time.Millisecond: "1h2m6s",
	} {
		if got := output.Duration(durationpb.New(d)); got != want {
			t.Errorf("%d is %s, want %s", d, got, want)
		}
	}
	if got := output.Duration(nil); got != "-" {
		t.Errorf("none is %s", got)
	}
}
