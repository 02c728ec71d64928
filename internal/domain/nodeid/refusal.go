package nodeid

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errorDomain marks the details of a refusal.
const errorDomain = "node.trunkline"

// Reason is why a control plane refuses a node's certificate, for the node to act on.
type Reason string

// The reasons.
const (
	Missing  Reason = "MISSING"  // there is no certificate
	Foreign  Reason = "FOREIGN"  // of another authority
	Expired  Reason = "EXPIRED"  // renew it
	TooLate  Reason = "TOO_LATE" // expired for longer than it could be renewed: join again
	Unknown  Reason = "UNKNOWN"  // no such node has joined: join again
	Revoked  Reason = "REVOKED"  // by an admin: join again with a new token
	Replaced Reason = "REPLACED" // another node has joined under the name
)

// Refusal is the error of a call whose certificate is refused.
type Refusal struct {
	Reason  Reason
	Message string
}

// Error says why, to people.
func (r *Refusal) Error() string { return r.Message }

// GRPCStatus says why, to the node.
func (r *Refusal) GRPCStatus() *status.Status {
	st := status.New(codes.Unauthenticated, r.Message)
	detailed, err := st.WithDetails(&errdetails.ErrorInfo{Reason: string(r.Reason), Domain: errorDomain})
	if err != nil {
		return st // says the same, to people
	}
	return detailed
}

// ReasonOf reads the reason from an error of a call; empty when that is no refusal.
func ReasonOf(err error) Reason {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == errorDomain {
			return Reason(info.GetReason())
		}
	}
	return ""
}
