package server

import "testing"

func TestGatewayOrigin(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                                    "",
		"https://gateway.example.com":         "https://gateway.example.com",
		"https://Gateway.Example.com:8443/v1": "https://gateway.example.com:8443",
		"http://10.0.0.7:8002/":               "http://10.0.0.7:8002",
	} {
		if got, err := gatewayOrigin(address); got != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", address, got, err, want)
		}
	}
	for _, address := range []string{
		"gateway.example.com", "ftp://a", "https://", "https://*.example.com", "https://a;script-src", "https://a b",
		"https://user:pw@a", "https://a?key=1", "https://a#b", "https://a:x", "javascript:alert(1)", "https://a,b", "http://[::1]:80",
	} {
		if got, err := gatewayOrigin(address); err == nil {
			t.Errorf("%q was taken as %q", address, got)
		}
	}
}
