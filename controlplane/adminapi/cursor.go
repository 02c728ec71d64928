package adminapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// A cursor is a digest of the filters, the start of the last call shown and its id; without an id it continues with
// calls that arrived before that time.
const (
	cursorDigest = 8
	cursorFixed  = cursorDigest + 8
	maxCursorID  = 64
)

// encodeCursor makes the page token that continues behind a call of the filtered list.
func encodeCursor(f calllog.Filter, at calllog.Position) string {
	digest := filterDigest(f)
	raw := binary.BigEndian.AppendUint64(digest[:], uint64(at.StartUS))
	return base64.RawURLEncoding.EncodeToString(append(raw, at.ID...))
}

// decodeCursor reads a page token made for the same filters; an empty one starts at the newest call.
func decodeCursor(f calllog.Filter, token string) (calllog.Position, error) {
	if token == "" {
		return calllog.Position{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < cursorFixed || len(raw) > cursorFixed+maxCursorID {
		return calllog.Position{}, errPageToken()
	}
	digest := filterDigest(f)
	if string(raw[:cursorDigest]) != string(digest[:]) {
		return calllog.Position{}, errs.Invalid(errs.Violation{
			Field: "page_token", Description: "belongs to a list with different filters",
		})
	}
	id := string(raw[cursorFixed:])
	if strings.ContainsFunc(id, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }) {
		return calllog.Position{}, errPageToken()
	}
	return calllog.Position{StartUS: int64(binary.BigEndian.Uint64(raw[cursorDigest:])), ID: id}, nil
}

// filterDigest identifies what is filtered by; the page's size and position are no part of it.
func filterDigest(f calllog.Filter) [cursorDigest]byte {
	h := sha256.New()
	stream := ""
	if f.Stream != nil {
		stream = strconv.FormatBool(*f.Stream)
	}
	for _, s := range []string{
		f.Group, f.Provider, f.APIKey, f.Outcome, f.AttemptOutcome, f.ClientRequestID, f.TraceID, f.User, f.Metadata, f.ID, f.Model, f.Node, stream, strconv.FormatBool(f.Failed), strconv.FormatBool(f.FailedOver),
	} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	for _, n := range []int64{int64(f.Status), int64(f.MinDuration), f.MinCost, f.From.Unix(), int64(f.From.Nanosecond()), f.To.Unix(), int64(f.To.Nanosecond())} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
	return [cursorDigest]byte(h.Sum(nil)[:cursorDigest])
}
