package adminapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/internal/domain/outcome"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const callsBegin = 1_793_700_000_000_123 // microseconds

func callID(i int) string { return fmt.Sprintf("0199c2f4-7a51-7d3e-8d2b-%012d", i) }

// insert stores calls: number i arrives i seconds after the first.
func (e *env) insert(t *testing.T, n int, adjust func(i int, c *nodev1.Call)) {
	t.Helper()
	calls := make([]*nodev1.Call, n)
	for i := range calls {
		calls[i] = &nodev1.Call{
			Id: callID(i), StartUs: callsBegin + int64(i)*1e6, Endpoint: "/v1/chat/completions",
			Group: "pool", Outcome: "ok", Status: 200, Provider: "main",
			Attempts: []*nodev1.Attempt{{Provider: "main", Outcome: "ok", Status: 200}},
		}
		if adjust != nil {
			adjust(i, calls[i])
		}
	}
	stored, rejected, err := e.backend.calls.InsertCalls(t.Context(), "node-1", calls)
	if err != nil || stored != n || len(rejected) != 0 {
		t.Fatalf("stored %d of %d calls, rejected %v: %v", stored, n, rejected, err)
	}
}

func TestCallIsShownExactly(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	e.insert(t, 1, func(_ int, call *nodev1.Call) {
		*call = nodev1.Call{
			Id: callID(0), StartUs: callsBegin, Endpoint: "/v1/chat/completions", Model: "gpt-4", Group: "pool",
			ApiKey: "app", Stream: true, Outcome: "ok", Status: 200, Provider: "backup", UpstreamModel: "m2",
			FirstTokenUs: 830_500, DurationUs: 2_000_001, OverheadUs: 812,
			Usage: &nodev1.Usage{InputTokens: 10, CachedInputTokens: 4, OutputTokens: 20, Source: "upstream"},
			Cost:  13_500_001, ClientRetry: 1, KeywordAfterCommit: true, AffinityKey: "first_message", AffinityHeld: true,
			Attempts: []*nodev1.Attempt{
				{
					Provider: "main", Model: "m1", Credential: "k1", StartOffsetUs: 400, DurationUs: 250_000, Status: 429,
					Outcome: "rate_limited", Reason: "429 from upstream", Blame: "credential", MaybeBilled: true,
				},
				{
					Provider: "backup", Model: "m2", Credential: "k2", StartOffsetUs: 250_900, FirstFrameUs: 100, FirstTokenUs: 579_600,
					DurationUs: 1_749_000, Status: 200, Outcome: "ok", LastResort: true,
					Usage: &nodev1.Usage{InputTokens: 10, OutputTokens: 20, Source: "upstream"}, Cost: 13_500_001, Keyword: "busy",
				},
			},
			Skipped: []*nodev1.Skipped{{Provider: "third", Model: "m3", Reason: "server_error", UntilUs: 1_793_700_012_000_000}},
		}
	})
	want := &adminv1.Call{
		Id: callID(0), StartTime: &timestamppb.Timestamp{Seconds: 1_793_700_000, Nanos: 123_000}, Node: "node-1",
		Endpoint: "/v1/chat/completions", Model: "gpt-4", Group: "pool", ApiKey: "app", Stream: true, Outcome: "ok", Status: 200,
		Provider: "backup", UpstreamModel: "m2",
		FirstTokenLatency: durationpb.New(830_500 * time.Microsecond),
		Duration:          durationpb.New(2_000_001 * time.Microsecond),
		Overhead:          durationpb.New(812 * time.Microsecond),
		Usage:             &adminv1.Usage{InputTokens: 10, CachedInputTokens: 4, OutputTokens: 20, Source: "upstream"},
		Cost:              "0.000013500001", AttemptCount: 2, ClientRetry: 1, KeywordAfterCommit: true, AffinityKey: "first_message", AffinityHeld: true,
		Attempts: []*adminv1.Attempt{
			{
				Provider: "main", Model: "m1", Credential: "k1", StartOffset: durationpb.New(400 * time.Microsecond),
				Duration: durationpb.New(250 * time.Millisecond), Status: 429, Outcome: "rate_limited",
				Reason: "429 from upstream", Blame: "credential", MaybeBilled: true, Cost: "0",
			},
			{
				Provider: "backup", Model: "m2", Credential: "k2", StartOffset: durationpb.New(250_900 * time.Microsecond),
				FirstFrameLatency: durationpb.New(100 * time.Microsecond), FirstTokenLatency: durationpb.New(579_600 * time.Microsecond),
				Duration: durationpb.New(1_749 * time.Millisecond), Status: 200, Outcome: "ok", LastResort: true,
				Usage: &adminv1.Usage{InputTokens: 10, OutputTokens: 20, Source: "upstream"}, Cost: "0.000013500001", Keyword: "busy",
			},
		},
		Skipped: []*adminv1.SkippedMember{{
			Provider: "third", Model: "m3", Reason: "server_error", UntilTime: &timestamppb.Timestamp{Seconds: 1_793_700_012},
		}},
	}
	ctx := t.Context()
	got := ok(c.calls.GetCall(ctx, &adminv1.GetCallRequest{Id: callID(0)}))(t).GetCall()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("get:\n%s", diff)
	}
	list := ok(c.calls.ListCalls(ctx, &adminv1.ListCallsRequest{WithAttempts: true}))(t).GetCalls()
	if diff := cmp.Diff([]*adminv1.Call{want}, list, protocmp.Transform()); diff != "" {
		t.Errorf("list with attempts:\n%s", diff)
	}
	want.Attempts, want.Skipped = nil, nil
	list = ok(c.calls.ListCalls(ctx, &adminv1.ListCallsRequest{}))(t).GetCalls()
	if diff := cmp.Diff([]*adminv1.Call{want}, list, protocmp.Transform()); diff != "" {
		t.Errorf("list:\n%s", diff)
	}
	_, err := c.calls.GetCall(ctx, &adminv1.GetCallRequest{Id: callID(1)})
	wantCode(t, err, connect.CodeNotFound)
}

