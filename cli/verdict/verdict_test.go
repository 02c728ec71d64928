package verdict_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/verdict"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestVerdicts(t *testing.T) {
	t.Parallel()
	test := func(r adminv1.TestResult) proto.Message {
		return &adminv1.TestProviderResponse{Step: adminv1.TestStep_TEST_STEP_TLS, Result: r, Detail: "its certificate has expired"}
	}
	node := &adminv1.UnconfirmedNode{Name: "node-2"}
	for name, tt := range map[string]struct {
		answer proto.Message
		code   int
		text   string
	}{
		"a step went well":  {test(adminv1.TestResult_TEST_RESULT_OK), 0, ""},
		"a step is skipped": {test(adminv1.TestResult_TEST_RESULT_SKIPPED), 0, ""},
		"a step failed":     {test(adminv1.TestResult_TEST_RESULT_FAILED), 9, "the test failed at tls: its certificate has expired"},
		"an import is done": {&adminv1.ImportModelsResponse{Stage: adminv1.ImportStage_IMPORT_STAGE_DONE}, 0, ""},
		"an import failed": {
			&adminv1.ImportModelsResponse{Provider: "p", Stage: adminv1.ImportStage_IMPORT_STAGE_FAILED, Error: "404"}, 9, "the import of p failed: 404",
		},
		"a preview went well": {&adminv1.PreviewImportResponse{Plans: []*adminv1.ImportPlan{{Provider: "p"}}}, 0, ""},
		"one of a preview did not": {
			&adminv1.PreviewImportResponse{Plans: []*adminv1.ImportPlan{{Provider: "p"}, {Provider: "q", Error: "404"}}}, 9, "q cannot be imported: 404",
		},
		"a preview is under way":    {&adminv1.FollowImportPreviewResponse{Provider: "p", Listed: 3}, 0, ""},
		"a followed preview failed": {&adminv1.FollowImportPreviewResponse{Plans: []*adminv1.ImportPlan{{Provider: "p", Error: "404"}}}, 9, "p cannot be imported: 404"},
		"a message is taken":        {&adminv1.TestAlertChannelResponse{Delivered: true}, 0, ""},
		"a message is not":          {&adminv1.TestAlertChannelResponse{Error: "it answered 500"}, 9, "the test message was not accepted: it answered 500"},
		"all nodes confirmed":       {&adminv1.RevokeApiKeyResponse{Receipt: &adminv1.RevocationReceipt{Confirmed: []string{"node-1"}}}, 0, ""},
		"one has not": {
			&adminv1.RevokeApiKeyResponse{Receipt: &adminv1.RevocationReceipt{Confirmed: []string{"node-1"}, Unconfirmed: []*adminv1.UnconfirmedNode{node}}},
			9, "the key is revoked, but 1 of 2 nodes have not confirmed that they refuse it: node-2",
		},
		"anything else": {&adminv1.ListNodesResponse{}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := verdict.Of(tt.answer)
			if exit.Code(err) != tt.code || err != nil && err.Error() != tt.text {
				t.Errorf("%d %v, want %d %q", exit.Code(err), err, tt.code, tt.text)
			}
		})
	}
}
