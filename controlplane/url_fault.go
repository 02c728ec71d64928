package controlplane

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/secretname"
)

// URLFault says what is wrong with a base URL. It never quotes it: it may hold a password.
func URLFault(raw string) string {
	if raw == "" {
		return "is required"
	}
	u, err := dialect.ParseBase(raw)
	switch {
	case err != nil || strings.TrimSpace(raw) != raw:
		return "is not a URL"
	case u.Scheme != "http" && u.Scheme != "https":
		return "must start with http:// or https://"
	case u.Hostname() == "":
		return "must name a host"
	case u.User != nil:
		return "must not contain a user name or password; use credentials"
	case !dialect.IsExact(u) && u.Fragment != "" || strings.Contains(strings.TrimSuffix(raw, "#"), "#"):
		return "must not contain a fragment; a # at its very end makes it the exact URL of every call"
	}
	for name, values := range u.Query() {
		if slices.ContainsFunc(values, func(v string) bool { return secretname.Is(name, v) }) {
			return "must not contain a secret in its query; give it in secret_query, where it is stored encrypted and never shown"
		}
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "must have a port from 1 to 65535"
		}
	}
	return ""
}

// ReceiverFault says what is wrong with the URL of a receiver. It never quotes it.
func ReceiverFault(raw string, allowPrivate bool) string {
	if fault := URLFault(raw); fault != "" {
		return strings.Replace(fault, "; use credentials", "", 1)
	}
	if strings.HasSuffix(raw, "#") {
		return "must not contain a fragment"
	}
	if u, err := url.Parse(raw); err != nil || u.Scheme != "https" && !allowPrivate && !IsLoopback(u.Hostname()) {
		return "must start with https://, except at a loopback address or with allow_private_network"
	}
	return ""
}

// IsLoopback reports whether a host is this machine by its very name.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