// ids lists all pages with the given filters.
func (c *client) ids(t *testing.T, size int, req *adminv1.ListCallsRequest) []string {
	t.Helper()
	all, _ := names(t, size, func(token string) ([]string, string) {
		req.PageSize, req.PageToken = int32(size), token
		res := ok(c.calls.ListCalls(t.Context(), req))(t)
		var out []string
		for _, call := range res.GetCalls() {
			out = append(out, call.GetId())
		}
		return out, res.GetNextPageToken()
	})
	return all
}

func TestCallPages(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	const n = 23
	e.insert(t, n, func(i int, call *nodev1.Call) {
		call.StartUs = callsBegin + int64(i/4) // several at the same microsecond
	})
	var want []string
	for i := range n {
		want = append(want, callID(n-1-i))
	}
	for _, size := range []int{1, 2, 5, 22, 23, 24} {
		if got := c.ids(t, size, &adminv1.ListCallsRequest{}); !slices.Equal(got, want) {
			t.Errorf("page size %d: %q", size, got)
		}
	}
}

func TestCallFilters(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	e.insert(t, 8, func(i int, call *nodev1.Call) {
		if i%2 == 1 {
			call.Group, call.ApiKey = "other", "app"
		}
		if i >= 6 {
			call.Outcome, call.Status, call.Provider = "rate_limited", 429, ""
			call.Attempts = []*nodev1.Attempt{{Provider: "flaky", Outcome: "rate_limited", Status: 429}}
		}
		if i == 2 || i == 7 {
			call.Attempts = append(call.Attempts, &nodev1.Attempt{Provider: "main", Outcome: call.GetOutcome()})
		}
		call.Cost = int64(i) * 10_000_000_000 // a cent
	})
	at := func(i int) *timestamppb.Timestamp {
		return timestamppb.New(time.UnixMicro(callsBegin + int64(i)*1e6))
	}
	for name, tt := range map[string]struct {
		req  *adminv1.ListCallsRequest
		want []int
	}{
		"none":                                   {&adminv1.ListCallsRequest{}, []int{7, 6, 5, 4, 3, 2, 1, 0}},
		"group":                                  {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Group: "other"}}, []int{7, 5, 3, 1}},
		"key":                                    {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{ApiKey: "app"}}, []int{7, 5, 3, 1}},
		"provider failed it":                     {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Provider: "flaky"}}, []int{7, 6}},
		"outcome":                                {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Outcome: "rate_limited"}}, []int{7, 6}},
		"an attempt's outcome":                   {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{AttemptOutcome: "ok"}}, []int{5, 4, 3, 2, 1, 0}},
		"of an attempt on a provider":            {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{AttemptOutcome: "rate_limited", Provider: "main"}}, []int{7}},
		"status":                                 {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Status: 429}}, []int{7, 6}},
		"from is included":                       {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{StartTime: at(6)}}, []int{7, 6}},
		"end is not":                             {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{EndTime: at(2)}}, []int{1, 0}},
		"window":                                 {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{StartTime: at(2), EndTime: at(5)}}, []int{4, 3, 2}},
		"together":                               {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Group: "pool", Status: 429, StartTime: at(1)}}, []int{6}},
		"failed":                                 {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Failed: true}}, []int{7, 6}},
		"failed over":                            {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{FailedOver: true}}, []int{7, 2}},
		"saved, of a group":                      {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{FailedOver: true, Outcome: "ok", Group: "pool"}}, []int{2}},
		"failed, by a provider that failed over": {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Failed: true, FailedOver: true, Provider: "flaky"}}, []int{7}},
		"cost":                                   {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{MinCost: "0.05"}}, []int{7, 6, 5}},
		"cost, a bit more":                       {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{MinCost: "0.050000000001"}}, []int{7, 6}},
		"more than there is":                     {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{MinCost: "999999999"}}, nil},
		"nothing":                                {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Status: 418}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, i := range tt.want {
				want = append(want, callID(i))
			}
			if got := c.ids(t, 2, tt.req); !slices.Equal(got, want) {
				t.Errorf("calls %q, want %q", got, want)
			}
		})
	}
}

