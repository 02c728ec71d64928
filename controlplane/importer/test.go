package importer

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// precision is how exactly it is told how long a step took.
const precision = 100 * time.Microsecond

// Test tests a provider step by step, and tells each step to emit. A provider that fails
// is a result, not an error.
func (i *Importer) Test(ctx context.Context, req *adminv1.TestProviderRequest, emit func(*adminv1.TestProviderResponse) error) error {
	u, err := i.tested(req)
	if err != nil {
		return err
	}
	to, _, err := target(u, req.GetCredential())
	if err != nil {
		return err
	}
	model, err := chatModel(u.Provider, req)
	if err != nil {
		return err
	}
	return i.cfg.Remote.Test(ctx, to, model, func(s remote.Step) error {
		res := &adminv1.TestProviderResponse{Step: s.Step, Result: s.Result, Detail: s.Detail}
		if s.Result != adminv1.TestResult_TEST_RESULT_SKIPPED {
			res.Duration = durationpb.New(max(s.Took.Round(precision), precision))
		}
		return emit(res)
	})
}

func (i *Importer) tested(req *adminv1.TestProviderRequest) (*controlplane.Upstream, error) {
	switch {
	case req.GetProvider() != nil:
		return i.cfg.Opener.DraftUpstream(req.GetProvider())
	case req.GetName() != "":
		return i.cfg.Opener.Upstream(req.GetName())
	}
	return nil, errs.Invalid(errs.Violation{Field: "name", Description: "is required: the name of a provider, or a provider that is not saved yet"})
}

// chatModel is the id of the model to chat with; "" when no chat is asked for.
func chatModel(p *adminv1.Provider, req *adminv1.TestProviderRequest) (string, error) {
	if !req.GetChat() {
		return "", nil
	}
	for _, m := range p.GetModels() {
		if req.GetModel() == "" || m.GetId() == req.GetModel() || m.GetAlias() == req.GetModel() {
			return m.GetId(), nil
		}
	}
	if req.GetModel() == "" {
		return "", errs.Invalid(errs.Violation{Field: "model", Description: "is required for a chat: the provider has no models yet"})
	}
	return req.GetModel(), nil
}
