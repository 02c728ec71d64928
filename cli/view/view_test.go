package view_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/cli/output"
	"github.com/trunkline-ai/trunkline/cli/view"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// TestRows: each kind in a state that is not the plain one.
func TestRows(t *testing.T) {
	t.Parallel()
	at := &timestamppb.Timestamp{Seconds: 1795431600}
	const then = "2026-11-23T11:00:00Z"
	for _, tc := range []struct {
		in   proto.Message
		want string
	}{
		{&adminv1.Provider{Name: "p", Dialect: "fake", Enabled: new(false), UpdateTime: at}, "p|fake|-|0|0|no|" + then},
		{&adminv1.Credential{Name: "c"}, "c|-|yes|-"},
		{&adminv1.Model{Id: "m", Price: &adminv1.Price{Input: "1", CachedInput: "0.5", PerCall: "0.01"}, ContextWindow: 128000}, "m|-|in 1, cached 0.5, per call 0.01|128000|-"},
		{&adminv1.Model{Id: "m", Imported: &adminv1.ModelImport{}}, "m|-|-|-|import"},
		{&adminv1.Model{Id: "m", Imported: &adminv1.ModelImport{GoneTime: at}}, "m|-|-|-|import, gone since 2026-11-23"},
		{&adminv1.ImportedModel{Id: "m", Action: adminv1.ImportAction_IMPORT_ACTION_CHANGE, Alias: "a", Price: &adminv1.Price{Input: "2"}, PriceSource: "provider",
			ContextWindow: 8, Changes: []string{"price: in 1 -> in 2"}, Note: "listed again", Groups: []string{"g"}},
			"m|change|a|in 2|provider|8|price: in 1 -> in 2; listed again; used by g"},
		{&adminv1.ImportedModel{Id: "m", Action: adminv1.ImportAction_IMPORT_ACTION_ADD, Price: &adminv1.Price{Input: "2"}, PriceSource: "catalogue", PricesLeftOut: []string{"input_cost_per_pixel", "search"}},
			"m|add|-|in 2|catalogue|-|not in its price: input_cost_per_pixel, search"},
		{&adminv1.ImportModelsResponse{Provider: "p", Stage: adminv1.ImportStage_IMPORT_STAGE_READING, Counts: &adminv1.ImportCounts{Listed: 40}}, "p|reading|40 listed"},
		{&adminv1.ImportModelsResponse{Stage: adminv1.ImportStage_IMPORT_STAGE_WRITING}, "-|writing|-"},
		{&adminv1.ImportModelsResponse{Provider: "p", Stage: adminv1.ImportStage_IMPORT_STAGE_FAILED, Error: "it refuses the credential (401)"}, "p|failed|it refuses the credential (401)"},
		{&adminv1.ImportModelsResponse{Provider: "p", Stage: adminv1.ImportStage_IMPORT_STAGE_DONE, Revision: 7, Import: "x", Counts: &adminv1.ImportCounts{Listed: 40, Added: 2, Gone: 1}},
			"p|done|2 added, 1 gone, of 40 listed; revision 7, import x"},
		{&adminv1.ImportRun{Id: "x", Provider: "p", StartTime: at, Actor: "schedule", Error: "it does not answer in time", NextStartTime: at}, then + "|p|schedule|-|failed: it does not answer in time|" + then + "|x"},
		{&adminv1.ImportRun{Id: "x", Provider: "p", Actor: "user:ann", Duration: durationpb.New(1e9)}, "-|p|user:ann|1s|nothing, of 0 listed|-|x"},
		{&adminv1.TestProviderResponse{Step: adminv1.TestStep_TEST_STEP_TLS, Result: adminv1.TestResult_TEST_RESULT_FAILED, Duration: durationpb.New(2e6), Detail: "its certificate has expired"},
			"tls|failed|2ms|its certificate has expired"},
		{&adminv1.Member{Provider: "p", Model: "m"}, "0|p|m|1|yes"},
		{&adminv1.ApiKey{Name: "k", Prefix: "sk-tl-", LastFour: "wxyz", Owner: "ops", Tags: []string{"a", "b"}, State: adminv1.ApiKeyState_API_KEY_STATE_ACTIVE}, "k|sk-tl-...wxyz|-|ops|a, b|active|never|-"},
		{&adminv1.ApiKey{Name: "k"}, "k|-|-|-|-|-|never|-"},
		{&adminv1.FailureKeyword{Name: "f", Keyword: "overloaded"}, "f|overloaded|everywhere|fail over|yes|-"},
		{&adminv1.FailureKeyword{Name: "f", Pattern: "(?i)over", Count: true, Scopes: []string{"answer", "stream"}, Providers: []string{"p"}, Groups: []string{"g", "h"}},
			"f|/(?i)over/|answer, stream of p for g, h|fail over, count|yes|-"},
		{&adminv1.FailureKeyword{Name: "f", Keyword: "x", LogOnly: true, Enabled: new(false)}, "f|x|everywhere|note|no|-"},
		{&adminv1.AlertChannel{Name: "c", Webhook: &adminv1.AlertWebhook{Url: "https://a.example/x"}, EffectiveDigest: durationpb.New(30e9)}, "c|webhook|https://a.example/x|all|30s|yes|-"},
		{&adminv1.AlertChannel{Name: "c", Slack: &adminv1.AlertSlack{SecretHint: "wxyz"}, Events: []string{"budget", "drift"}, Enabled: new(false)}, "c|slack|...wxyz|budget, drift|-|no|-"},
		{&adminv1.AlertChannel{Name: "c", Email: &adminv1.AlertEmail{To: []string{"a@example.com", "b@example.com"}}}, "c|email|a@example.com, b@example.com|all|-|yes|-"},
		{&adminv1.Alert{Event: "budget", State: adminv1.AlertState_ALERT_STATE_FIRING, Summary: "half is spent"}, "firing|budget|half is spent|-|-"},
		{&adminv1.AlertDelivery{Id: "d", Channel: "c", State: adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_FAILED, Attempts: 10, Error: "it answered 500", Alerts: []*adminv1.Alert{{}, {}}, Omitted: 3}, "-|c|failed|5|10|-|it answered 500|d"},
		{&adminv1.AlertDelivery{Id: "d", Channel: "c", State: adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_SENT, Attempts: 1, Test: true}, "-|c|sent|test|1|-|-|d"},
		{&adminv1.Group{Name: "g", Selection: "weighted", ApiKeyCount: 3}, "g|-|-|weighted|3|yes|-"},
		{&adminv1.Candidate{Provider: "p", Model: "m", Priority: 2, Weight: 1, State: adminv1.TargetState_TARGET_STATE_COOLING, Reason: "busy", Remaining: durationpb.New(9e9), Failures: 5, Threshold: 5, Nodes: []string{"a", "b"}, Role: adminv1.CandidateRole_CANDIDATE_ROLE_LAST_RESORT},
			"p|m|2|1|-|cooling|last-resort|-|9s|5/5|a, b|busy"},
		{&adminv1.Candidate{Provider: "p", Model: "m", Weight: 1, State: adminv1.TargetState_TARGET_STATE_DISABLED, LeftOutReason: adminv1.LeftOutReason_LEFT_OUT_REASON_MEMBER_DISABLED},
			"p|m|0|1|-|disabled|-|-|-|-|-|member-disabled"},
		{&adminv1.Candidate{Provider: "p", Model: "m", Weight: 1, State: adminv1.TargetState_TARGET_STATE_HEALTHY, Role: adminv1.CandidateRole_CANDIDATE_ROLE_SERVING, Share: 1, Credential: "second"}, "p|m|0|1|-|healthy|serving|100.0%|-|-|-|credential second"},
		{&adminv1.Candidate{Provider: "p", Model: "m", Weight: 1, State: adminv1.TargetState_TARGET_STATE_HEALTHY, Credential: "second", Translation: &adminv1.CandidateTranslation{
			To: "messages", Uncertain: true, Approximated: []string{"thinking"}, Dropped: []string{"n", "user"}}},
			"p|m|0|1|-|healthy|-|-|-|-|-|credential second; -> messages unless it speaks the client's; approximated: thinking; dropped: n, user"},
		{&adminv1.Candidate{Provider: "p", Model: "m", Weight: 1, State: adminv1.TargetState_TARGET_STATE_HEALTHY, Translation: &adminv1.CandidateTranslation{
			To: "chat", Refused: "previous_response_id", Reason: "it is of another API"}},
			"p|m|0|1|-|healthy|-|-|-|-|-|-> chat; refused: previous_response_id (it is of another API)"},
		{&adminv1.GroupRoute{Group: "g", State: adminv1.TargetState_TARGET_STATE_DEGRADED, Reason: adminv1.GroupRouteReason_GROUP_ROUTE_REASON_FIRST_NOT_SERVING, Candidates: []*adminv1.Candidate{
			{Provider: "p", Model: "m", Role: adminv1.CandidateRole_CANDIDATE_ROLE_SERVING, Share: 0.75}, {Provider: "q", Model: "m", Role: adminv1.CandidateRole_CANDIDATE_ROLE_SERVING, Share: 0.25},
			{Provider: "r", Model: "m", Role: adminv1.CandidateRole_CANDIDATE_ROLE_LAST_RESORT},
		}, LeftOut: []*adminv1.Candidate{{}}}, "g|degraded|p/m 75.0%, q/m 25.0%|-|3|1|first-not-serving"},
		{&adminv1.GroupRoute{Group: "g", State: adminv1.TargetState_TARGET_STATE_HEALTHY, Candidates: []*adminv1.Candidate{
			{Provider: "p", Model: "m", Role: adminv1.CandidateRole_CANDIDATE_ROLE_SERVING, Share: 1}, {Provider: "q", Model: "m", Role: adminv1.CandidateRole_CANDIDATE_ROLE_NEXT},
		}}, "g|healthy|p/m|q/m|2|0|-"},
		{&adminv1.TargetHealth{Provider: "p", Credential: "main", State: adminv1.TargetState_TARGET_STATE_COOLING, Remaining: durationpb.New(4e9), Reason: "rate_limited", Failures: 1, Threshold: 5, Nodes: []string{"a"}},
			"-|main|cooling|4s|1/5|a|rate_limited"},
		{&adminv1.ProviderHealth{Provider: "p", State: adminv1.TargetState_TARGET_STATE_COOLING, Remaining: durationpb.New(4e9), Reason: "rate_limited", ModelCount: 3, Groups: []string{"g", "h"},
			Targets: []*adminv1.TargetHealth{{Provider: "p", Credential: "main", State: adminv1.TargetState_TARGET_STATE_COOLING, Remaining: durationpb.New(4e9), Reason: "rate_limited"}},
		}, "p|cooling|4s|0/3|g, h|rate_limited|p key main cooling 4s (rate_limited)"},
		{&adminv1.LearnedRefusal{Provider: "p", Model: "m", Endpoint: "chat/completions", Parameter: "temperature", Value: "0.2", Caller: "app", SinceTime: at, UntilTime: at, Nodes: []string{"a", "b"}},
			"m|chat/completions|temperature=0.2|app|" + then + "|" + then + "|a, b"},
		{&adminv1.LearnedRefusal{Model: "m", Endpoint: "embeddings"}, "m|embeddings|endpoint embeddings|-|-|-|-"},
		{&adminv1.Candidate{Provider: "p", Model: "m", Weight: 1, Refusals: []*adminv1.LearnedRefusal{{Parameter: "tools"}, {Parameter: "seed"}}}, "p|m|0|1|-|unspecified|-|-|-|-|-|refuses tools, seed"},
		{&adminv1.Gap{Id: "i", Node: "n", StartTime: at, EndTime: at, CallsUnknown: true, Reason: "killed"}, then + "|" + then + "|n|unknown|killed|no|i"},
		{&adminv1.Gap{Id: "i", Node: "n", StartTime: at, EndTime: at, Calls: 7, Reason: "full", Summed: true}, then + "|" + then + "|n|7|full|yes|i"},
		{&adminv1.KeywordHit{CallId: "c", Provider: "p", Text: "is overloaded"}, "c|p|is overloaded"},
		{&adminv1.Settings{}, "-|defaults|default"},
		{&adminv1.Token{Name: "t", Role: adminv1.Role_ROLE_OPERATOR, LastFour: "abcd", CreateTime: at, ExpireTime: at}, "t|-|operator|...abcd|" + then + "|-|" + then},
		{&adminv1.User{Name: "u", Role: adminv1.Role_ROLE_VIEWER, Disabled: true, TotpEnabled: true, SignInTime: at}, "u|viewer|disabled|yes|" + then},
		{&adminv1.Session{Id: "i", User: "u", Address: "::1", UserAgent: "b", CreateTime: at, UseTime: at}, "i|u|::1|b|" + then + "|" + then},
		{&adminv1.Call{Id: "c", Outcome: "failed", ErrorCode: "no_provider", Status: 502}, "-|c|-|-|failed (no_provider)|502|-|0|-|-|-"},
		{&adminv1.Attempt{Provider: "p", Model: "m", Outcome: "first_token_timeout", WorkingLatency: durationpb.New(2e9), Again: true, OpaqueItemsCut: 3, FieldRules: []string{"drop user"}},
			"p|m|-|-|-|-|-|first_token_timeout|(working since 2s) (once more) (without 3 opaque items) (field rules: drop user)"},
		{&adminv1.Attempt{Provider: "p", Model: "m", Outcome: "timeout", LastResort: true}, "p|m|-|-|-|-|-|timeout|(last resort)"},
		{&adminv1.SkippedMember{Provider: "p", Model: "m", Reason: "busy", UntilTime: at}, "p|m|busy|" + then},
		{&adminv1.UsageRow{Total: &adminv1.UsageTotals{Calls: 3, OkCalls: 2, Cost: "0.5", Duration: &adminv1.UsageQuantiles{P95: durationpb.New(2e9)}}},
			"-|3|2|0|0|0|0|0|0.5|-|2s|-|-"},
		{&adminv1.UsageSeries{Other: true, Total: &adminv1.UsageTotals{FailedOverCalls: 4, SavedCalls: 1, Cost: "0"}}, "(others)|0|0|4|1|0|0|0|0|-|-|-|-"},
		{&adminv1.UsagePoint{StartTime: at, Total: &adminv1.UsageTotals{InputTokens: 9, CachedInputTokens: 8, OutputTokens: 7, Cost: "1"}}, then + "|0|0|0|0|9|8|7|1|-|-|-|-"},
		{&adminv1.Node{Name: "n", Error: "bad group", Targets: []*adminv1.TargetHealth{
			{Provider: "p", State: adminv1.TargetState_TARGET_STATE_COOLING, Remaining: durationpb.New(12e9), Reason: "rate_limited", Failures: 5, Threshold: 5},
			{Provider: "p", Model: "m", Credential: "main", State: adminv1.TargetState_TARGET_STATE_DEGRADED, Failures: 2, Threshold: 5},
		}}, "n|-|unspecified|0|0|0|0|-|p cooling 12s (rate_limited), p/m key main degraded 2/5|bad group"},
		{&adminv1.Node{Name: "of a newer server", State: 99}, "of a newer server|-|99|0|0|0|0|-|-|-"},
	} {
		var out bytes.Buffer
		p := &output.Printer{Out: &out, Notes: &out, Format: output.Table, Views: view.All()}
		if err := p.Row(tc.in); err != nil {
			t.Fatal(err)
		}
		if got := cells(out.String()); got != tc.want {
			t.Errorf("%T is\n%s\nwant\n%s", tc.in, got, tc.want)
		}
	}
}

// cells gives the second line with a bar between columns, which the header's spaces tell apart.
func cells(table string) string {
	header, row, _ := strings.Cut(strings.TrimRight(table, "\n"), "\n")
	var starts []int
	for i := range header {
		if header[i] != ' ' && (i == 0 || strings.HasSuffix(header[:i], "  ")) {
			starts = append(starts, i)
		}
	}
	var out []string
	for i, from := range starts {
		to := len(row)
		if i+1 < len(starts) {
			to = min(starts[i+1], len(row))
		}
		out = append(out, strings.TrimSpace(row[from:to]))
	}
	return strings.Join(out, "|")
}
