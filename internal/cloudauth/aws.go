package cloudauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// aws gets keys: those that are given or the machine's, or those of a role that is assumed with them.
func (o *order) aws(ctx context.Context) (Grant, error) {
	s := o.spec
	var base Grant
	var err error
	switch s.Source {
	case WebIdentity:
		return o.assumeWithWebIdentity(ctx)
	case Instance:
		base, err = o.instance(ctx)
	case Container:
		base, err = o.container(ctx)
	default:
		base = signing(s, s.AccessKeyID, s.Secret, "", time.Time{})
	}
	if err != nil || s.RoleARN == "" {
		return base, err
	}
	form := url.Values{"Action": {"AssumeRole"}, "RoleArn": {s.RoleARN}}
	if s.ExternalID != "" {
		form.Set("ExternalId", s.ExternalID)
	}
	return o.assume(ctx, form, &base)
}

// instance asks IMDSv2: first for a session, so that nobody can be made to ask by a mere GET.
func (o *order) instance(ctx context.Context) (Grant, error) {
	const who = "the instance metadata service"
	client := local()
	defer client.CloseIdleConnections()
	ask := func(method, path, header, value string) (string, error) {
		r, err := http.NewRequestWithContext(ctx, method, o.cfg.Metadata+path, nil)
		if err != nil {
			return "", refused("the URL of %s is none", who)
		}
		r.Header.Set(header, value)
		text, err := o.ask(ctx, client, r, who, noCode)
		return strings.TrimSpace(string(text)), err
	}
	session, err := ask(http.MethodPut, "/latest/api/token", "X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
	if err != nil {
		return Grant{}, err
	}
	const roles = "/latest/meta-data/iam/security-credentials/"
	names, err := ask(http.MethodGet, roles, "X-Aws-Ec2-Metadata-Token", session)
	if err != nil {
		return Grant{}, err
	}
	role, _, _ := strings.Cut(names, "\n")
	if role == "" {
		return Grant{}, refused("the instance has no role")
	}
	text, err := ask(http.MethodGet, roles+url.PathEscape(role), "X-Aws-Ec2-Metadata-Token", session)
	if err != nil {
		return Grant{}, err
	}
	return o.fromJSON(text, who)
}

// container asks the agent of an ECS task or EKS pod, whose address the machine's environment names.
func (o *order) container(ctx context.Context) (Grant, error) {
	const who = "the container's credential endpoint"
	where := o.cfg.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if relative := o.cfg.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); relative != "" {
		where = "http://169.254.170.2" + relative
	}
	if where == "" {
		return Grant{}, refused("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set: this is no ECS task and no EKS pod with an identity")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return Grant{}, refused("the URL of %s is none", who)
	}
	token := o.cfg.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if o.cfg.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") != "" {
		if token, err = o.file("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); err != nil {
			return Grant{}, err
		}
	}
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	client := local()
	defer client.CloseIdleConnections()
	text, err := o.ask(ctx, client, r, who, func(b []byte) string { return gjson.GetBytes(b, "code").Str })
	if err != nil {
		return Grant{}, err
	}
	return o.fromJSON(string(text), who)
}

// fromJSON reads keys as metadata services give them.
func (o *order) fromJSON(text, who string) (Grant, error) {
	doc := gjson.Parse(text)
	return o.keys(who, doc.Get("AccessKeyId").Str, doc.Get("SecretAccessKey").Str, doc.Get("Token").Str, doc.Get("Expiration").Str)
}

func (o *order) keys(who, id, secret, session, expiration string) (Grant, error) {
	at, err := time.Parse(time.RFC3339, expiration)
	switch {
	case !keyID.MatchString(id) || secret == "" || session == "" || !visible.MatchString(session) || err != nil:
		return Grant{}, passing("%s answers 200 without keys", who)
	case !at.After(o.cfg.Now()):
		return Grant{}, passing("%s gives keys that have ended; is this machine's clock right?", who)
	}
	return signing(o.spec, id, secret, session, at), nil
}

// assumeWithWebIdentity exchanges the machine's token for keys; nothing is signed.
func (o *order) assumeWithWebIdentity(ctx context.Context) (Grant, error) {
	token, err := o.file("AWS_WEB_IDENTITY_TOKEN_FILE")
	if err != nil {
		return Grant{}, err
	}
	role := either(o.spec.RoleARN, o.cfg.Getenv("AWS_ROLE_ARN"))
	if role == "" {
		return Grant{}, refused("no role_arn is given, and AWS_ROLE_ARN is not set")
	}
	return o.assume(ctx, url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "RoleArn": {role}, "WebIdentityToken": {token}}, nil)
}

// assume asks STS for the keys of a role; with signs it where there is something to sign with.
func (o *order) assume(ctx context.Context, form url.Values, with *Grant) (Grant, error) {
	const who = "STS"
	form.Set("Version", "2011-06-15")
	form.Set("RoleSessionName", "trunkline")
	body := form.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.cfg.STS(o.spec.Region)+"/", strings.NewReader(body))
	if err != nil {
		return Grant{}, refused("the URL of STS is none")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/xml")
	if with != nil {
		signer := *with.keys
		signer.service = "sts"
		hash := sha256.Sum256([]byte(body))
		if err := (&Grant{keys: &signer}).Authorize(ctx, r, hex.EncodeToString(hash[:]), o.cfg.Now()); err != nil {
			return Grant{}, refused("the request to STS cannot be signed")
		}
	}
	text, err := o.ask(ctx, o.http, r, who, func(b []byte) string { return elements(b)["Code"] })
	if err != nil {
		return Grant{}, err
	}
	found := elements(text)
	return o.keys(who, found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], found["Expiration"])
}

// elements are the texts of an XML document's elements by their names; of several the last.
func elements(document []byte) map[string]string {
	found := map[string]string{}
	name := ""
	for d := xml.NewDecoder(strings.NewReader(string(document))); ; {
		token, err := d.Token()
		if err == io.EOF || err != nil {
			return found
		}
		switch t := token.(type) {
		case xml.StartElement:
			name = t.Name.Local
		case xml.CharData:
			if name != "" {
				found[name] += string(t)
			}
		case xml.EndElement:
			name = ""
		}
	}
}

// sts is where a region's roles are assumed.
func sts(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "https://sts." + region + ".amazonaws.com.cn"
	}
	return "https://sts." + region + ".amazonaws.com"
}
