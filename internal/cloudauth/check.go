package cloudauth

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	region   = regexp.MustCompile(`^[a-z]{2,8}(-[a-z]{2,16})+-[0-9]{1,2}$`)
	word     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	keyID    = regexp.MustCompile(`^[A-Za-z0-9_]{16,128}$`)
	roleARN  = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]{1,512}$`)
	external = regexp.MustCompile(`^[A-Za-z0-9_+=,.@:/-]+$`)
	account  = regexp.MustCompile(`^(default|[a-z0-9-]+@[a-z0-9.-]+)$`)
	scopes   = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$`) // RFC 6749, 3.3
	visible  = regexp.MustCompile(`^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$`)
)

// SecretField is the name of the field that has the secret.
const SecretField = "secret"

// Check tells report of each field that cannot be right, by the name it has in configuration. A secret
// that is not there is no fault here: it may be stored elsewhere.
func (s Spec) Check(report func(field, reason string)) {
	if all := sources[s.Kind]; s.Source != "" && !slices.Contains(all, s.Source) {
		report("source", "must be one of "+strings.Join(all, ", "))
		return
	}
	if s.Kind == Entra && s.Authority != "" && s.OfMachine() {
		report("authority", "is for source secret only: the machine's identity has its own")
	}
	s = s.Completed()
	must := func(field, value string, is *regexp.Regexp, what string) {
		switch {
		case value == "":
			report(field, "is required")
		case !is.MatchString(value):
			report(field, "must be "+what)
		}
	}
	may := func(field, value string, is *regexp.Regexp, what string) {
		if value != "" {
			must(field, value, is, what)
		}
	}
	switch s.Kind {
	case AWS:
		must("region", s.Region, region, "a region such as us-east-1")
		must("service", s.Service, word, "the name of a service such as bedrock")
		may("external_id", s.ExternalID, external, "letters, digits or any of _+=,.@:/-")
		may("role_arn", s.RoleARN, roleARN, "the ARN of a role such as arn:aws:iam::123456789012:role/name")
		switch {
		case s.Source == Keys:
			must("access_key_id", s.AccessKeyID, keyID, "16 to 128 letters and digits")
		case s.AccessKeyID != "":
			report("access_key_id", "is for source keys only")
		}
		if s.ExternalID != "" && (s.RoleARN == "" || s.Source == WebIdentity) {
			report("external_id", "is for a role_arn that is assumed with keys or another role only")
		}
	case Google:
		must("scopes", s.Scope, scopes, "scopes without spaces and quotes")
		must("service_account", s.Account, account, "default or the email address of a service account")
		if s.Source == Key && s.Account != "default" {
			report("service_account", "is for source metadata only: a key is of one account")
		}
		if s.Secret != "" && s.Source == Key {
			if _, err := parseServiceAccount(s.Secret); err != nil {
				report(SecretField, err.Error())
			}
		}
	case Entra:
		must("scope", s.Scope, scopes, "scopes, such as https://cognitiveservices.azure.com/.default")
		checkURL("authority", s.Authority, true, report)
		check := may
		if s.Source == Secret {
			check = must
		}
		if s.Source != ManagedIdentity {
			check("tenant_id", s.Tenant, word, "the id or the domain of a tenant")
		} else if s.Tenant != "" {
			report("tenant_id", "is not used by a managed identity")
		}
		check("client_id", s.ClientID, word, "the id of an application")
	case OAuth:
		checkURL("token_url", s.TokenURL, false, report)
		must("client_id", s.ClientID, visible, "visible ASCII")
		may("scope", s.Scope, scopes, "scopes with one space between them")
		may("audience", s.Audience, visible, "visible ASCII")
		if s.ClientAuth != ByHeader && s.ClientAuth != ByBody {
			report("client_auth", "must be basic or body")
		}
	}
}

// checkURL checks the address of a token endpoint, which is never quoted.
func checkURL(field, raw string, hostOnly bool, report func(field, reason string)) {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		report(field, "is required")
	case err != nil || strings.TrimSpace(raw) != raw || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		report(field, "must be a URL that begins with https:// or http:// and names a host")
	case u.User != nil || u.Fragment != "" || strings.Contains(raw, "#"):
		report(field, "must not contain a user name, a password or a fragment")
	case hostOnly && (strings.Trim(u.Path, "/") != "" || u.RawQuery != ""):
		report(field, "must be a scheme and a host alone")
	case !isPort(u):
		report(field, "must have a port from 1 to 65535")
	}
}

func isPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

// origin is scheme, host and port of a URL as they are compared; the text itself where it is none.
func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return raw
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
