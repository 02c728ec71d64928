package adminapi

import (
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// loginDoor stands before Login and the two steps of a single sign-on, which strangers may call: what comes too early is refused before
// anything of its body is read, and what is compressed is never unpacked.
type loginDoor struct {
	throttle *access.Throttle
	devices  *devices
	peers    peers
	errors   *connecthttp.ErrorWriter
	observer Observer
	audit    *audit.Recorder
}

func (d *loginDoor) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		network := d.peers.network(r.Header, r.RemoteAddr)
		if wait := d.throttle.Wait(network, d.device(r)); wait > 0 {
			d.observer.SignInFailed(Throttled)
			d.audit.Failed(r.Context(), audit.Failure{
				Action: signIn, Address: network, Outcome: string(errs.ResourceExhausted), Reason: audit.TooManyFailures,
			})
			d.refuse(w, r, wait)
			return
		}
		for _, name := range []string{"Content-Encoding", "Connect-Content-Encoding", "Grpc-Encoding"} {
			if encoding := r.Header.Get(name); encoding != "" && !strings.EqualFold(encoding, "identity") {
				// A failed write is a client that left.
				_ = d.errors.Write(w, r, connect.NewError(connect.CodeUnimplemented, "a sign-in must not be compressed"))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// device is the id of a device that has signed in before.
func (d *loginDoor) device(r *http.Request) string {
	secure := r.TLS != nil || d.peers.forwardedSecurely(r.Header.Get("X-Forwarded-Proto"))
	value, _ := cookieIn(r.Header.Values("Cookie"), cookieName(deviceCookie, secure))
	return d.devices.signed.Any(value, d.devices.now())
}

func (d *loginDoor) refuse(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	later := &retryLater{roundWait(wait)}
	w.Header().Set("Retry-After", later.seconds())
	refusal := connect.NewError(connect.CodeResourceExhausted, tooManyText(later.after))
	_ = d.errors.Write(w, r, withDetail(refusal, &errdetails.RetryInfo{RetryDelay: durationpb.New(later.after)}))
}
