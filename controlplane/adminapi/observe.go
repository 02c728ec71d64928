package adminapi

import (
	"context"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Observer learns what happens to requests, for operators. It must not wait.
type Observer interface {
	// Request is over. method is such as GroupService/ListGroups, or OtherMethod; code as Connect
	// writes it, or ok. took is 0 for streams, which last as long as somebody watches.
	Request(method, code string, took time.Duration)
	// SignInFailed is called for each sign-in that did not succeed.
	SignInFailed(reason SignInFailure)
}

// OtherMethod stands for methods that are none of this API's, such as those of reflection: what a
// stranger may write there must not make labels.
const OtherMethod = "(other)"

// SignInFailure is why a sign-in did not succeed.
type SignInFailure string

// The failures.
const (
	WrongCredentials SignInFailure = "wrong_credentials"
	Throttled        SignInFailure = "throttled"         // refused unread: too many failures before
	CodeMissing      SignInFailure = "code_missing"      // the password was right; the console asks for the code next
	WrongCode        SignInFailure = "wrong_code"        // of the second factor; the password was right
	IdentityProvider SignInFailure = "identity_provider" // it does not vouch for anybody who may sign in
)

// SignInFailures are all of them.
var SignInFailures = [...]SignInFailure{WrongCredentials, Throttled, CodeMissing, WrongCode, IdentityProvider}

// nobody is the observer that is not interested.
type nobody struct{}

func (nobody) Request(string, string, time.Duration) {}
func (nobody) SignInFailed(SignInFailure)            {}

// observation tells the observer how requests end. It stands before what maps errors to codes.
type observation struct {
	observer Observer
	methods  map[string]string // by procedure
	now      func() time.Time
}

func newObservation(o Observer, now func() time.Time) *observation {
	methods := map[string]string{}
	protoregistry.GlobalFiles.RangeFilesByPackage(adminv1.File_trunkline_admin_v1_session_proto.Package(), func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			service := f.Services().Get(i)
			for k := range service.Methods().Len() {
				method := string(service.Name()) + "/" + string(service.Methods().Get(k).Name())
				methods["/"+string(f.Package())+"."+method] = method
			}
		}
		return true
	})
	return &observation{o, methods, now}
}

func (o *observation) intercept(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) (err error) {
		method, ok := o.methods[spec.Procedure]
		if !ok {
			method = OtherMethod
		}
		start, code := o.now(), "aborted" // what a handler that panics leaves
		defer func() {
			var took time.Duration
			if spec.StreamType == connect.StreamTypeUnary {
				took = max(o.now().Sub(start), 1)
			}
			o.observer.Request(method, code, took)
		}()
		err = next(ctx, spec, stream)
		if code = "ok"; err != nil {
			code = strings.ToLower(connect.CodeOf(err).String())
		}
		return err
	}
}
