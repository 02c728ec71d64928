package main

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// started anchors what counts down, so that it does count down between two reads.
var started = time.Now()

func left(d time.Duration) *durationpb.Duration {
	return durationpb.New(max(0, d-time.Since(started)%d))
}

func madeNodes(scenario string) *adminv1.ListNodesResponse {
	if scenario == "empty" {
		return &adminv1.ListNodesResponse{
			Revision: 1,
			Nodes:    []*adminv1.Node{{Name: "local", Version: "v0.1.0", Connected: true, AppliedRevision: 1}},
		}
	}
	cooling := &adminv1.TargetHealth{Provider: "azure-eastus2", Model: "gpt-4o", State: adminv1.TargetState_TARGET_STATE_COOLING, Remaining: left(5 * time.Minute), Reason: "server_error", Failures: 5, Threshold: 5}
	degraded := &adminv1.TargetHealth{Provider: "openrouter", Model: "openai/gpt-4o", State: adminv1.TargetState_TARGET_STATE_DEGRADED, Failures: 3, Threshold: 5}
	refused := &adminv1.TargetHealth{Provider: "azure-eastus2", Credential: "secondary", State: adminv1.TargetState_TARGET_STATE_COOLING, Remaining: left(40 * time.Minute), Reason: "auth_failed", Failures: 1, Threshold: 5}
	probing := &adminv1.TargetHealth{Provider: "deepseek", Model: "deepseek-reasoner", State: adminv1.TargetState_TARGET_STATE_PROBING}
	list := &adminv1.ListNodesResponse{
		Revision: 12,
		Nodes: []*adminv1.Node{
			{Name: "dp-fra-1", Version: "v0.1.0", Connected: true, AppliedRevision: 12, InFlight: 38, Targets: []*adminv1.TargetHealth{cooling, degraded, refused}, LastSeenTime: timestamppb.Now()},
			{Name: "dp-iad-1", Version: "v0.1.0", Connected: true, AppliedRevision: 12, InFlight: 52, CallsWaiting: 17, Targets: []*adminv1.TargetHealth{cooling, probing}, LastSeenTime: timestamppb.Now()},
			{Name: "dp-nrt-1", Version: "v0.1.0", AppliedRevision: 9, LastSeenTime: ago(47 * time.Minute)},
		},
	}
	if scenario == "lagging" {
		list.Revision = 13
		list.Nodes[0].AppliedRevision = 13
		list.Nodes[1].Error = "revision 13: unknown dialect \"anthropic\": this node is older than the control plane"
	}
	return list
}

func ms(n int64) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Millisecond) }

type shape struct {
	outcome, code string
	status        int32
	attempts      []*adminv1.Attempt
}

func attempt(provider, model, outcome string, status int32, start, first, took int64, reason string) *adminv1.Attempt {
	a := &adminv1.Attempt{Provider: provider, Model: model, Credential: "main", StartOffset: ms(start), Duration: ms(took), Status: status, Outcome: outcome, Reason: reason}
	if first > 0 {
		a.FirstTokenLatency = ms(first)
	}
	a.MaybeBilled = outcome == "first_token_timeout"
	return a
}

func shapes() []shape {
	return []shape{
		{"ok", "", 200, []*adminv1.Attempt{attempt("openai-main", "gpt-4o", "ok", 200, 1, 640, 3120, "")}},
		{"ok", "", 200, []*adminv1.Attempt{
			attempt("azure-eastus2", "gpt-4o", "rate_limited", 429, 1, 0, 212, "429 Too Many Requests: retry after 20 s"),
			attempt("openai-main", "gpt-4o", "ok", 200, 215, 702, 2890, ""),
		}},
		{"ok", "", 200, []*adminv1.Attempt{attempt("deepseek", "deepseek-chat", "ok", 200, 1, 410, 1650, "")}},
		{"ok", "", 200, []*adminv1.Attempt{
			attempt("azure-eastus2", "gpt-4o", "first_token_timeout", 200, 1, 0, 8000, "no meaningful event within 8s"),
			attempt("openai-main", "gpt-4o", "failure_keyword", 200, 8004, 0, 950, `keyword "overloaded" matched "model is overloaded"`),
			attempt("openrouter", "openai/gpt-4o", "ok", 200, 8960, 880, 3300, ""),
		}},
		{"context_length", "context_length_exceeded", 400, []*adminv1.Attempt{attempt("openai-main", "gpt-4o", "context_length", 400, 1, 0, 160, "this model's maximum context length is 128000 tokens")}},
		{"ok", "", 200, []*adminv1.Attempt{attempt("openai-main", "text-embedding-3-large", "ok", 200, 1, 0, 95, "")}},
		{"client_closed", "client_closed", 499, []*adminv1.Attempt{attempt("deepseek", "deepseek-reasoner", "client_closed", 200, 1, 900, 4100, "the client closed the connection")}},
		{"server_error", "upstream_error", 503, []*adminv1.Attempt{
			attempt("azure-eastus2", "gpt-4o", "server_error", 500, 1, 0, 430, "500 Internal Server Error"),
			attempt("openai-main", "gpt-4o", "connect_timeout", 0, 434, 0, 5000, "dial api.openai.com:443: i/o timeout"),
		}},
		{"model_unknown", "model_not_found", 404, nil},
	}
}

func madeCalls(scenario string) []*adminv1.Call {
	if scenario == "empty" {
		return nil
	}
	keys := []string{"mobile-app", "batch-jobs", "search-service"}
	all := shapes()
	list := make([]*adminv1.Call, 120)
	for i := range list {
		s := all[i%len(all)]
		c := &adminv1.Call{
			Id:        fmt.Sprintf("req_0199e5c1%04d7d1e7a529d0b6f2d", i),
			StartTime: ago(time.Duration(i*i) * 9 * time.Second), Node: "dp-fra-1", Endpoint: "/v1/chat/completions",
			Model: "gpt-4o", Group: "chat-default", ApiKey: keys[i%3], Stream: true, Outcome: s.outcome, Status: s.status,
			ErrorCode: s.code, Attempts: s.attempts, AttemptCount: int32(len(s.attempts)), Overhead: ms(1), Cost: "0", Usage: &adminv1.Usage{},
		}
		finish(c)
		list[i] = c
	}
	return list
}

// finish fills in what follows from the attempts.
func finish(c *adminv1.Call) {
	if len(c.GetAttempts()) == 0 {
		c.Model, c.Group, c.Duration = "gpt-5-turbo", "", ms(1)
		return
	}
	last := c.GetAttempts()[len(c.GetAttempts())-1]
	switch last.GetModel() {
	case "deepseek-chat":
		c.Group, c.Model = "fast-cheap", "fast-cheap"
	case "deepseek-reasoner":
		c.Group, c.Model = "reasoning", "reasoning"
	case "text-embedding-3-large":
		c.Group, c.Model, c.Endpoint, c.Stream = "embeddings", "embeddings", "/v1/embeddings", false
	}
	c.Duration = durationpb.New(last.GetStartOffset().AsDuration() + last.GetDuration().AsDuration())
	if c.GetOutcome() != "ok" {
		return
	}
	c.Provider, c.UpstreamModel = last.GetProvider(), last.GetModel()
	if last.GetFirstTokenLatency() != nil {
		c.FirstTokenLatency = durationpb.New(last.GetStartOffset().AsDuration() + last.GetFirstTokenLatency().AsDuration())
	}
	c.Usage = &adminv1.Usage{InputTokens: 1843, CachedInputTokens: 1024, OutputTokens: 412, Source: "upstream"}
	c.Cost = "0.007403"
}
