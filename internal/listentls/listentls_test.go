package listentls

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/settings"
)

// files writes a certificate with that serial number and its key.
func files(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	write(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})))
	return cert, key
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func serial(t *testing.T, c *Certificate) int64 {
	t.Helper()
	got, err := c.Config(false).GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return got.Leaf.SerialNumber.Int64()
}

func TestFilesThatChangeAreReadAgainAndBadOnesAreNotTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := files(t, dir, 1)
	c, err := open(cert, key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	look := func(what string, wantChanged, wantErr bool, want int64) {
		t.Helper()
		if changed, err := c.look(); changed != wantChanged || (err != nil) != wantErr || serial(t, c) != want {
			t.Errorf("%s: changed %v, %v, serial %d; want %v, an error %v, %d", what, changed, err, serial(t, c), wantChanged, wantErr, want)
		}
	}
	look("nothing changed", false, false, 1)
	old, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	files(t, dir, 2)
	fresh, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, key, string(old))
	look("a certificate whose key is not there yet", false, true, 1)
	write(t, key, string(fresh))
	look("both", true, false, 2)
	write(t, cert, "nonsense")
	look("nonsense", false, true, 2)
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	look("a file that is gone", false, true, 2)
	files(t, dir, 3)
	look("good again", true, false, 3)
}

func parsed(t *testing.T, args ...string) *Settings {
	t.Helper()
	s := &Settings{}
	set := settings.New(settings.Config{Program: "test", LookupEnv: func(string) (string, bool) { return "", false }, DotEnv: filepath.Join(t.TempDir(), ".env"), Output: io.Discard})
	s.Register(set, "the test")
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSettingsThatCannotBe(t *testing.T) {
	t.Parallel()
	cert, key := files(t, t.TempDir(), 1)
	log := slog.New(slog.DiscardHandler)
	for want, args := range map[string][]string{
		"must be set together":   {"--tls-cert-file", cert},
		"needs tls-cert-file":    {"--ops-tls"},
		"no such file":           {"--tls-cert-file", cert, "--tls-key-file", key + "x"},
		"TLS certificate " + key: {"--tls-cert-file", key, "--tls-key-file", key},
	} {
		if _, err := parsed(t, args...).Open(log); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
	if c, err := parsed(t).Open(log); c != nil || err != nil || c.Scheme() != "http" || c.Config(true) != nil {
		t.Errorf("without settings: %v, %v", c, err)
	}
	s := parsed(t, "--tls-cert-file", cert, "--tls-key-file", key)
	if c, err := s.Open(log); err != nil || c.Scheme() != "https" || s.Ops(c) != nil {
		t.Errorf("without ops-tls: %v, ops has %v", err, s.Ops(c))
	}
}

func TestPlainHTTPThatOthersCanReachIsWarnedOf(t *testing.T) {
	t.Parallel()
	cert, key := files(t, t.TempDir(), 1)
	any, loopback := &net.TCPAddr{IP: net.IPv6unspecified, Port: 1}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	for name, tt := range map[string]struct {
		at   net.Addr
		args []string
		want bool
	}{
		"all interfaces": {any, nil, true},
		"loopback":       {loopback, nil, false},
		"behind a proxy": {any, []string{"--behind-tls-proxy"}, false},
		"TLS":            {any, []string{"--tls-cert-file", cert, "--tls-key-file", key}, false},
	} {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, nil))
		s := parsed(t, tt.args...)
		c, err := s.Open(log)
		if err != nil {
			t.Fatal(err)
		}
		s.Warn(log, c, "api", tt.at)
		if got := strings.Contains(out.String(), "PLAIN HTTP"); got != tt.want {
			t.Errorf("%s: warned %v, want %v", name, got, tt.want)
		}
	}
}
