package exit

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Report prints err: one line, one more per field at fault, and where it helps, one on what to do.
func Report(w io.Writer, program string, err error) {
	if err == nil || errors.Is(err, ErrDifferences) {
		return
	}
	fmt.Fprintf(w, "%s: %s\n", program, oneLine(message(err)))
	for _, v := range violations(err) {
		fmt.Fprintf(w, "  %s: %s\n", oneLine(v.Field), oneLine(v.Description))
	}
	if h := hint(program, err); h != "" {
		fmt.Fprintf(w, "%s\n", h)
	}
}

// message is the server's sentence after the class of the error. What was tried
// stands before either, when the error says so.
func message(err error) string {
	if Code(err) == Interrupted {
		return "interrupted"
	}
	if ours, ok := errors.AsType[*errs.Error](err); ok {
		return strings.Replace(err.Error(), ours.Error(), ours.Message, 1)
	}
	theirs, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return err.Error()
	}
	text := strings.ReplaceAll(theirs.Code().String(), "_", " ")
	if theirs.Message() != "" {
		text += ": " + theirs.Message()
	}
	return strings.Replace(err.Error(), theirs.Error(), text, 1)
}

// violations are the fields at fault, found here or by the server.
func violations(err error) []errs.Violation {
	if ours, ok := errors.AsType[*errs.Error](err); ok {
		return ours.Violations
	}
	var all []errs.Violation
	for bad := range details[*errdetails.BadRequest](err) {
		for _, v := range bad.GetFieldViolations() {
			all = append(all, errs.Violation{Field: v.GetField(), Description: v.GetDescription()})
		}
	}
	return all
}

// Reason is why the server refuses, for programs, such as TOTP_REQUIRED; empty when it does not say.
func Reason(err error) string {
	for info := range details[*errdetails.ErrorInfo](err) {
		return info.GetReason()
	}
	return ""
}

// details are those of one type that the server gave with an error. One of a newer server is
// left out: the message says enough.
func details[T proto.Message](err error) iter.Seq[T] {
	return func(yield func(T) bool) {
		theirs, ok := errors.AsType[*connect.Error](err)
		if !ok {
			return
		}
		for _, detail := range theirs.Details() {
			m, err := connectproto.UnmarshalErrorDetail(detail)
			if err != nil {
				continue
			}
			if found, ok := m.(T); ok && !yield(found) {
				return
			}
		}
	}
}

func hint(program string, err error) string {
	if IsUsage(err) {
		return "Run '" + program + " --help', or any command with --help, for usage."
	}
	switch connect.CodeOf(err) {
	case connect.CodeUnauthenticated:
		if errors.Is(err, ErrSignIn) {
			return ""
		}
		return "Run '" + program + " login', or give a token with --token-file or in $TRUNKLINE_TOKEN."
	case connect.CodeUnimplemented:
		return "Is --server (or $TRUNKLINE_SERVER) the address of the admin API, and the server as new as this program?"
	case connect.CodeDeadlineExceeded:
		return "--timeout is the longest time for one request."
	case connect.CodeUnavailable:
		return "Is Trunkline running there? --server (or $TRUNKLINE_SERVER) is the address of the admin API."
	}
	return ""
}

// oneLine keeps a message on its line and control characters off the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
}
