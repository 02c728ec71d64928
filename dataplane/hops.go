package dataplane

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// HopHeader is where a request says through which gateways it came (RFC 8586). Unlike Via it is
// not taken for anything else on the way.
const HopHeader = "Cdn-Loop"

// hopPrefix begins the names of all gateways of this kind; 16 hexadecimal digits follow.
const hopPrefix = "trunkline-"

// maxHops bounds the gateways of this kind that one request may pass.
const maxHops = 8

// hopOf is the name of an installation, the same on all of its nodes. It is derived from a
// secret of theirs and tells nothing of it.
func hopOf(pepper []byte) string {
	mac := hmac.New(sha256.New, pepper)
	mac.Write([]byte(HopHeader))
	return hopPrefix + hex.EncodeToString(mac.Sum(nil)[:8])
}

// Hops gives what the attempts of a request send in HopHeader: the gateways of this kind that it
// came through, and this one. ok is false when this one is among them already, or there are too
// many. What others wrote there is not passed on: a provider behind the same CDN as a client
// would take it for a loop of its own.
func (s *Snapshot) Hops(came http.Header) (hops []string, ok bool) {
	lines := came[HopHeader]
	if len(lines) == 0 {
		return s.hop, true
	}
	var names []string
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			name, _, _ = strings.Cut(name, ";")
			if name = strings.TrimSpace(name); isHop(name) {
				names = append(names, name)
			}
		}
	}
	if len(names) >= maxHops || slices.Contains(names, s.hop[0]) {
		return nil, false
	}
	return []string{strings.Join(append(names, s.hop[0]), ", ")}, true
}

// isHop reports whether a name may be that of a gateway of this kind.
func isHop(name string) bool {
	digits, ok := strings.CutPrefix(name, hopPrefix)
	if !ok || len(digits) != 16 {
		return false
	}
	for i := range len(digits) {
		if c := digits[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
