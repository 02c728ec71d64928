package dataplane

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The id of a response that its provider stores is given to clients with a token inside, which says
// where the response is: resp_ and the token and the rest of the provider's own id, encrypted. So every node
// finds it, after any restart, and none has to remember it. The token is:
//
//	flags        1 byte   idBackground, idBare
//	group        5 bytes  references: the beginning of an HMAC of a name
//	provider     5 bytes
//	credential   5 bytes  zero: it was asked without one
//	model        5 bytes  with idBackground only, as what follows
//	call        16 bytes  the UUID of the call that made it
//	start        8 bytes  when that arrived, microseconds since 1970
//	tag         12 bytes  HMAC-SHA256 of all before it, the caller and the provider's own id
//
// in base64url, as is what follows it. The keys are derived from the installation's pepper, which is in every
// snapshot and never changes. What has no valid tag for the caller does not exist for it, and no caller learns a
// provider's own id: who knows one has it from the provider itself (see IsForeignResponse).
const (
	idMark   = "resp_tl"
	idNative = "resp_"
	refLen   = 5
	tagLen   = 12
	plainLen = 1 + 3*refLen + tagLen
	longLen  = plainLen + refLen + 16 + 8
	// maxNativeID bounds a provider's own id; one that is longer is not wrapped.
	maxNativeID = 256
)

// Flags of a token.
const (
	idVersion    = 0x20
	idBackground = 0x01 // it was made in the background: who sees its end bills it
	idBare       = 0x02 // the provider's own id does not begin with resp_
	idHex        = 0x04 // what follows is the bytes of hexadecimal digits
	maxHex       = 96   // digits of an id that gets no longer than it was
)

type reference [refLen]byte

// responseIDs is what a snapshot needs to read and write such ids.
type responseIDs struct {
	key       []byte
	own       cipher.Block // of the providers' own ids
	groups    map[reference]*Group
	providers map[reference]*Provider
}

// ResponseID is where a stored response is. What is nil is not in this snapshot, or is not for the
// caller any more.
type ResponseID struct {
	Native     string // the provider's own id
	Group      *Group
	Provider   *Provider
	Credential *Credential
	// Background: the call that made it ends with it.
	Background bool
	Target     *Target // with Background only, as what follows
	CallID     string
	CallStart  time.Time
}

func newResponseIDs(pepper []byte) responseIDs {
	derive := func(purpose string) []byte {
		mac := hmac.New(sha256.New, pepper)
		mac.Write([]byte(purpose))
		return mac.Sum(nil)
	}
	own, err := aes.NewCipher(derive("trunkline response ids, providers' own"))
	if err != nil { // the key has 32 bytes
		panic(err)
	}
	return responseIDs{key: derive("trunkline response ids"), own: own, groups: map[reference]*Group{}, providers: map[reference]*Provider{}}
}

func (r *responseIDs) reference(kind string, names ...string) reference {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte(kind))
	for _, name := range names {
		mac.Write([]byte{0})
		mac.Write([]byte(name))
	}
	return reference(mac.Sum(nil))
}

// index gives everything that ids refer to its reference.
func (r *responseIDs) index(s *Snapshot) {
	for _, p := range s.Providers {
		p.ref = r.reference("provider", p.Name)
		r.providers[p.ref] = p
		for _, c := range p.Credentials {
			c.ref = r.reference("credential", p.Name, c.Name)
		}
	}
	for _, t := range s.targets {
		t.ref = r.reference("model", t.Provider.Name, t.Model)
	}
	for _, g := range s.byName {
		g.ref = r.reference("group", g.Name)
		r.groups[g.ref] = g
	}
}

func (r *responseIDs) tag(token []byte, caller, native string) []byte {
	mac := hmac.New(sha256.New, r.key)
	mac.Write(token)
	mac.Write([]byte(caller))
	mac.Write([]byte{0})
	mac.Write([]byte(native))
	return mac.Sum(nil)[:tagLen]
}

// Wrap gives the id under which the caller finds what id names. ok is false where the provider's own
// id cannot be wrapped.
func (s *Snapshot) Wrap(key *APIKey, id *ResponseID) (wrapped string, ok bool) {
	if !fitsNative(id.Native) {
		return "", false
	}
	rest, isOurs := strings.CutPrefix(id.Native, idNative)
	flags := byte(idVersion)
	if !isOurs {
		flags |= idBare
	}
	sealed := []byte(rest)
	if digits, err := hex.DecodeString(rest); err == nil && len(rest) <= maxHex && rest == strings.ToLower(rest) {
		flags, sealed = flags|idHex, digits
	}
	var credential reference
	if id.Credential != nil {
		credential = id.Credential.ref
	}
	token := make([]byte, 0, longLen)
	token = append(token, flags)
	token = append(token, id.Group.ref[:]...)
	token = append(token, id.Provider.ref[:]...)
	token = append(token, credential[:]...)
	if call, err := uuid.Parse(id.CallID); id.Background && err == nil {
		token[0] |= idBackground
		token = append(token, id.Target.ref[:]...)
		token = append(token, call[:]...)
		token = binary.BigEndian.AppendUint64(token, uint64(id.CallStart.UnixMicro()))
	}
	token = append(token, s.ids.tag(token, key.Caller, id.Native)...)
	s.ids.crypt(token, sealed)
	out := make([]byte, 0, len(idMark)+base64.RawURLEncoding.EncodedLen(len(token))+base64.RawURLEncoding.EncodedLen(len(sealed)))
	out = append(out, idMark...)
	out = base64.RawURLEncoding.AppendEncode(out, token)
	return string(base64.RawURLEncoding.AppendEncode(out, sealed)), true
}

