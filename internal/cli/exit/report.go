package exit

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
)

// Report prints err: one line, one more per field at fault, and where it helps, one on what to do.
func Report(w io.Writer, program string, err error) {
	if err == nil || errors.Is(err, ErrDifferences) {
		return
	}
	fmt.Fprintf(w, "%s: %s\n", program, oneLine(message(err)))
	for _, v := range violations(err) {
		fmt.Fprintf(w, "  %s: %s\n", oneLine(v.GetField()), oneLine(v.GetDescription()))
	}
	if h := hint(program, err); h != "" {
		fmt.Fprintf(w, "%s\n", h)
	}
}

// message is the server's sentence after the class of the error.
func message(err error) string {
	e, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return err.Error()
	}
	class := strings.ReplaceAll(e.Code().String(), "_", " ")
	if e.Message() == "" {
		return class
	}
	return class + ": " + e.Message()
}

func violations(err error) []*errdetails.BadRequest_FieldViolation {
	e, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return nil
	}
	var all []*errdetails.BadRequest_FieldViolation
	for _, detail := range e.Details() {
		m, err := connectproto.UnmarshalErrorDetail(detail)
		if err != nil {
			continue // a detail of a newer server: the message says enough
		}
		if bad, ok := m.(*errdetails.BadRequest); ok {
			all = append(all, bad.GetFieldViolations()...)
		}
	}
	return all
}

func hint(program string, err error) string {
	if IsUsage(err) {
		return "Run '" + program + " --help', or any command with --help, for usage."
	}
	switch connect.CodeOf(err) {
	case connect.CodeUnauthenticated:
		return `Make a token with '` + program + ` tokens create --name me --username admin', which takes the password from
$TRUNKLINE_ADMIN_PASSWORD or stdin. Then give it with --token-file or in $TRUNKLINE_TOKEN.`
	case connect.CodeUnimplemented:
		return "Is --server (or $TRUNKLINE_SERVER) the address of the admin API, and the server as new as this program?"
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
