// Package verdict says of answers of the admin API whether they are what was wanted: a request that
// was answered may still have found a provider that does not work.
package verdict

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli/enumname"
	"github.com/trunkline-ai/trunkline/cli/exit"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Of is an error of package exit when the answer, or one of many, is not what was wanted; else nil.
func Of(answer proto.Message) error {
	switch m := answer.(type) {
	case *adminv1.TestProviderResponse:
		if m.GetResult() == adminv1.TestResult_TEST_RESULT_FAILED {
			return exit.NotReachedf("the test failed at %s: %s", enumname.Of(m.GetStep()), m.GetDetail())
		}
	case *adminv1.ImportModelsResponse:
		if m.GetStage() == adminv1.ImportStage_IMPORT_STAGE_FAILED {
			return exit.NotReachedf("the import of %s failed: %s", m.GetProvider(), m.GetError())
		}
	case *adminv1.PreviewImportResponse:
		return ofPlans(m.GetPlans())
	case *adminv1.FollowImportPreviewResponse:
		return ofPlans(m.GetPlans())
	case *adminv1.TestAlertChannelResponse:
		if !m.GetDelivered() {
			return exit.NotReachedf("the test message was not accepted: %s", m.GetError())
		}
	case *adminv1.VerifyAuditEventsResponse:
		if !m.GetIntact() {
			return exit.NotReachedf("the audit log is not what was written: event %d: %s", m.GetBrokenSequence(), m.GetReason())
		}
	case *adminv1.RevokeApiKeyResponse:
		if n := len(m.GetReceipt().GetUnconfirmed()); n > 0 {
			return exit.NotReachedf("the key is revoked, but %d of %d nodes have not confirmed that they refuse it: %s",
				n, n+len(m.GetReceipt().GetConfirmed()), names(m.GetReceipt().GetUnconfirmed()))
		}
	}
	return nil
}

// ofPlans tells the first import that is not possible.
func ofPlans(plans []*adminv1.ImportPlan) error {
	for _, p := range plans {
		if p.GetError() != "" {
			return exit.NotReachedf("%s cannot be imported: %s", p.GetProvider(), p.GetError())
		}
	}
	return nil
}

// names lists the first few nodes.
func names(nodes []*adminv1.UnconfirmedNode) string {
	const most = 5
	var list []string
	for _, n := range nodes[:min(len(nodes), most)] {
		list = append(list, n.GetName())
	}
	if len(nodes) > most {
		list = append(list, "...")
	}
	return strings.Join(list, ", ")
}
