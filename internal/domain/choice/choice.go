// Package choice knows the fields of text that may hold a few words only, although they are no enum, because their set
// grows. The admin API refuses others, and the command line completes them.
package choice

import (
	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
	"github.com/trunkline-ai/trunkline/internal/domain/outcome"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Of are the words of a field; nil: it may hold any text.
func Of(f protoreflect.FieldDescriptor) []string {
	switch f.FullName() {
	case "trunkline.admin.v1.CallFilter.outcome", "trunkline.admin.v1.CallFilter.attempt_outcome", "trunkline.admin.v1.UsageFilter.outcome":
		return outcome.Names()
	case "trunkline.admin.v1.ExplainGroupRequest.endpoint", "trunkline.admin.v1.ExplainGroupsRequest.endpoint":
		return fieldrule.Endpoints
	case "trunkline.admin.v1.ListAlertsRequest.event":
		f = (*adminv1.AlertChannel)(nil).ProtoReflect().Descriptor().Fields().ByName("events")
	}
	rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
	if items := rules.GetRepeated().GetItems(); items != nil {
		rules = items
	}
	return rules.GetString().GetIn()
}
