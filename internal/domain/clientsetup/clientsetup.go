// Package clientsetup has how the clients that people have are set up to call a group. The admin API,
// and through it the console and the CLI, tell what is here.
package clientsetup

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"text/template"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// KeyPlaceholder stands for an API key that is not known.
const KeyPlaceholder = "your-key"

// cut is where the key belongs while a text is made. Neither models nor addresses have it.
const cut = "\x00"

// Clients are the names of the clients, in the order in which they are shown.
func Clients() []string {
	names := make([]string, len(clients))
	for i, c := range clients {
		names[i] = c.id
	}
	return names
}

// Setups are the setups of all clients that ask for a model at a gateway, as Gateway
// gives it.
func Setups(gateway, model string) ([]*adminv1.ClientSetup, error) {
	values := struct {
		Gateway, Model string
		Local          bool
	}{gateway, model, isLoopback(gateway)}
	out := make([]*adminv1.ClientSetup, len(clients))
	for i, c := range clients {
		out[i] = &adminv1.ClientSetup{Client: c.id, Title: c.title, Api: c.api, DocsUrl: c.docs}
		for _, b := range c.put {
			t, err := template.New(c.id).Funcs(functions).Parse(b.text)
			if err != nil {
				return nil, fmt.Errorf("client setup: %w", err) // a test reads all of them
			}
			var text strings.Builder
			if err := t.Execute(&text, values); err != nil {
				return nil, fmt.Errorf("client setup %s: %w", c.id, err)
			}
			parts := strings.Split(text.String(), cut)
			made := &adminv1.ClientSetupBlock{Place: b.place, Path: b.path, Parts: parts}
			if len(parts) > 1 {
				made.KeyQuoting = b.key
			}
			out[i].Blocks = append(out[i].Blocks, made)
		}
	}
	return out, nil
}

// Text is the text of a block with the key in it; empty: the placeholder.
func Text(b *adminv1.ClientSetupBlock, key string) string {
	if key == "" {
		key = KeyPlaceholder
	}
	switch b.GetKeyQuoting() {
	case adminv1.ClientSetupQuoting_CLIENT_SETUP_QUOTING_SHELL:
		key = strings.ReplaceAll(key, `'`, `'\''`)
	case adminv1.ClientSetupQuoting_CLIENT_SETUP_QUOTING_STRING:
		key = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key)
	}
	return strings.Join(b.GetParts(), key)
}

// GatewayRule says what Gateway takes.
const GatewayRule = "must be http(s)://host[:port][/path], such as https://gateway.example.com"

// Gateway makes the address of a gateway, without /v1, of what people write; false: it is none.
func Gateway(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", false
	}
	return strings.TrimRight(strings.TrimSuffix(strings.TrimRight(u.String(), "/"), "/v1"), "/"), true
}

// isLoopback reports whether only programs on the same machine find the gateway.
func isLoopback(gateway string) bool {
	u, err := url.Parse(gateway)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

var functions = template.FuncMap{
	"key": func() string { return cut },
	"sh":  func(s string) string { return `'` + strings.ReplaceAll(s, `'`, `'\''`) + `'` },
	"str": quote,
}

// quote writes a string as JSON does, which TOML, YAML, Python and JavaScript read too.
func quote(s string) (string, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(s)
	return strings.TrimSuffix(b.String(), "\n"), err
}
