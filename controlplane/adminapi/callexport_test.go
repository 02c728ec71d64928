package adminapi_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// export reads an export to its end; chunks is in how many pieces it came.
func (c *client) export(t *testing.T, req *adminv1.ExportCallsRequest) (file []byte, chunks int) {
	t.Helper()
	stream := ok(c.calls.ExportCalls(t.Context(), req))(t)
	defer stream.Close()
	for {
		res, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return file, chunks
		}
		if err != nil {
			t.Fatal(err)
		}
		file = append(file, res.GetData()...)
		chunks++
	}
}

func TestExportAsCSV(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.clock.Advance(2 * time.Hour) // behind the calls
	c := e.admin(t)
	e.insert(t, 1, func(_ int, call *nodev1.Call) {
		*call = nodev1.Call{
			Id: callID(0), StartUs: callsBegin, Endpoint: "/v1/chat/completions", Model: "=HYPERLINK(\"http://evil\")", Group: "po,ol",
			ApiKey: "+app", Stream: true, Outcome: "ok", Status: 200, Provider: "a \"b\"", UpstreamModel: " @SUM(1)",
			FirstTokenUs: 830_500, DurationUs: 2_000_001, OverheadUs: 812, ErrorCode: "-1", TraceId: "4bf92f3577b34da6a3ce929d0e0e4736",
			Usage: &nodev1.Usage{
				InputTokens: 10, CachedInputTokens: 4, CacheWriteTokens: 2, OutputTokens: 20, ReasoningTokens: 5, ServiceTier: "flex", Source: "upstream",
			},
			Cost: 13_500_001,
			Attempts: []*nodev1.Attempt{{Provider: "a \"b\""}, {Provider: "c", Translation: &nodev1.Translation{
				From: "chat", To: "messages", Approximated: []string{"n", "seed"}, Dropped: []string{"logprobs"},
			}}},
			ClientRetry: 1, AffinityKey: "a1", AffinityHeld: true, ClientRequestId: "mine", IncomingRequestId: "proxy", User: "@me",
			Metadata: map[string]string{"b": "2", "a": "1"}, ResponseId: "resp_1", PreviousResponseId: "resp_0", Background: true, KeywordAfterCommit: true,
		}
	})
	file, _ := c.export(t, &adminv1.ExportCallsRequest{})
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{
			"id", "start_time", "node", "endpoint", "model", "group", "api_key", "stream", "outcome", "status", "error_code", "provider", "upstream_model",
			"attempts", "first_token_ms", "duration_ms", "overhead_ms", "input_tokens", "cached_input_tokens", "output_tokens", "usage_source", "cost_usd", "trace_id",
			"cache_write_tokens", "reasoning_tokens", "tokens_per_second", "service_tier", "client_retry", "dialect", "provider_dialect", "approximated", "dropped",
			"affinity_key", "affinity_held", "client_request_id", "incoming_request_id", "user", "metadata", "response_id", "previous_response_id", "background",
			"keyword_after_commit",
		},
		{
			callID(0), "2026-11-03T10:00:00.000123Z", "node-1", "/v1/chat/completions", "'=HYPERLINK(\"http://evil\")", "po,ol", "'+app", "true", "ok", "200", "'-1",
			"a \"b\"", "' @SUM(1)", "2", "830.500", "2000.001", "0.812", "10", "4", "20", "upstream", "0.000013500001", "4bf92f3577b34da6a3ce929d0e0e4736",
			"2", "5", "17.1", "flex", "1", "chat", "messages", "n seed", "logprobs", "a1", "true", "mine", "proxy", "'@me", "a=1; b=2", "resp_1", "resp_0", "true", "true",
		},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if !bytes.Contains(file, []byte("keyword_after_commit\r\n")) {
		t.Error("lines do not end with CRLF")
	}
	empty, _ := c.export(t, &adminv1.ExportCallsRequest{Filter: &adminv1.CallFilter{Status: 418}})
	if got := strings.Count(string(empty), "\r\n"); got != 1 {
		t.Errorf("an empty export has %d lines, want the header", got)
	}
}

func TestCSVCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.clock.Advance(2 * time.Hour) // behind the calls
	c := e.admin(t)
	texts := []string{"=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\u00a0=1", "=cmd|' /C calc'!A0", "|x", "%x", "\uff1d1", "plain", "a=b", "", "'quoted"}
	e.insert(t, len(texts), func(i int, call *nodev1.Call) { call.Model = texts[i] })
	file, _ := c.export(t, &adminv1.ExportCallsRequest{})
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		cell := rows[len(rows)-1-i][4] // the newest first
		text = strings.ReplaceAll(text, "\r\n", "\n")
		dangerous := i < 12
		if safe := strings.HasPrefix(cell, "'"); safe != dangerous && text != "'quoted" {
			t.Errorf("%q is exported as %q", text, cell)
		}
	}
}

