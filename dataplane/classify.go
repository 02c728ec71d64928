package dataplane

import (
	"net/http"
	"time"
)

// ClassifyStatus judges an answer whose status is not 2xx, from its status, headers and
// the first bytes of its body (decoded, at most 64 KiB). model is the upstream model id
// that was asked for; now is for dates in Retry-After.
func ClassifyStatus(status int, header http.Header, body []byte, model string, now time.Time) Verdict {
	return Verdict{Outcome: ServerError}
}

// ClassifyError judges an error object that came without an error status: the body of a
// 200, or the data of a stream's event. ok is false when data holds no error: error null,
// no error key, or not a JSON object.
func ClassifyError(data []byte, model string) (v Verdict, ok bool) {
	return Verdict{}, false
}

// ClassifyTransport judges an error of dialling or of the round trip, from before any
// byte of an answer came back.
func ClassifyTransport(err error) Verdict {
	return Verdict{Outcome: ConnectionReset}
}
