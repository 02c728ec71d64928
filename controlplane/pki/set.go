package pki

import (
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// set is the keys of an authority at one time. It is immutable.
type set struct {
	issuers []*issuer
	signing *issuer
	roots   *x509.CertPool
	sealed  []byte // as it is stored
}

// newSet checks that issuers make an authority: one key that signs, and one other at most, all of one
// trust domain.
func newSet(issuers []*issuer, sealed []byte) (*set, error) {
	s := &set{issuers: issuers, roots: x509.NewCertPool(), sealed: sealed}
	others := 0
	for _, i := range issuers {
		s.roots.AddCert(i.certificate)
		switch {
		case i.domain != issuers[0].domain:
			return nil, errors.New("the CA keys belong to several trust domains")
		case i.Role == controlplane.AuthoritySigning && s.signing == nil:
			s.signing = i
		case i.Role == controlplane.AuthorityNext, i.Role == controlplane.AuthorityRetired:
			others++
		default:
			return nil, fmt.Errorf("the node CA has a second signing key, or one for %q", i.Role)
		}
	}
	if s.signing == nil || others > 1 {
		return nil, errors.New("the node CA has no signing key, or too many others")
	}
	return s, nil
}

// in is the key of a role; nil: there is none.
func (s *set) in(role controlplane.AuthorityRole) *issuer {
	for _, i := range s.issuers {
		if i.Role == role {
			return i
		}
	}
	return nil
}
