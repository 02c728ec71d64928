package config

import (
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// alertChannel seals the secret that is given or keeps the stored one, which follows its
// endpoint as that of a provider does.
func (in *normalizer) alertChannel(c *controlplane.Config, t *normalized, d, before *adminv1.AlertChannel) ([]errs.Violation, error) {
	s := controlplane.SecretOf(d)
	if s == nil {
		return nil, nil // Validate says so
	}
	have := controlplane.SecretOf(before)
	if have != nil && (have.Way != s.Way || *have.Ref == "") {
		have = nil
	}
	fault := func(format string, args ...any) ([]errs.Violation, error) {
		return []errs.Violation{{
			Field:       controlplane.FieldPath(controlplane.KindAlertChannel, d.GetName(), s.Way+"."+s.Field),
			Description: fmt.Sprintf(format, args...),
		}}, nil
	}
	secret := *s.Given
	*s.Given = ""
	switch {
	case s.Unwanted != "" && secret != "":
		return fault("%s", s.Unwanted)
	case s.Unwanted != "":
		return nil, nil
	case secret == "" && have == nil:
		return fault("is required: none is stored")
	case secret == "" && have.Endpoint != s.Endpoint:
		return fault("must be given again, because %s moves to another place", s.MovedBy)
	case secret == "":
		s.Keep(have)
		return nil, nil
	}
	if text := s.Fault(secret); text != "" {
		return fault("%s", text)
	}
	if have != nil && in.isStored(c, *have.Ref, have.Binding(d.GetName()), secret) {
		s.Keep(have)
		return nil, nil
	}
	ref, err := in.seal(t, s.Binding(d.GetName()), secret)
	if err != nil {
		return nil, err
	}
	*s.Ref, *s.Hint, *s.SetTime = ref, apikey.LastFour(secret), timestamppb.New(in.now)
	return nil, nil
}
