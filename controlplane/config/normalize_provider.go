package config

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// provider seals the secrets that are given and keeps the others. A secret follows its
// URL: when the provider moves to another scheme, host or port, none is kept, so that
// nobody can have stored keys sent to a host of their own.
func (in *normalizer) provider(c *controlplane.Config, t *normalized, d, before *adminv1.Provider) (violations []errs.Violation, err error) {
	violations = in.dialect(d)
	why := moved(d, before)
	stored := map[string]controlplane.Sealed{}
	if before != nil {
		for part := range controlplane.SealedParts(before) {
			stored[part.Key()] = part
		}
	}
	for part := range controlplane.SealedParts(d) {
		fault := func(format string, args ...any) {
			violations = append(violations, errs.Violation{
				Field:       controlplane.FieldPath(controlplane.KindProvider, d.GetName(), part.Path()),
				Description: fmt.Sprintf(format, args...),
			})
		}
		secret := part.TakeSecret()
		have, known := stored[part.Key()]
		switch {
		case part.List == "proxy" && d.GetProxy().GetUsername() == "":
			if secret != "" {
				fault("needs a username beside it")
			}
		case !needsSecret(part):
			if secret != "" {
				fault("is not used: the credential is the identity of the machine that calls")
			}
		case secret == "" && !known && part.At < 0:
			fault("is required: none is stored")
		case secret == "" && !known:
			fault("is required: none is stored for a %s named %q", part.Noun(), part.GetName())
		case secret == "" && why != "":
			fault("must be given again, because %s", why)
		case secret == "" && destination(have) != destination(part):
			fault("must be given again, because the credential's kind, or the host that the secret is sent to, is another")
		case secret == "":
			part.Keep(have)
		case isFile(part) && len(secret) > maxSecret:
			fault("has more than %d bytes", maxSecret)
		case !isFile(part) && !sendable(secret):
			fault("must be at most %d ASCII characters, without control characters and without spaces at either end", maxSecret)
		case mintedFault(part, secret) != "":
			fault("%s", mintedFault(part, secret))
		case known && in.isStored(c, have.GetSecretRef(), have.Binding(controlplane.KindProvider, d.GetName()), secret):
			part.Keep(have)
		default:
			ref, err := in.seal(t, part.Binding(controlplane.KindProvider, d.GetName()), secret)
			if err != nil {
				return nil, err
			}
			hint := apikey.LastFour(secret)
			if isFile(part) {
				hint = "" // the end of a file says nothing
			}
			part.Refer(ref, hint, timestamppb.New(in.now))
		}
	}
	return append(violations, in.clientCertificate(c, t, d)...), nil
}

// dialect refuses what lives in the all-in-one only where there is none.
func (in *normalizer) dialect(p *adminv1.Provider) []errs.Violation {
	if d, ok := dialect.Find(p.GetDialect()); !ok || !d.AllInOneOnly || in.allInOne {
		return nil
	}
	return []errs.Violation{{
		Field:       controlplane.FieldPath(controlplane.KindProvider, p.GetName(), "dialect"),
		Description: p.GetDialect() + " is the scripted upstream of the all-in-one (trunkline); nodes have none",
	}}
}

// sendable reports whether a provider's secret can travel in a header. A line break is
// what files and pasted text add most often.
func sendable(secret string) bool {
	if len(secret) > maxSecret || strings.TrimSpace(secret) != secret {
		return false
	}
	return !strings.ContainsFunc(secret, func(r rune) bool { return r < 0x20 || r > 0x7e })
}

const maxSecret = 16384 // characters, as Credential.secret says
