// Package cloudauth gets what clouds take for a credential: bearer tokens of Google, Entra and OAuth
// servers, and keys with which requests to AWS are signed. Both planes use it: nodes mint for calls,
// ahead of them and never while one waits, and the control plane for tests and imports.
//
// Token endpoints are reached the way the provider is: through its proxy, with its authorities, and
// only at addresses that it may have. What the machine itself is (metadata services, and what they put
// into the environment) is asked for only where the machine's operator allows it, for everybody who
// may change providers can then send that identity's tokens to a host of their choice.
package cloudauth

import (
	"slices"

	"github.com/trunkline-ai/trunkline/internal/outbound"
)

// The kinds of credentials that are not sent themselves.
const (
	AWS    = "aws_sigv4"
	Google = "google"
	Entra  = "entra"
	OAuth  = "oauth"
)

// Where a credential comes from. The first three are given with it, the others are the machine's.
const (
	Keys   = "keys"   // of AWS
	Key    = "key"    // of a service account of Google, as JSON
	Secret = "secret" // of a client

	Instance         = "instance"          // AWS: the role of the EC2 instance, by IMDSv2
	Container        = "container"         // AWS: the role of an ECS task or EKS pod
	WebIdentity      = "web_identity"      // AWS: a token in a file, for a role
	Metadata         = "metadata"          // Google: the metadata server of a machine or pod
	ManagedIdentity  = "managed_identity"  // Entra: of a machine, an app or a container
	WorkloadIdentity = "workload_identity" // Entra: a token in a file
)

// sources are those of each kind, the default first.
var sources = map[string][]string{
	AWS:    {Keys, Instance, Container, WebIdentity},
	Google: {Key, Metadata},
	Entra:  {Secret, ManagedIdentity, WorkloadIdentity},
	OAuth:  {Secret},
}

// Sources are those of a kind, the default first; none where there is no such kind.
func Sources(kind string) []string { return slices.Clone(sources[kind]) }

// Spec says how something is minted. It may be compared: equal ones are minted once. It holds a
// secret: print none of it.
type Spec struct {
	Kind   string
	Source string // empty: the kind's default
	Secret string // key, service account as JSON, or client secret

	Region, Service     string // AWS
	AccessKeyID         string // AWS, with keys
	RoleARN, ExternalID string // AWS: a role to assume with what the source gives
	Tenant              string // Entra
	Authority           string // Entra: https://login.microsoftonline.com or a sovereign cloud's
	TokenURL            string // OAuth
	ClientID            string // Entra and OAuth
	Scope               string // all but AWS; separated by spaces
	Audience            string // OAuth
	ClientAuth          string // OAuth: how the client shows who it is
	Account             string // Google: one of the metadata server's service accounts
}

// How a client of OAuth shows its secret.
const (
	ByHeader = "basic"
	ByBody   = "body"
)

// String tells the kind alone.
func (s Spec) String() string { return s.Kind }

// GoString is String.
func (s Spec) GoString() string { return s.Kind }

// Completed is the spec with every default filled in.
func (s Spec) Completed() Spec {
	fill := func(field *string, with string) {
		if *field == "" {
			*field = with
		}
	}
	if all := sources[s.Kind]; len(all) > 0 {
		fill(&s.Source, all[0])
	}
	switch s.Kind {
	case AWS:
		fill(&s.Service, "bedrock")
	case Google:
		fill(&s.Scope, "https://www.googleapis.com/auth/cloud-platform")
		fill(&s.Account, "default")
	case Entra:
		fill(&s.Scope, "https://cognitiveservices.azure.com/.default")
		fill(&s.Authority, "https://login.microsoftonline.com")
	case OAuth:
		fill(&s.ClientAuth, ByHeader)
	}
	return s
}

// NeedsSecret reports whether a secret belongs to the credential; one that is the machine's has none.
func (s Spec) NeedsSecret() bool {
	switch s.Completed().Source {
	case Keys, Key, Secret:
		return true
	}
	return false
}

// OfMachine reports whether it is the identity of the machine that mints.
func (s Spec) OfMachine() bool { return !s.NeedsSecret() }

// Destination says where the secret goes, so that a stored one never goes elsewhere: a scheme and host,
// or a kind whose secret leaves the machine only as a signature.
func (s Spec) Destination() string {
	s = s.Completed()
	switch s.Kind {
	case Entra:
		return s.Kind + " " + origin(s.Authority)
	case OAuth:
		return s.Kind + " " + origin(s.TokenURL)
	}
	return s.Kind
}

// Way is how token endpoints on networks are reached. It may be compared, and holds secrets.
type Way struct {
	Outbound outbound.Config
	Private  bool // they may have private and loopback addresses
}

// String tells nothing.
func (Way) String() string { return "way" }

// GoString tells nothing.
func (Way) GoString() string { return "way" }
