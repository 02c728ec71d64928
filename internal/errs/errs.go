// Package errs is the one error type that crosses package borders: a code, a sentence
// that is safe to show, and the fields at fault. Each transport maps codes in one place.
package errs

import (
	"errors"
	"fmt"
	"strings"
)

// Code is the class of an error.
type Code string

// The codes, named after what the caller can do about them.
const (
	InvalidArgument    Code = "invalid_argument"    // fix the request
	NotFound           Code = "not_found"           // the thing does not exist
	AlreadyExists      Code = "already_exists"      // the name is taken
	Conflict           Code = "conflict"            // someone else changed it first: read again
	FailedPrecondition Code = "failed_precondition" // something else must change first
	Unauthenticated    Code = "unauthenticated"     // say who you are
	PermissionDenied   Code = "permission_denied"   // you may not
	ResourceExhausted  Code = "resource_exhausted"  // too much, too fast
	Unavailable        Code = "unavailable"         // try again later
	Internal           Code = "internal"            // our fault; the message stays in the log
)

// Violation names one field at fault, in the form providers[2].base_url.
type Violation struct {
	Field       string
	Description string
}

// Error carries a code and a message that is safe to show, and wraps its cause.
type Error struct {
	Code       Code
	Message    string
	Violations []Violation
	Err        error
}

// Error is for logs: it holds the cause too.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, v := range e.Violations {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s %s", sep, v.Field, v.Description)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Newf makes an error with a safe message.
func Newf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error with a safe message around a cause.
func Wrap(code Code, cause error, message string) *Error {
	return &Error{Code: code, Message: message, Err: cause}
}

// Invalid makes an InvalidArgument error from the fields at fault.
func Invalid(violations ...Violation) *Error {
	return &Error{Code: InvalidArgument, Message: "invalid request", Violations: violations}
}

// CodeOf gives the code of err: Internal for an error that is none of ours.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
