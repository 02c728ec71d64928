package cloudauth

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

const (
	// answerBytes bounds an answer of a token endpoint.
	answerBytes = 256 << 10
	// assumedLife is how long a token lives whose server does not say.
	assumedLife = 10 * time.Minute
	// longestLife is the longest that is believed.
	longestLife = 7 * 24 * time.Hour
)

const tokenEndpoint = "the token endpoint"

// exchange posts a form to a token endpoint (RFC 6749) for a bearer token. With change, the request is
// changed before it is sent.
func (o *order) exchange(ctx context.Context, endpoint string, form url.Values, change func(*http.Request)) (Grant, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return Grant{}, refused("the URL of %s is none", tokenEndpoint)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if change != nil {
		change(r)
	}
	return o.bearer(ctx, o.http, r, tokenEndpoint)
}

// bearer asks for a token, with a request that says all there is to say.
func (o *order) bearer(ctx context.Context, client *http.Client, r *http.Request, who string) (Grant, error) {
	r.Header.Set("Accept", "application/json")
	asked := o.cfg.Now()
	text, err := o.ask(ctx, client, r, who, func(body []byte) string { return gjson.GetBytes(body, "error").Str })
	if err != nil {
		return Grant{}, err
	}
	doc := gjson.ParseBytes(text)
	token := doc.Get("access_token").Str
	switch kind := doc.Get("token_type").Str; {
	case !gjson.ValidBytes(text) || token == "":
		return Grant{}, passing("%s answers 200 without a token", who)
	case kind != "" && !strings.EqualFold(kind, "bearer"):
		return Grant{}, refused("%s gives a token that is no bearer token", who)
	case len(token) > 64<<10 || !visible.MatchString(token) || strings.Contains(token, " "):
		return Grant{}, passing("%s gives a token that no header can hold", who)
	}
	life := assumedLife
	if seconds, ok := number(doc.Get("expires_in")); ok {
		life = time.Duration(min(seconds, longestLife.Seconds()) * float64(time.Second))
	} else if at, ok := number(doc.Get("expires_on")); ok {
		life = min(time.Unix(int64(at), 0).Sub(asked), longestLife)
	}
	if life <= 0 {
		return Grant{}, passing("%s gives a token that has ended", who)
	}
	return Grant{bearer: token, Expires: asked.Add(life).Round(0)}, nil // by the wall: machines sleep
}

// number reads a number as it is or in quotes, as Azure writes it.
func number(v gjson.Result) (float64, bool) {
	n, err := strconv.ParseFloat(v.String(), 64)
	return n, err == nil && n == n && v.Exists()
}

// ask sends a request and gives the body of a 200; codeOf finds the code in the body of another answer.
func (o *order) ask(ctx context.Context, client *http.Client, r *http.Request, who string, codeOf func(body []byte) string) ([]byte, error) {
	r.Header.Set("User-Agent", "trunkline")
	res, err := client.Do(r)
	if err != nil {
		return nil, explain(ctx, who, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerBytes+1))
	switch {
	case err != nil:
		return nil, explain(ctx, who, err)
	case len(body) > answerBytes:
		return nil, passing("%s answers with more than %d KiB", who, answerBytes>>10)
	case res.StatusCode != http.StatusOK:
		return nil, statusFault(who, res.StatusCode, codeOf(body))
	}
	return body, nil
}

func noCode([]byte) string { return "" }

// oauth is the client credentials grant (RFC 6749, 4.4).
func (o *order) oauth(ctx context.Context) (Grant, error) {
	s := o.spec
	form := url.Values{"grant_type": {"client_credentials"}}
	if s.Scope != "" {
		form.Set("scope", s.Scope)
	}
	if s.Audience != "" {
		form.Set("audience", s.Audience)
	}
	if s.ClientAuth == ByBody {
		form.Set("client_id", s.ClientID)
		form.Set("client_secret", s.Secret)
		return o.exchange(ctx, s.TokenURL, form, nil)
	}
	return o.exchange(ctx, s.TokenURL, form, func(r *http.Request) {
		r.SetBasicAuth(url.QueryEscape(s.ClientID), url.QueryEscape(s.Secret))
	})
}
