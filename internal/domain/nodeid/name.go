package nodeid

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
)

// Kinds of who a certificate is about, as the first element of its SPIFFE path.
const (
	kindNode         = "node"
	kindControlPlane = "controlplane"
)

// CheckName refuses names of nodes that could not be shown or told apart.
func CheckName(name string) error {
	if name == "" || len(name) > 128 || !utf8.ValidString(name) ||
		!plaintext.IsPlain(name) {
		return errors.New("the node's name must be 1 to 128 bytes of UTF-8 without control or invisible characters and without spaces at either end")
	}
	return nil
}

// NodeURI names a node of a control plane: spiffe://<domain>/node/<name>. Bytes that a
// path cannot hold are escaped.
func NodeURI(domain, name string) *url.URL { return uri(domain, kindNode, name) }

// ControlPlaneURI names one replica of a control plane.
func ControlPlaneURI(domain, replica string) *url.URL { return uri(domain, kindControlPlane, replica) }

// AuthorityURI names the authority of a control plane.
func AuthorityURI(domain string) *url.URL { return &url.URL{Scheme: "spiffe", Host: domain} }

func uri(domain, kind, name string) *url.URL {
	return &url.URL{
		Scheme: "spiffe", Host: domain,
		Path: "/" + kind + "/" + name, RawPath: "/" + kind + "/" + url.PathEscape(name),
	}
}

// Domain is the trust domain of an authority: one for each database.
func Domain(authority *x509.Certificate) (string, error) {
	domain, path, err := spiffe(authority)
	if err != nil {
		return "", err
	}
	if path != "" || !authority.IsCA {
		return "", fmt.Errorf("%s is not a certificate authority", authority.URIs[0])
	}
	return domain, nil
}

// Node is whom a node's certificate names, and the domain it was issued in. The
// certificate is not verified.
func Node(certificate *x509.Certificate) (domain, name string, err error) {
	return named(certificate, kindNode)
}

// ControlPlane is which replica a control plane's certificate names, and its domain. The
// certificate is not verified.
func ControlPlane(certificate *x509.Certificate) (domain, replica string, err error) {
	return named(certificate, kindControlPlane)
}

func named(certificate *x509.Certificate, kind string) (domain, name string, err error) {
	domain, path, err := spiffe(certificate)
	if err != nil {
		return "", "", err
	}
	escaped, ok := strings.CutPrefix(path, "/"+kind+"/")
	if !ok {
		return "", "", fmt.Errorf("the certificate of %s is not one of a %s", certificate.URIs[0], kind)
	}
	if name, err = url.PathUnescape(escaped); err != nil || CheckName(name) != nil {
		return "", "", fmt.Errorf("the certificate's name %s is none", certificate.URIs[0])
	}
	return domain, name, nil
}

// spiffe takes apart the one name that a certificate of ours has.
func spiffe(certificate *x509.Certificate) (domain, path string, err error) {
	if len(certificate.URIs) != 1 || certificate.URIs[0].Scheme != "spiffe" || certificate.URIs[0].Host == "" {
		return "", "", errors.New("the certificate has no SPIFFE ID: it was not issued by Trunkline")
	}
	return certificate.URIs[0].Host, certificate.URIs[0].EscapedPath(), nil
}

// KeyHash tells keys apart: SHA-256 of the public key.
func KeyHash(certificate *x509.Certificate) [sha256.Size]byte {
	return sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
}

// Fingerprint tells one authority from others: 16 hexadecimal digits of the hash of its certificate in DER.
func Fingerprint(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	return hex.EncodeToString(sum[:8])
}

// IsFingerprint reports whether a text is one that Fingerprint could give.
func IsFingerprint(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == 8
}
