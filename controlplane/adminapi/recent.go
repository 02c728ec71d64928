package adminapi

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// DefaultRecentSignIn is for how long a sign-in counts as recent.
const DefaultRecentSignIn = 15 * time.Minute

// reason tells programs why an answer is an error, where the code alone does not.
type reason string

func (r reason) Error() string { return string(r) }

// wantRecent refuses a session that has not proved for a while who it is. Tokens need not.
func wantRecent(ctx context.Context) error {
	if id := caller(ctx); id.stale {
		return errStale
	}
	return nil
}

var errStale = errs.Wrap(errs.FailedPrecondition, reason("REAUTHENTICATION_REQUIRED"), "reauthenticate first: your sign-in is too long ago for this")

var errUnenrolled = errs.Wrap(errs.FailedPrecondition, reason("TOTP_ENROLMENT_REQUIRED"), "a second factor is required: sign in to the console and set it up first")

// wantRecentFor is wantRecent for documents that set a secret, or that send one elsewhere: whoever finds a browser
// open must not take the house's keys with it.
func (d documents) wantRecentFor(ctx context.Context, docs ...proto.Message) error {
	if !caller(ctx).stale {
		return nil
	}
	for _, doc := range docs {
		if setsSecret(doc.ProtoReflect()) || d.movesProvider(doc) {
			return errStale
		}
	}
	return nil
}

// movesProvider reports whether a document changes where a provider's calls go.
func (d documents) movesProvider(doc proto.Message) bool {
	p, ok := doc.(*adminv1.Provider)
	if !ok {
		return false
	}
	r, exists := d.live.Current().Get(controlplane.KindProvider, p.GetName())
	if !exists {
		return false
	}
	now := r.Spec.(*adminv1.Provider)
	return p.GetBaseUrl() != "" && p.GetBaseUrl() != now.GetBaseUrl() ||
		slices.ContainsFunc(p.GetEndpoints(), func(e *adminv1.Endpoint) bool { return !slices.ContainsFunc(now.GetEndpoints(), sameAddress(e)) })
}

// sameAddress recognises an endpoint whose calls go where those of e go.
func sameAddress(e *adminv1.Endpoint) func(*adminv1.Endpoint) bool {
	return func(other *adminv1.Endpoint) bool {
		return e.GetApi() == other.GetApi() && e.GetBaseUrl() == other.GetBaseUrl()
	}
}

// setsSecret reports whether m, or a message in it, holds a secret.
func setsSecret(m protoreflect.Message) bool {
	found := false
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case visibility.Secret(f):
			found = true
		case f.IsMap() || f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				found = found || setsSecret(v.List().Get(i).Message())
			}
		default:
			found = setsSecret(v.Message())
		}
		return !found
	})
	return found
}
