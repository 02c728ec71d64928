package config

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
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
		case secret == "" && !known && part.At < 0:
			fault("is required: none is stored")
		case secret == "" && !known:
			fault("is required: none is stored for a %s named %q", part.Noun(), part.GetName())
		case secret == "" && why != "":
			fault("must be given again, because %s", why)
		case secret == "":
			part.Keep(have)
		case part.List == "client_certificate" && len(secret) > maxSecret:
			fault("has more than %d bytes", maxSecret)
		case part.List != "client_certificate" && !sendable(secret):
			fault("must be at most %d ASCII characters, without control characters and without spaces at either end", maxSecret)
		case known && in.opens(c, d.GetName(), have, secret):
			part.Keep(have)
		default:
			if err := in.seal(t, d.GetName(), part, secret); err != nil {
				return nil, err
			}
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

// endpoint is what a secret is bound to: the scheme, host and port of a base URL.
func endpoint(raw string) string {
	u, err := dialect.ParseBase(raw)
	if err != nil {
		return raw
	}
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// opens reports whether secret is the one that is stored already. One that cannot be
// opened counts as another, and is sealed again.
func (in *normalizer) opens(c *controlplane.Config, provider string, stored controlplane.Sealed, secret string) bool {
	sealed, ok := c.Secret(stored.GetSecretRef())
	if !ok {
		return false
	}
	plain, err := in.sealer.Open(sealed, stored.Binding(controlplane.KindProvider, provider))
	return err == nil && string(plain) == secret
}

func (in *normalizer) seal(t *normalized, provider string, part controlplane.Sealed, secret string) error {
	sealed, err := in.sealer.Seal([]byte(secret), part.Binding(controlplane.KindProvider, provider))
	if err != nil {
		return errs.Wrap(errs.Internal, err, "seal the secret of a "+part.Describe())
	}
	ref, hint := controlplane.CredentialRef+uuid.NewString(), apikey.LastFour(secret)
	if part.List == "client_certificate" {
		hint = "" // the end of a key in PEM says nothing
	}
	part.Refer(ref, hint, timestamppb.New(in.now))
	t.secrets = append(t.secrets, controlplane.Secret{Ref: ref, Ciphertext: sealed})
	return nil
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
