package adminapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// digest identifies what a list is asked for: its kind, search, order and filters. It is the
// head of a page token, so that a token fits the list it came from and no other.
type digest [8]byte

func newDigest(kind controlplane.Kind, req proto.Message) digest {
	asked := proto.Clone(req).ProtoReflect()
	for _, position := range [...]string{"page_size", "page_token"} {
		asked.Clear(asked.Descriptor().Fields().ByTextName(position))
	}
	// It fails only for text that is not UTF-8, which no request that arrived has.
	raw, _ := proto.MarshalOptions{Deterministic: true}.Marshal(asked.Interface())
	sum := sha256.Sum256(append([]byte(string(kind)+"\x00"), raw...))
	return digest(sum[:8])
}

// token makes the page token that continues behind a position.
func (d digest) token(p position) string {
	raw := binary.BigEndian.AppendUint64(d[:], uint64(p.value))
	return base64.RawURLEncoding.EncodeToString(append(raw, p.name...))
}

// position reads a page token; nil when it is empty, which is the beginning.
func (d digest) position(token string) (*position, error) {
	if token == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	head := len(d) + 8
	if err != nil || len(raw) <= head {
		return nil, errPageToken()
	}
	if digest(raw[:len(d)]) != d {
		return nil, errs.Invalid(errs.Violation{
			Field: "page_token", Description: "belongs to a list with another search, order or filter",
		})
	}
	return &position{int64(binary.BigEndian.Uint64(raw[len(d):head])), string(raw[head:])}, nil
}