// allOutcomes ends the message about an outcome that does not exist.
var allOutcomes = " It must be one of " + strings.Join(outcome.Names(), ", ")

func TestCallFiltersAreChecked(t *testing.T) {
	t.Parallel()
	const never = " that there is, and none that ever had calls"
	e := start(t)
	c := e.admin(t)
	e.insert(t, 3, nil)
	noon := timestamppb.New(time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC))
	ctx := t.Context()
	token := ok(c.calls.ListCalls(ctx, &adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Group: "pool"}, PageSize: 1}))(t).GetNextPageToken()
	for name, tt := range map[string]struct {
		req  *adminv1.ListCallsRequest
		want []string
	}{
		"end before start":   {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{StartTime: noon, EndTime: timestamppb.New(noon.AsTime().Add(-1))}}, []string{"filter.end_time: must be after start_time"}},
		"empty window":       {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{StartTime: noon, EndTime: noon}}, []string{"filter.end_time: must be after start_time"}},
		"no status":          {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Status: 42}}, []string{"filter.status: must be an HTTP status from 100 to 599"}},
		"negative status":    {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Status: -1}}, []string{"filter.status: must be greater than or equal to 0 and less than or equal to 599"}},
		"never existed":      {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Group: "pol", Provider: "nobody", Model: "m9", ApiKey: "nobody", Node: "node-9"}}, []string{"filter.group: names no group" + never, "filter.provider: names no provider" + never, "filter.api_key: names no API key" + never, "filter.model: names no upstream model" + never, "filter.node: names no node" + never}},
		"NUL":                {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Group: "\x00", Provider: "a\x00"}}, []string{"filter.group: must not contain NUL characters", "filter.provider: must not contain NUL characters"}},
		"no attempt outcome": {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{AttemptOutcome: "rate_limit"}}, []string{"filter.attempt_outcome: is no outcome; did you mean rate_limited, write_timeout, key_limited?" + allOutcomes}},
		"no outcome":         {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Outcome: "rate_limit"}}, []string{"filter.outcome: is no outcome; did you mean rate_limited, write_timeout, key_limited?" + allOutcomes}},
		"costs nothing":      {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{MinCost: "-1"}}, []string{"filter.min_cost: does not match regex pattern `^([0-9]{1,9}(\\.[0-9]{1,12})?)?$`"}},
		"failed, too":        {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Group: "pool", Failed: true}, PageToken: token}, []string{"page_token: belongs to a list with different filters"}},
		"different filters":  {&adminv1.ListCallsRequest{PageToken: token}, []string{"page_token: belongs to a list with different filters"}},
		"changed filters":    {&adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{Group: "pool", Status: 200}, PageToken: token}, []string{"page_token: belongs to a list with different filters"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.calls.ListCalls(ctx, tt.req)
			if got := violations(t, err); !slices.Equal(got, tt.want) {
				t.Errorf("violations %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("impossible times", func(t *testing.T) {
		t.Parallel()
		binary := e.client(t, header{"Cookie": "trunkline_session=" + c.cookie(t, e)}, connecthttp.WithSendCodec(connect.CodecNameProto))
		_, err := binary.calls.ListCalls(ctx, &adminv1.ListCallsRequest{
			Filter: &adminv1.CallFilter{StartTime: &timestamppb.Timestamp{Seconds: 1 << 60}, EndTime: &timestamppb.Timestamp{Nanos: -1}},
		})
		if got := violations(t, err); len(got) != 2 || !strings.HasPrefix(got[0], "filter.start_time: ") || !strings.HasPrefix(got[1], "filter.end_time: ") {
			t.Errorf("violations %q", got)
		}
	})
}

// The id finds a call of any age, but it is a filter like the others: all must hold.
func TestFilterByIDAndMore(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	e.insert(t, 2, func(i int, call *nodev1.Call) { call.Group, call.Outcome = [...]string{"other", "pool"}[i], "ok" })
	for name, tt := range map[string]struct {
		filter *adminv1.CallFilter
		want   int
	}{
		"alone":           {&adminv1.CallFilter{Id: callID(1)}, 1},
		"with another":    {&adminv1.CallFilter{Id: callID(1), Group: "pool", Outcome: "ok"}, 1},
		"not that group":  {&adminv1.CallFilter{Id: callID(1), Group: "other"}, 0},
		"not failed":      {&adminv1.CallFilter{Id: callID(1), Failed: true}, 0},
		"of another time": {&adminv1.CallFilter{Id: callID(1), EndTime: &timestamppb.Timestamp{Seconds: 1_700_000_000}}, 0},
		"nobody's":        {&adminv1.CallFilter{Id: "nobody"}, 0},
	} {
		if got := ok(c.calls.ListCalls(t.Context(), &adminv1.ListCallsRequest{Filter: tt.filter}))(t).GetCalls(); len(got) != tt.want || tt.want == 1 && got[0].GetId() != callID(1) {
			t.Errorf("%s: %v, want %d", name, got, tt.want)
		}
	}
}
