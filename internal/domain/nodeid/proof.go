package nodeid

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// scheme is that of the authorization of a request to join.
const scheme = "Join"

// Channel is what only the two ends of a TLS 1.3 connection know: tls-exporter of RFC
// 9266. Whoever sits between them has two connections, and two values that differ.
func Channel(state tls.ConnectionState) ([]byte, error) {
	if state.Version != tls.VersionTLS13 {
		return nil, errors.New("the connection is not TLS 1.3")
	}
	value, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	if err != nil {
		return nil, fmt.Errorf("bind to the connection: %w", err)
	}
	return value, nil
}

// NodeProof shows that a node knows the key of a token, on this connection and for this
// request.
func NodeProof(key, channel []byte, node string, request []byte) []byte {
	return proof(key, "trunkline join: node", channel, []byte(node), request)
}

// ControlPlaneProof shows that a control plane knows the key too, on this connection and
// for this answer: the certificate, and the authorities that the node is to trust.
func ControlPlaneProof(key, channel []byte, node string, certificate []byte, authorities ...[]byte) []byte {
	parts := append([][]byte{channel, []byte(node), certificate}, authorities...)
	return proof(key, "trunkline join: control plane", parts...)
}

// Equal compares proofs without telling how far they agree.
func Equal(a, b []byte) bool { return hmac.Equal(a, b) }

// proof is an HMAC over parts none of which can be taken for another.
func proof(key []byte, who string, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(who))
	for _, part := range parts {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// Authorization is the header of a request to join.
func Authorization(tokenID string, proof []byte) string {
	return scheme + " " + tokenID + " " + base64.RawURLEncoding.EncodeToString(proof)
}

// ParseAuthorization is the inverse of Authorization.
func ParseAuthorization(header string) (tokenID string, proof []byte, ok bool) {
	parts := strings.Split(header, " ")
	if len(parts) != 3 || parts[0] != scheme || parts[1] != Preset && !IsTokenID(parts[1]) {
		return "", nil, false
	}
	proof, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(proof) != sha256.Size {
		return "", nil, false
	}
	return parts[1], proof, true
}
