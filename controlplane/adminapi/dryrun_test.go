package adminapi_test

import (
	"fmt"
	"testing"

	"connectrpc.com/connect/v2"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestDryRunLooksAtTheNewestCalls(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	// Every third call failed over from "main", whose answer the log keeps as a reason.
	e.insert(t, 1100, func(i int, call *nodev1.Call) {
		if i%3 == 0 {
			call.Attempts = []*nodev1.Attempt{
				{Provider: "main", Outcome: "server_error", Status: 503, Reason: fmt.Sprintf("The Model is OVERLOADED, case %d", i)},
				{Provider: "backup", Outcome: "ok", Status: 200, Reason: ""},
			}
		}
	})
	dry := func(k *adminv1.FailureKeyword, calls int32, sample string) *adminv1.DryRunFailureKeywordResponse {
		t.Helper()
		return ok(c.keywords.DryRunFailureKeyword(ctx, &adminv1.DryRunFailureKeywordRequest{FailureKeyword: k, Calls: calls, Sample: sample}))(t)
	}
	all := dry(&adminv1.FailureKeyword{Keyword: "model is overloaded"}, 10_000, "")
	if all.GetLookedAt() != 1100 || all.GetHitCount() != 367 || len(all.GetHits()) != 100 || all.GetSampleHit() {
		t.Errorf("looked at %d, %d hits, %d shown, sample %v", all.GetLookedAt(), all.GetHitCount(), len(all.GetHits()), all.GetSampleHit())
	}
	if h := all.GetHits()[0]; h.GetCallId() != callID(1098) || h.GetProvider() != "main" || h.GetText() != "The Model is OVERLOADED, case 1098" {
		t.Errorf("first hit %v", h)
	}
	if d := dry(&adminv1.FailureKeyword{Keyword: "overloaded"}, 0, ""); d.GetLookedAt() != 1000 {
		t.Errorf("looked at %d calls by default, want 1000", d.GetLookedAt())
	}
	if d := dry(&adminv1.FailureKeyword{Pattern: `OVERLOADED, case \d{3}$`}, 600, ""); d.GetLookedAt() != 600 || d.GetHitCount() != 167 {
		t.Errorf("pattern: looked at %d, %d hits", d.GetLookedAt(), d.GetHitCount())
	}
}

func TestDryRunHoldsTheKeywordToItsPlaces(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	ok(c.providers.CreateProvider(ctx, &adminv1.CreateProviderRequest{Provider: &adminv1.Provider{Name: "main", BaseUrl: "https://api.example.com/v1"}}))(t)
	ok(c.groups.CreateGroup(ctx, &adminv1.CreateGroupRequest{Group: &adminv1.Group{Name: "pool"}}))(t)
	ok(c.groups.CreateGroup(ctx, &adminv1.CreateGroupRequest{Group: &adminv1.Group{Name: "other"}}))(t)
	attempts := []*nodev1.Attempt{
		{Provider: "main", Outcome: "server_error", Status: 503, Reason: "busy"},
		{Provider: "main", Outcome: "bad_body", Status: 200, Reason: "busy"}, // in a stream
		{Provider: "backup", Outcome: "bad_body", Status: 200, Reason: "busy"},
		{Provider: "main", Outcome: "failure_keyword", Status: 200, Keyword: "busy", Reason: "failure keyword busy"},
		{Provider: "main", Outcome: "failure_keyword", Status: 503, Keyword: "x", Reason: "failure keyword x: so busy"},
		{Provider: "main", Outcome: "unreachable", Reason: "busy"}, // there was no answer
		{Provider: "main", Outcome: "ok", Status: 200, Reason: "busy"},
	}
	e.insert(t, len(attempts), func(i int, call *nodev1.Call) {
		call.Attempts, call.Stream = attempts[i:i+1], i == 1
	})
	tests := map[string]struct {
		keyword *adminv1.FailureKeyword
		hits    int32
	}{
		"everywhere":       {&adminv1.FailureKeyword{}, 4},
		"errors":           {&adminv1.FailureKeyword{Scopes: []string{"error"}}, 4},
		"answers":          {&adminv1.FailureKeyword{Scopes: []string{"answer"}}, 1},
		"streams":          {&adminv1.FailureKeyword{Scopes: []string{"stream"}}, 1},
		"one provider":     {&adminv1.FailureKeyword{Providers: []string{"main"}}, 3},
		"the group":        {&adminv1.FailureKeyword{Groups: []string{"pool"}}, 4},
		"of another group": {&adminv1.FailureKeyword{Groups: []string{"other"}}, 0},
	}
	for name, tt := range tests {
		tt.keyword.Keyword = "busy"
		got := ok(c.keywords.DryRunFailureKeyword(ctx, &adminv1.DryRunFailureKeywordRequest{FailureKeyword: tt.keyword}))(t)
		if got.GetHitCount() != tt.hits {
			t.Errorf("%s: %d hits, want %d: %v", name, got.GetHitCount(), tt.hits, got.GetHits())
		}
	}
	for sample, want := range map[string]bool{
		`{"error":{"message":"so b\u0075sy"}}`: true,
		`{"busy":1}`:                           false,
		"event: x\ndata: {\"choices\":[{\"delta\":{\"content\":\"I am bu\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"sy now\"}}]}\n\ndata: [DONE]\n": true,
		"<h1>Busy</h1>": true,
		"calm":          false,
	} {
		got := ok(c.keywords.DryRunFailureKeyword(ctx, &adminv1.DryRunFailureKeywordRequest{FailureKeyword: &adminv1.FailureKeyword{Keyword: "busy"}, Sample: sample}))(t)
		if got.GetSampleHit() != want {
			t.Errorf("sample %s: hit %v", sample, got.GetSampleHit())
		}
	}
	for _, k := range []*adminv1.FailureKeyword{
		nil, {}, {Keyword: "a", Pattern: "b"}, {Pattern: "("}, {Keyword: " "}, {Keyword: "a", Scopes: []string{"x"}},
		{Keyword: "a", Providers: []string{"ghost"}}, {Keyword: "a", Groups: []string{"ghost"}},
	} {
		_, err := c.keywords.DryRunFailureKeyword(ctx, &adminv1.DryRunFailureKeywordRequest{FailureKeyword: k})
		wantCode(t, err, connect.CodeInvalidArgument)
	}
}
