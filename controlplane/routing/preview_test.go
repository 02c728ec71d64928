package routing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/routing"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// previewConfig has a group of members that speak different dialects.
func previewConfig(translation string) *controlplane.Config {
	var resources []*controlplane.Resource
	group := &adminv1.Group{Name: "mixed", Policy: &adminv1.FailoverPolicy{Translation: translation}}
	for i, api := range []string{"messages", "chat", "gemini", "responses"} {
		p := &adminv1.Provider{Name: api, Endpoints: []*adminv1.Endpoint{{Api: api}}, Models: []*adminv1.Model{{Id: "m"}}, Credentials: []*adminv1.Credential{{Name: "k"}}}
		resources = append(resources, &controlplane.Resource{Kind: controlplane.KindProvider, Name: api, Spec: p})
		group.Members = append(group.Members, &adminv1.Member{Provider: api, Model: "m", Priority: int32(i)})
	}
	vague := &adminv1.Provider{Name: "vague", Models: []*adminv1.Model{{Id: "m", MaxOutputTokens: 100}}}
	resources = append(resources, &controlplane.Resource{Kind: controlplane.KindProvider, Name: "vague", Spec: vague}, &controlplane.Resource{Kind: controlplane.KindGroup, Name: "mixed", Spec: group})
	group.Members = append(group.Members, &adminv1.Member{Provider: "vague", Model: "m", Priority: 9})
	return controlplane.NewConfig(1, "lineage", resources, nil)
}

// previewed writes what each member would be told, those that are left out last.
func previewed(t *testing.T, translation, dialect, body string, nodes ...*adminv1.Node) string {
	t.Helper()
	call, err := routing.ReadCall(dialect, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	v := routing.NewView(previewConfig(translation), nodes)
	group, _ := v.Group("mixed")
	route := v.ExplainCall(group, call)
	var lines []string
	for _, c := range append(route.GetCandidates(), route.GetLeftOut()...) {
		line := c.GetProvider()
		if tr := c.GetTranslation(); tr != nil {
			line += " > " + tr.GetTo()
			if tr.GetUncertain() {
				line += "?"
			}
			for _, part := range []struct{ what, text string }{
				{"~", strings.Join(tr.GetApproximated(), ",")}, {"-", strings.Join(tr.GetDropped(), ",")}, {"!", tr.GetRefused()},
			} {
				if part.text != "" {
					line += " " + part.what + part.text
				}
			}
			if (tr.GetRefused() == "") != (tr.GetReason() == "") {
				t.Errorf("%s: refused %q with the reason %q", line, tr.GetRefused(), tr.GetReason())
			}
		}
		if reason := c.GetLeftOutReason(); reason != 0 {
			line += " (" + strings.TrimPrefix(reason.String(), "LEFT_OUT_REASON_") + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestWhatMembersWouldBeTold(t *testing.T) {
	t.Parallel()
	const thinking = `{"model":"mixed","messages":[{"role":"user","content":"hi"}],"reasoning_effort":"high","logit_bias":{"1":2}}`
	for name, tt := range map[string]struct{ translation, dialect, body, want string }{
		"allowed": {"allow", "chat", thinking,
			"messages > messages ~max_tokens,thinking -logit_bias\nchat\ngemini > gemini ~effort -logit_bias\nresponses > responses -logit_bias\nvague"},
		"strict": {"strict", "chat", thinking,
			"chat\nresponses > responses -logit_bias\nvague\nmessages > messages !max_tokens (NOT_TRANSLATABLE)\ngemini > gemini !effort (NOT_TRANSLATABLE)"},
		"off": {"off", "chat", thinking,
			"chat\nvague\nmessages (API_MISSING)\ngemini (API_MISSING)\nresponses (API_MISSING)"},
		"refused": {"allow", "responses", `{"model":"mixed","input":"hi","previous_response_id":"resp_1","metadata":{"a":"b"}}`,
			"responses\nvague > chat? !previous_response_id\nmessages > messages !previous_response_id (NOT_TRANSLATABLE)\nchat > chat !previous_response_id (NOT_TRANSLATABLE)\ngemini > gemini !previous_response_id (NOT_TRANSLATABLE)"},
	} {
		if got := previewed(t, tt.translation, tt.dialect, tt.body); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tt.want)
		}
	}
}

// What nodes have learned of a model, and what the catalogue knows of it, counts as it would for the call.
func TestAPreviewKnowsTheModel(t *testing.T) {
	t.Parallel()
	const body = `{"model":"mixed","max_tokens":50,"messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled","budget_tokens":4096}}`
	learned := &adminv1.Node{Name: "n", Connected: true, Refusals: []*adminv1.LearnedRefusal{{Provider: "chat", Model: "m", Endpoint: "chat/completions", Parameter: "reasoning_effort"}}}
	plain, knowing := previewed(t, "allow", "messages", body), previewed(t, "allow", "messages", body, learned)
	if plain == knowing || !strings.Contains(knowing, "chat > chat -thinking") {
		t.Errorf("a model that takes no effort is told\n%s\nany other\n%s", knowing, plain)
	}
}

func TestARequestThatNobodyCouldSend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ dialect, body, want string }{
		{"chat", "{", "JSON"}, {"chat", `[]`, ""}, {"chat", `{"messages":"hi"}`, "messages"}, {"klingon", `{}`, "dialect"}, {"gemini", `{"contents":7}`, "contents"},
	} {
		if _, err := routing.ReadCall(tt.dialect, []byte(tt.body)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v", tt.dialect, tt.body, err)
		}
	}
}

// Members that differ in nothing but their names are told the same, but for what only one account can read.
func TestAPreviewKnowsWhoseThoughtsTheyAre(t *testing.T) {
	t.Parallel()
	group := &adminv1.Group{Name: "mixed"}
	var resources []*controlplane.Resource
	for _, name := range []string{"own", "other", "third"} {
		p := &adminv1.Provider{Name: name, Endpoints: []*adminv1.Endpoint{{Api: "messages"}}, Models: []*adminv1.Model{{Id: "m-" + name, MaxOutputTokens: 100}}, Credentials: []*adminv1.Credential{{Name: "k"}}}
		resources = append(resources, &controlplane.Resource{Kind: controlplane.KindProvider, Name: name, Spec: p})
		group.Members = append(group.Members, &adminv1.Member{Provider: name, Model: "m-" + name, Priority: 1})
	}
	resources = append(resources, &controlplane.Resource{Kind: controlplane.KindGroup, Name: "mixed", Spec: group})
	thought := &form.Opaque{Origin: form.OriginOf("own", "k"), Kind: "messages", Raw: `{"type":"thinking","thinking":"hm","signature":"s"}`}
	for _, sealed := range []string{thought.Carry(), ""} {
		body := `{"model":"mixed","input":[{"type":"message","role":"user","content":"hi"},` +
			`{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"` + sealed + `"},{"type":"message","role":"user","content":"go on"}]}`
		call, err := routing.ReadCall("responses", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		v := routing.NewView(controlplane.NewConfig(1, "lineage", resources, nil), nil)
		whole, _ := v.Group("mixed")
		got := map[string][]string{}
		for _, c := range v.ExplainCall(whole, call).GetCandidates() {
			losses := strings.Join(c.GetTranslation().GetDropped(), ",")
			got[losses] = append(got[losses], c.GetProvider())
		}
		if sealed != "" && (len(got) != 2 || !slices.Equal(got[""], []string{"own"})) || sealed == "" && len(got) != 1 {
			t.Errorf("sealed %q: dropped of %v", sealed, got)
		}
	}
}
