package adminapi

import (
	"context"
	"errors"
	"strings"
	"sync"
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
		return errs.Newf(errs.PermissionDenied, "this needs the %s role, but the token %q has the %s role: use another token, or sign in",
			rolename.Name(r.role), id.Token, rolename.Name(id.Role))
	}
	return errs.Newf(errs.PermissionDenied, "this needs the %s role, but yours is %s: ask an owner", rolename.Name(r.role), rolename.Name(id.Role))
}

// recheckInterval is how often it is looked whether the caller of a stream may still have it.
const recheckInterval = time.Second

// lost is why a stream ended before its handler did: its caller may have it no longer.
type lost struct{ error }

// whileAdmitted serves a stream for as long as still says that its caller may have it, also while nothing is sent.
func whileAdmitted(ctx context.Context, still func(context.Context) error, now func() time.Time, stream connect.ServerStream, serve func(context.Context, connect.ServerStream) error) error {
	ctx, end := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer end(nil)
	watch.Go(func() {
		ticker := time.NewTicker(recheckInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := still(ctx); err != nil && ctx.Err() == nil {
				end(lost{err})
				return
			}
		}
	})
	err := serve(ctx, &recheckedStream{ServerStream: stream, ended: func() error { return context.Cause(ctx) }, still: func() error { return still(ctx) }, now: now, checked: now()})
	if why, is := errors.AsType[lost](context.Cause(ctx)); is {
		return why.error
	}
	return err
}

// recheckedStream sends nothing more once it has ended, and looks itself when the last look was too long ago.
type recheckedStream struct {
	connect.ServerStream
	ended   func() error // why; nil: it has not
	still   func() error
	now     func() time.Time
	checked time.Time
}

// Send implements connect.ServerStream.
func (s *recheckedStream) Send(msg any) error {
	if err := s.ended(); err != nil {
		return err
	}
	if now := s.now(); now.Sub(s.checked) >= recheckInterval {
		if err := s.still(); err != nil {
			return err
		}
		s.checked = now
	}
	return s.ServerStream.Send(msg)
}
