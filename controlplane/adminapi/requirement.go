package adminapi

import (
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/reflect/protoreflect"

	rolename "github.com/trunkline-ai/trunkline/internal/domain/role"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// requirement is what a method declares in its proto of who may call it.
type requirement struct {
	role adminv1.Role
	open bool // to those who have not signed in
	// recent: a session must have proved a short while ago who it is.
	recent bool
	// enrolment: it is open to those who have yet to set up the second factor that they need.
	enrolment bool
}

type requirementKey struct{}

// requirementOf reads the declaration. What declares nothing is for owners only, except for the
// description of the API itself, which says nothing that the documentation does not.
func requirementOf(spec connect.Spec) requirement {
	if strings.HasPrefix(spec.Procedure, "/grpc.reflection.") {
		return requirement{role: adminv1.Role_ROLE_VIEWER}
	}
	method, ok := spec.Schema.(protoreflect.MethodDescriptor)
	if !ok {
		return requirement{role: adminv1.Role_ROLE_OWNER}
	}
	need := requirement{role: rolename.Required(method), open: rolename.BeforeSignIn(method), recent: rolename.RecentSignIn(method), enrolment: rolename.BeforeSecondFactor(method)}
	if need.role == adminv1.Role_ROLE_UNSPECIFIED {
		need.role = adminv1.Role_ROLE_OWNER
	}
	return need
}

// permits refuses a role that is too low, and says who can help.
func (r requirement) permits(id identity) error {
	switch {
	case id.Role >= r.role && id.unenrolled && !r.enrolment:
		return errUnenrolled
	case id.Role >= r.role && r.recent && id.stale:
		return errStale
	case id.Role >= r.role:
		return nil
	case id.Token != "":
		return errs.Newf(errs.PermissionDenied, "this needs the %s role, and the token %q has the %s role: use a token with more, or sign in",
			rolename.Name(r.role), id.Token, rolename.Name(id.Role))
	}
	return errs.Newf(errs.PermissionDenied, "this needs the %s role, and yours is %s: ask an owner", rolename.Name(r.role), rolename.Name(id.Role))
}

// recheckedStream looks every recheckInterval whether its caller may still have it, before it sends on.
type recheckedStream struct {
	connect.ServerStream
	still   func() error
	now     func() time.Time
	checked time.Time
}

// Send implements connect.ServerStream.
func (s *recheckedStream) Send(msg any) error {
	if now := s.now(); now.Sub(s.checked) >= recheckInterval {
		if err := s.still(); err != nil {
			return err
		}
		s.checked = now
	}
	return s.ServerStream.Send(msg)
}
