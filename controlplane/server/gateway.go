package server

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// plainHost is a name or an IPv4 address with perhaps a port: it goes into a header of the
// console's page, where other characters would mean something.
var plainHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)

// gatewayOrigin is the origin of where clients send their calls, which the console's page is
// allowed to call; empty when the console is told nothing: it then asks where it came from.
func gatewayOrigin(address string) (string, error) {
	if address == "" {
		return "", nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		!plainHost.MatchString(strings.ToLower(u.Host)) {
		return "", errs.Newf(errs.InvalidArgument,
			"TRUNKLINE_GATEWAY_URL must be http(s)://host[:port][/path], such as https://gateway.example.com, got %q", address)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}
