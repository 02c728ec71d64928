package choice

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		message proto.Message
		field   protoreflect.Name
		word    string // one of them; empty: any text
	}{
		{&adminv1.CallFilter{}, "outcome", "rate_limited"},
		{&adminv1.CallFilter{}, "attempt_outcome", "rate_limited"},
		{&adminv1.UsageFilter{}, "outcome", "rate_limited"},
		{&adminv1.ExplainGroupRequest{}, "endpoint", "chat/completions"},
		{&adminv1.ExplainGroupsRequest{}, "endpoint", "messages"},
		{&adminv1.AlertChannel{}, "events", "node_lost"},
		{&adminv1.ListAlertsRequest{}, "event", "node_lost"},
		{&adminv1.PreviewTranslationRequest{}, "dialect", "gemini"},
		{&adminv1.AuditFilter{}, "outcome", ""},
		{&adminv1.Provider{}, "name", ""},
		{&adminv1.ApiKey{}, "groups", ""},
		{&adminv1.ListCallsRequest{}, "page_size", ""},
	} {
		f := tt.message.ProtoReflect().Descriptor().Fields().ByName(tt.field)
		if words := Of(f); len(words) > 0 != (tt.word != "") || tt.word != "" && !slices.Contains(words, tt.word) {
			t.Errorf("%s: %q", f.FullName(), words)
		}
	}
}