// crypt encrypts what follows a token, or decrypts it. Its tag, which is of all that is encrypted, is the
// initialization vector, as in RFC 5297.
func (r *responseIDs) crypt(token, text []byte) {
	var iv [aes.BlockSize]byte
	copy(iv[:], token[len(token)-tagLen:])
	cipher.NewCTR(r.own, iv[:]).XORKeyStream(text, text)
}

// IsForeignResponse reports whether an id that a client sent is none that any installation of ours gave out, so that
// it may be a provider's own: of a response made at the provider itself, or before there was a gateway.
func IsForeignResponse(id string) bool { return !strings.HasPrefix(id, idMark) && fitsNative(id) }

// Unwrap reads an id that a client sent. ok is false for what was not given to this caller: an id
// that is nobody's, another caller's, or a provider's own.
func (s *Snapshot) Unwrap(key *APIKey, wrapped string) (id ResponseID, ok bool) {
	text, found := strings.CutPrefix(wrapped, idMark)
	if !found || len(wrapped) > len(idMark)+base64.RawURLEncoding.EncodedLen(longLen)+base64.RawURLEncoding.EncodedLen(maxNativeID) {
		return id, false
	}
	token, native, found := s.ids.cutToken(text)
	if !found || !fitsNative(native) || !s.isFor(key, token, native) {
		return id, false
	}
	id.Native, id.Background = native, token[0]&idBackground != 0
	next := func() (r reference) {
		r, token = reference(token), token[refLen:]
		return r
	}
	token = token[1:]
	id.find(s, key, next(), next(), next())
	if id.Background {
		model := next()
		id.CallID = uuid.UUID(token[:16]).String()
		id.CallStart = time.UnixMicro(int64(binary.BigEndian.Uint64(token[16:])))
		id.findTarget(s, model)
	}
	return id, true
}

// cutToken takes the token and the provider's own id apart.
func (r *responseIDs) cutToken(text string) (token []byte, native string, ok bool) {
	if len(text) < 2 {
		return nil, "", false
	}
	first, err := base64.RawURLEncoding.DecodeString(text[:2])
	if err != nil || first[0]&0xf0 != idVersion {
		return nil, "", false
	}
	size := plainLen
	if first[0]&idBackground != 0 {
		size = longLen
	}
	n := base64.RawURLEncoding.EncodedLen(size)
	if len(text) < n {
		return nil, "", false
	}
	if token, err = base64.RawURLEncoding.Strict().DecodeString(text[:n]); err != nil {
		return nil, "", false
	}
	own, err := base64.RawURLEncoding.Strict().DecodeString(text[n:])
	if err != nil {
		return nil, "", false
	}
	r.crypt(token, own)
	if native = string(own); first[0]&idHex != 0 {
		native = hex.EncodeToString(own)
	}
	if first[0]&idBare == 0 {
		native = idNative + native
	}
	return token, native, true
}

// isFor checks the tag. What a key made before it had an owner stays its own.
func (s *Snapshot) isFor(key *APIKey, token []byte, native string) bool {
	token, tag := token[:len(token)-tagLen], token[len(token)-tagLen:]
	return hmac.Equal(tag, s.ids.tag(token, key.Caller, native)) ||
		hmac.Equal(tag, s.ids.tag(token, callerKey(key.Name), native))
}

// find looks up what an id refers to. A provider that the group does not hold any more is as good
// as gone: the group decides who is called for its callers.
func (id *ResponseID) find(s *Snapshot, key *APIKey, group, provider, credential reference) {
	if g := s.ids.groups[group]; g != nil && key.Allows(g) {
		id.Group = g
	}
	p := s.ids.providers[provider]
	if p == nil || id.Group == nil || !slices.ContainsFunc(id.Group.Members, func(m *Member) bool { return m.Provider == p }) {
		return
	}
	id.Provider = p
	for _, c := range p.Credentials {
		if c.ref == credential {
			id.Credential = c
		}
	}
}

func (id *ResponseID) findTarget(s *Snapshot, model reference) {
	if id.Provider == nil {
		return
	}
	for _, name := range id.Provider.Models {
		if t := s.targets[Scope{Kind: ScopeTarget, Provider: id.Provider.Name, Name: name}]; t.ref == model {
			id.Target = t
		}
	}
}

// fitsNative accepts a provider's own id that can stand in JSON, in a path and in a log as it is.
func fitsNative(id string) bool {
	if id == "" || len(id) > maxNativeID || strings.Trim(id, ".") == "" {
		return false
	}
	return !bytes.ContainsFunc([]byte(id), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-.:=~+@", r)
	})
}
