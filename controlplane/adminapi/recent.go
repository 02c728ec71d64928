package adminapi

import (
	"context"
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

var errStale = errs.Wrap(errs.FailedPrecondition, reason("REAUTHENTICATION_REQUIRED"), "confirm first who you are: your sign-in is too long ago for this")

// wantRecentFor is wantRecent for documents that set a secret, or that send one elsewhere: whoever finds a browser
// open must not take the house's keys with it.
func wantRecentFor(ctx context.Context, live Live, docs ...proto.Message) error {
	if !caller(ctx).stale {
		return nil
	}
	for _, doc := range docs {
		if setsSecret(doc.ProtoReflect()) || movesProvider(live, doc) {
			return errStale
		}
	}
	return nil
}

// movesProvider reports whether a document changes where a provider's calls go.
func movesProvider(live Live, doc proto.Message) bool {
	p, ok := doc.(*adminv1.Provider)
	if !ok || p.GetBaseUrl() == "" {
		return false
	}
	r, exists := live.Current().Get(controlplane.KindProvider, p.GetName())
	return exists && r.Spec.(*adminv1.Provider).GetBaseUrl() != p.GetBaseUrl()
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
