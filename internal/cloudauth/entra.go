package cloudauth

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// entra gets a token of Microsoft Entra ID: for a client's secret, or as the machine's identity.
func (o *order) entra(ctx context.Context) (Grant, error) {
	s := o.spec
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.ClientID}, "scope": {s.Scope}}
	authority, tenant := s.Authority, s.Tenant
	switch s.Source {
	case ManagedIdentity:
		return o.managedIdentity(ctx)
	case WorkloadIdentity:
		token, err := o.file("AZURE_FEDERATED_TOKEN_FILE")
		if err != nil {
			return Grant{}, err
		}
		// The machine's own token goes to its own authority, whatever the configuration says.
		authority = either(o.cfg.Getenv("AZURE_AUTHORITY_HOST"), "https://login.microsoftonline.com")
		tenant = either(tenant, o.cfg.Getenv("AZURE_TENANT_ID"))
		form.Set("client_id", either(s.ClientID, o.cfg.Getenv("AZURE_CLIENT_ID")))
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", token)
	default:
		form.Set("client_secret", s.Secret)
	}
	if tenant == "" || form.Get("client_id") == "" {
		return Grant{}, refused("no tenant_id and client_id is given, and AZURE_TENANT_ID and AZURE_CLIENT_ID are not set")
	}
	return o.exchange(ctx, strings.TrimRight(authority, "/")+"/"+url.PathEscape(tenant)+"/oauth2/v2.0/token", form, nil)
}

// managedIdentity asks the service of App Service and Container Apps where there is one, else that of
// virtual machines. It names a resource rather than a scope.
func (o *order) managedIdentity(ctx context.Context) (Grant, error) {
	query := url.Values{"resource": {strings.TrimSuffix(o.spec.Scope, "/.default")}}
	if o.spec.ClientID != "" {
		query.Set("client_id", o.spec.ClientID)
	}
	where, header, value := o.cfg.Metadata+"/metadata/identity/oauth2/token", "Metadata", "true"
	query.Set("api-version", "2018-02-01")
	if endpoint := o.cfg.Getenv("IDENTITY_ENDPOINT"); endpoint != "" {
		where, header, value = endpoint, "X-Identity-Header", o.cfg.Getenv("IDENTITY_HEADER")
		query.Set("api-version", "2019-08-01")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, where+"?"+query.Encode(), nil)
	if err != nil {
		return Grant{}, refused("the URL of Azure's identity service is none")
	}
	r.Header.Set(header, value)
	return o.ofMachine(ctx, r, "Azure's identity service")
}

// file reads the token whose path is in a variable.
func (o *order) file(variable string) (string, error) {
	path := o.cfg.Getenv(variable)
	if path == "" {
		return "", refused("%s is not set", variable)
	}
	text, err := o.cfg.ReadFile(path)
	if err != nil || strings.TrimSpace(string(text)) == "" {
		return "", passing("the file that %s names cannot be read, or is empty", variable)
	}
	return strings.TrimSpace(string(text)), nil
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
