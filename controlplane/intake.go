package controlplane

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// kindOf gives the kind and the name of a document that a caller sent.
func kindOf(doc proto.Message) (Kind, string, error) {
	if doc == nil || !doc.ProtoReflect().IsValid() {
		return "", "", errs.Newf(errs.InvalidArgument, "a document is missing")
	}
	switch d := doc.(type) {
	case *adminv1.Settings:
		return KindSettings, SettingsName, nil
	case *adminv1.Provider:
		return KindProvider, d.GetName(), nil
	case *adminv1.Group:
		return KindGroup, d.GetName(), nil
	case *adminv1.ApiKey:
		return KindAPIKey, d.GetName(), nil
	case *adminv1.FailureKeyword:
		return KindFailureKeyword, d.GetName(), nil
	}
	return "", "", errs.Newf(errs.InvalidArgument, "a document of type %T is no part of the configuration", doc)
}

// intake turns documents as callers send them into stored form.
type intake struct {
	sealer Sealer
	pepper []byte
	now    time.Time
	// declared says that documents come from a declarative file.
	declared bool
	fake     bool // whether providers of dialect fake may be
}

// taken is a document in stored form.
type taken struct {
	spec      proto.Message
	secrets   []Secret // to be stored with it
	generated string   // the API key made for it; empty when none was
}

// take gives the stored form of doc, which replaces old in c (nil: it is new). Secrets
// that doc does not give are kept from old. Faults of the document are violations; an
// error is a failure of ours.
func (in *intake) take(c *Config, doc proto.Message, old *Resource) (taken, []errs.Violation, error) {
	spec := stripped(doc)
	visibility.KeepSettable(spec)
	t := taken{spec: spec}
	switch d := spec.(type) {
	case *adminv1.Provider:
		var before *adminv1.Provider
		if old != nil {
			before, _ = old.Spec.(*adminv1.Provider)
		}
		keepOrigin(d, before, in.declared)
		violations, err := in.provider(c, &t, d, before)
		return t, violations, err
	case *adminv1.ApiKey:
		var before *adminv1.ApiKey
		if old != nil {
			before, _ = old.Spec.(*adminv1.ApiKey)
		}
		return t, in.apiKey(&t, d, before), nil
	}
	return t, nil, nil
}

// provider seals the secrets that are given and keeps the others. A secret follows its
// URL: when the provider moves to another scheme, host or port, none is kept, so that
// nobody can have stored keys sent to a host of their own.
func (in *intake) provider(c *Config, t *taken, d, before *adminv1.Provider) (violations []errs.Violation, err error) {
	violations = in.dialect(d)
	moved := before != nil && endpoint(d.GetBaseUrl()) != endpoint(before.GetBaseUrl())
	stored := make(map[string]*adminv1.Credential, len(before.GetCredentials()))
	for _, cred := range before.GetCredentials() {
		stored[cred.GetName()] = cred
	}
	for i, cred := range d.GetCredentials() {
		fault := func(format string, args ...any) {
			violations = append(violations, errs.Violation{
				Field:       fieldPath(KindProvider, d.GetName(), fmt.Sprintf("credentials[%d].secret", i)),
				Description: fmt.Sprintf(format, args...),
			})
		}
		secret, have := cred.GetSecret(), stored[cred.GetName()]
		cred.Secret = ""
		switch {
		case secret == "" && have == nil:
			fault("is required: none is stored for a credential named %q", cred.GetName())
		case secret == "" && moved:
			fault("must be given again, because base_url moves to another scheme, host or port")
		case secret == "":
			keep(cred, have)
		case !sendable(secret):
			fault("must be at most %d ASCII characters, without control characters and without spaces at either end", maxSecret)
		case have != nil && in.opens(c, d.GetName(), have, secret):
			keep(cred, have)
		default:
			if err := in.seal(t, d.GetName(), cred, secret); err != nil {
				return nil, err
			}
		}
	}
	return violations, nil
}

// dialect refuses the scripted upstream where there is none.
func (in *intake) dialect(d *adminv1.Provider) []errs.Violation {
	if d.GetDialect() != DialectFake || in.fake {
		return nil
	}
	return []errs.Violation{{
		Field:       fieldPath(KindProvider, d.GetName(), "dialect"),
		Description: "fake is the scripted upstream of the all-in-one (trunkline); nodes have none",
	}}
}

// endpoint is what a secret is bound to: the scheme, host and port of a base URL.
func endpoint(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// keep takes over what is stored for a credential.
func keep(cred, stored *adminv1.Credential) {
	cred.SecretRef, cred.SecretHint, cred.SecretSetTime = stored.GetSecretRef(), stored.GetSecretHint(), stored.GetSecretSetTime()
}

// opens reports whether secret is the one that is stored already. One that cannot be
// opened counts as another, and is sealed anew.
func (in *intake) opens(c *Config, provider string, stored *adminv1.Credential, secret string) bool {
	sealed, ok := c.Secret(stored.GetSecretRef())
	if !ok {
		return false
	}
	plain, err := in.sealer.Open(sealed, CredentialBinding(provider, stored.GetName()))
	return err == nil && string(plain) == secret
}

func (in *intake) seal(t *taken, provider string, cred *adminv1.Credential, secret string) error {
	sealed, err := in.sealer.Seal([]byte(secret), CredentialBinding(provider, cred.GetName()))
	if err != nil {
		return errs.Wrap(errs.Internal, err, "seal a credential")
	}
	cred.SecretRef = "credential/" + uuid.NewString()
	cred.SecretHint = apikey.LastFour(secret)
	cred.SecretSetTime = timestamppb.New(in.now)
	t.secrets = append(t.secrets, Secret{Ref: cred.GetSecretRef(), Ciphertext: sealed})
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

// apiKey hashes the secret that is given, keeps the stored one, or makes one.
func (in *intake) apiKey(t *taken, d, before *adminv1.ApiKey) []errs.Violation {
	secret := d.GetSecret()
	d.Secret = ""
	if secret == "" && before != nil {
		visibility.Carry(d, before)
		return nil
	}
	if secret == "" {
		secret = apikey.Generate()
		t.generated = secret
	}
	if !apikey.Valid(secret) {
		text := fmt.Sprintf("must be %d to %d visible ASCII characters", apikey.MinLength, apikey.MaxLength)
		if apikey.Ours(secret) {
			text = "looks like a key that Trunkline made, but its checksum is wrong: it is mistyped or cut"
		}
		return []errs.Violation{{Field: fieldPath(KindAPIKey, d.GetName(), "secret"), Description: text}}
	}
	hash := apikey.Hash(in.pepper, secret)
	if before != nil && bytes.Equal(hash[:], before.GetSecretHash()) {
		visibility.Carry(d, before)
		return nil
	}
	if before.GetRevokeTime() != nil {
		return []errs.Violation{{
			Field:       fieldPath(KindAPIKey, d.GetName(), "secret"),
			Description: "cannot be replaced: the key is revoked; create another one",
		}}
	}
	d.SecretHash, d.Prefix, d.LastFour = hash[:], apikey.Prefix(secret), apikey.LastFour(secret)
	return nil
}