func TestExportOfManyCallsInPieces(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.clock.Advance(2 * time.Hour) // behind the calls
	c := e.admin(t)
	const n = 1203 // more than two pages
	e.insert(t, n, func(i int, call *nodev1.Call) {
		call.ApiKey = fmt.Sprint("key-", i%2)
		call.Attempts[0].Reason = strings.Repeat("x", 150)
	})
	file, chunks := c.export(t, &adminv1.ExportCallsRequest{Format: adminv1.ExportFormat_EXPORT_FORMAT_JSON_LINES})
	lines := strings.Split(strings.TrimSuffix(string(file), "\n"), "\n")
	if len(lines) != n || chunks < 2 {
		t.Fatalf("%d lines in %d pieces, want %d lines in several", len(lines), chunks, n)
	}
	for i, line := range lines {
		var call adminv1.Call
		if err := protojson.Unmarshal([]byte(line), &call); err != nil {
			t.Fatal(err)
		}
		if want := callID(n - 1 - i); call.GetId() != want || len(call.GetAttempts()) != 1 {
			t.Fatalf("line %d is call %s with %d attempts, want %s with one", i, call.GetId(), len(call.GetAttempts()), want)
		}
	}
	first := ok(c.calls.GetCall(t.Context(), &adminv1.GetCallRequest{Id: callID(n - 1)}))(t).GetCall()
	var exported adminv1.Call
	if err := protojson.Unmarshal([]byte(lines[0]), &exported); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, &exported, protocmp.Transform()); diff != "" {
		t.Errorf("an exported call differs from GetCall's (-get +exported):\n%s", diff)
	}
	for name, tt := range map[string]struct {
		req  *adminv1.ExportCallsRequest
		want int
	}{
		"by key":     {&adminv1.ExportCallsRequest{Filter: &adminv1.CallFilter{ApiKey: "key-1"}}, n / 2},
		"by time":    {&adminv1.ExportCallsRequest{Filter: &adminv1.CallFilter{StartTime: timestamppb.New(time.UnixMicro(callsBegin + 1_200_000_000))}}, 3},
		"most":       {&adminv1.ExportCallsRequest{MaxCalls: 501}, 501},
		"most, page": {&adminv1.ExportCallsRequest{MaxCalls: 500}, 500},
		"most, few":  {&adminv1.ExportCallsRequest{Filter: &adminv1.CallFilter{ApiKey: "key-1"}, MaxCalls: 1}, 1},
	} {
		file, _ := c.export(t, tt.req)
		if got := strings.Count(string(file), "\r\n") - 1; got != tt.want {
			t.Errorf("%s: exported %d calls, want %d", name, got, tt.want)
		}
	}
}

// meanwhile does something after each page of calls.
type meanwhile struct {
	adminapi.Calls
	do func()
}

func (m meanwhile) ListCalls(ctx context.Context, f calllog.Filter) ([]calllog.Call, error) {
	calls, err := m.Calls.ListCalls(ctx, f)
	m.do()
	return calls, err
}

// TestExportEndsWithItsToken: an export may take hours, and whoever is locked out meanwhile
// gets no more of it.
func TestExportEndsWithItsToken(t *testing.T) {
	t.Parallel()
	var lockOut func()
	e := start(t, func(cfg *adminapi.Config) { cfg.Calls = meanwhile{cfg.Calls, func() { lockOut() }} })
	e.clock.Advance(2 * time.Hour) // behind the calls
	admin := e.admin(t)
	e.insert(t, 1203, nil)
	c := e.client(t, header{"Authorization": "Bearer " + admin.bearer(t, "leaver")})
	lockOut = sync.OnceFunc(func() {
		if err := e.backend.access.DeleteToken(context.WithoutCancel(t.Context()), "leaver", ""); err != nil {
			t.Error(err)
		}
		e.clock.Advance(time.Minute)
	})
	stream := ok(c.calls.ExportCalls(t.Context(), &adminv1.ExportCallsRequest{}))(t)
	defer stream.Close()
	var err error
	for err == nil {
		_, err = stream.Receive()
	}
	wantCode(t, err, connect.CodeUnauthenticated)
}

func TestExportFiltersAreChecked(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.clock.Advance(2 * time.Hour) // behind the calls
	c := e.admin(t)
	stream := ok(c.calls.ExportCalls(t.Context(), &adminv1.ExportCallsRequest{Filter: &adminv1.CallFilter{Status: 99, Model: "a\x00b"}}))(t)
	defer stream.Close()
	_, err := stream.Receive()
	want := []string{"filter.model: must not contain NUL characters", "filter.status: must be an HTTP status from 100 to 599"}
	if diff := cmp.Diff(want, violations(t, err)); diff != "" {
		t.Error(diff)
	}
}
