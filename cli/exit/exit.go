// Package exit turns an error into what the shell sees: an exit code by the
// class of the error, and a few lines on stderr.
package exit

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// The exit codes. Scripts rely on them: a number is never given another meaning.
const (
	OK              = 0
	Other           = 1
	Usage           = 2
	NotFound        = 3
	Conflict        = 4
	Invalid         = 5
	Unauthorized    = 6
	Unavailable     = 7
	DifferencesSeen = 8
	NotReached      = 9
	Interrupted     = 130
)

// Help documents the codes for --help.
const Help = `Exit codes:
  0    done
  1    any other error
  2    wrong usage: unknown command, bad flag or argument
  3    not found
  4    conflict: the name is taken, or someone changed it first
  5    invalid: a value or a file is wrong, or something else must change first
  6    not signed in, or not allowed
  7    the server cannot be reached, is overloaded, or took too long
  8    diff: there are differences
  9    done, but without the desired result: a test or an import failed, a node has
       not confirmed that it refuses a revoked key, or the audit log was tampered
       with
  130  interrupted`

// ErrDifferences says that diff found differences. It is no failure, so nothing is printed for it.
var ErrDifferences = errors.New("there are differences")

// notReached says that what was asked for was done and did not end as it should.
type notReached struct{ text string }

func (e *notReached) Error() string { return e.text }

// NotReachedf makes an error of a request that was answered, but not with the result that was wanted.
func NotReachedf(format string, args ...any) error { return &notReached{fmt.Sprintf(format, args...)} }

func isNotReached(err error) bool {
	_, ok := errors.AsType[*notReached](err)
	return ok
}

// ErrSignIn is in the chain of an error of signing in itself: advice on how to sign in would not help.
var ErrSignIn = errors.New("sign in")

// usageError is an error of the command line itself, found before any call.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// AsUsage marks err as wrong usage.
func AsUsage(err error) error { return &usageError{err} }

// Usagef makes an error of wrong usage.
func Usagef(format string, args ...any) error { return AsUsage(fmt.Errorf(format, args...)) }

// IsUsage reports whether err is wrong usage.
func IsUsage(err error) bool {
	_, ok := errors.AsType[*usageError](err)
	return ok
}

// Invalidf makes an error of a value that is wrong, found before any call.
func Invalidf(format string, args ...any) error {
	return errs.Newf(errs.InvalidArgument, format, args...)
}

// Code gives the exit code of err.
func Code(err error) int {
	switch {
	case err == nil:
		return OK
	case errors.Is(err, ErrDifferences):
		return DifferencesSeen
	case isNotReached(err):
		return NotReached
	case IsUsage(err):
		return Usage
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errs.CodeOf(err) == errs.InvalidArgument: // found before any call, in a file
		return Invalid
	}
	switch connect.CodeOf(err) {
	case connect.CodeNotFound:
		return NotFound
	case connect.CodeAlreadyExists, connect.CodeAborted:
		return Conflict
	case connect.CodeInvalidArgument, connect.CodeFailedPrecondition, connect.CodeOutOfRange:
		return Invalid
	case connect.CodeUnauthenticated, connect.CodePermissionDenied:
		return Unauthorized
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeResourceExhausted:
		return Unavailable
	case connect.CodeCanceled:
		return Interrupted
	}
	return Other
}
