package controlplane

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Kind names a kind of resource, as declarative files spell it.
type Kind string

// The kinds, in the order in which an export lists them: what is referred to comes first.
const (
	KindSettings       Kind = "Settings"
	KindProvider       Kind = "Provider"
	KindGroup          Kind = "Group"
	KindAPIKey         Kind = "ApiKey"
	KindFailureKeyword Kind = "FailureKeyword"
	KindAlertChannel   Kind = "AlertChannel"
)

// Kinds lists every kind in that order.
var Kinds = [...]Kind{KindSettings, KindProvider, KindGroup, KindAPIKey, KindFailureKeyword, KindAlertChannel}

// SettingsName is the name of the one Settings resource.
const SettingsName = "settings"

// New returns an empty document of the kind, or nil for a kind that does not exist.
func (k Kind) New() proto.Message {
	switch k {
	case KindSettings:
		return &adminv1.Settings{}
	case KindProvider:
		return &adminv1.Provider{}
	case KindGroup:
		return &adminv1.Group{}
	case KindAPIKey:
		return &adminv1.ApiKey{}
	case KindFailureKeyword:
		return &adminv1.FailureKeyword{}
	case KindAlertChannel:
		return &adminv1.AlertChannel{}
	}
	return nil
}

// Compare orders kinds as Kinds does.
func (k Kind) Compare(other Kind) int {
	return cmp.Compare(slices.Index(Kinds[:], k), slices.Index(Kinds[:], other))
}

// Revision is the version of the whole configuration; it grows by one with each committed change.
type Revision uint64

// Resource is one document as of one revision. It is immutable once it is in a Config.
type Resource struct {
	Kind     Kind
	Name     string
	UID      string
	Revision Revision // of its last change
	// Spec is the document in stored form: its own uid, etag and time fields are
	// empty, secrets are replaced by references or hashes.
	Spec      proto.Message
	CreatedAt time.Time
	UpdatedAt time.Time

	searchText atomic.Pointer[string] // made by SearchText
}

// CredentialRef begins the Ref of every secret of a document, be it of a provider's credential or of an
// alert channel; others are the control plane's own.
const CredentialRef = "credential/"

// Secret is a sealed secret of a document. A Ref is never reused, so an old revision
// of a document still finds the secret it was written with, until it is retired.
type Secret struct {
	Ref        string
	Ciphertext []byte
}

// Op is one change that a caller wants to make to a configuration.
type Op struct {
	Kind Kind
	Name string
	// Spec is the whole new document in stored form; nil deletes the resource.
	Spec proto.Message
	// Secrets are those that Spec refers to for the first time.
	Secrets []Secret
}

// ChangeOp says what a change did to its resource.
type ChangeOp string

// The operations of the change log.
const (
	OpCreate ChangeOp = "create"
	OpUpdate ChangeOp = "update"
	OpDelete ChangeOp = "delete"
	OpAdopt  ChangeOp = "adopt" // of KindDatabase alone
)

// KindDatabase is what the change log calls the database itself, when an admin adopts it.
// It is no kind of document.
const KindDatabase Kind = "Database"

// Change is one line of the change log: who did what to which resource, and how the
// document looked before and after (nil where there was none). It holds no secret.
type Change struct {
	Revision Revision
	At       time.Time
	Actor    string
	Kind     Kind
	Name     string
	UID      string
	Op       ChangeOp
	Before   proto.Message
	After    proto.Message
}
