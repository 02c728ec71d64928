package takeover

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Draft is the configuration that is made, and the report on how.
type Draft struct {
	Options
	Settings  *adminv1.Settings // nil: leave those that there are
	Providers []*adminv1.Provider
	Groups    []*adminv1.Group
	Keys      []*adminv1.ApiKey

	entries   []Entry
	names     map[string]bool   // kind and name
	variables map[string]string // of secrets: the name of the variable, and the value when it is known
	order     []string          // of the variables
}

// NewDraft makes an empty one.
func NewDraft(o Options) *Draft {
	return &Draft{Options: o, names: map[string]bool{}, variables: map[string]string{}}
}

// Read reads files with a source; why says of what nobody has read, by its path, why it is left out.
func (d *Draft) Read(s Source, files []*File) error { return s.Read(files, d) }

// Rest reports what nobody has read of a file.
func (d *Draft) Rest(root *Node, why func(path string) string) { d.leaveRest(root, why) }

// Name makes a name that is free for a kind out of what something was called.
func (d *Draft) Name(kind, want string) string {
	clean := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, want))
	for len(clean) > 120 {
		clean = strings.TrimSpace(strings.ToValidUTF8(clean[:120], ""))
	}
	if clean == "" {
		clean = strings.ToLower(kind)
	}
	name := clean
	for i := 2; d.names[kind+"\x00"+strings.ToLower(name)]; i++ {
		name = fmt.Sprintf("%s-%d", clean, i)
	}
	d.names[kind+"\x00"+strings.ToLower(name)] = true
	return name
}

// Provider adds one under a free name.
func (d *Draft) Provider(want string, p *adminv1.Provider) *adminv1.Provider {
	p.Name = d.Name("Provider", want)
	d.Providers = append(d.Providers, p)
	return p
}

// Group gives the group of a name, which is made if it is not there.
func (d *Draft) Group(name string) *adminv1.Group {
	for _, g := range d.Groups {
		if strings.EqualFold(g.GetName(), name) {
			return g
		}
	}
	g := &adminv1.Group{Name: name}
	d.Groups = append(d.Groups, g)
	return g
}

// Failover gives the policy of the settings to be filled in.
func (d *Draft) Failover() *adminv1.FailoverPolicy {
	if d.Settings == nil {
		d.Settings = &adminv1.Settings{Failover: &adminv1.FailoverPolicy{}}
	}
	return d.Settings.Failover
}

// A secret stands in the documents as a mark, which becomes ${NAME} when they are written.
const markStart, markEnd = "\ue000", "\ue001"

var mark = regexp.MustCompile(markStart + `([A-Z0-9_]+)` + markEnd)

// Variable gives what stands in a document for a secret that a variable holds.
func (d *Draft) Variable(name string) string {
	if _, known := d.variables[name]; !known {
		d.variables[name] = ""
		d.order = append(d.order, name)
	}
	return markStart + name + markEnd
}

// Know says what a variable holds.
func (d *Draft) Know(name, value string) { d.variables[name] = value }

// Secret gives what stands in a document for a secret. It gets a variable whose name is made
// of what it is for; the same secret of the same name has one.
func (d *Draft) Secret(what, value string) string {
	name := d.free(what, func(known string) bool { return known == value && value != "" })
	text := d.Variable(name)
	d.variables[name] = value
	return text
}

// Missing gives what stands in a document for a secret that is not in the export.
func (d *Draft) Missing(what string) string {
	return d.Variable(d.free(what, func(string) bool { return false }))
}

// free makes a name for a variable that is free, or is taken by what it may share.
func (d *Draft) free(what string, shares func(known string) bool) string {
	name := strings.Trim(regexp.MustCompile(`[^A-Z0-9]+`).ReplaceAllString(strings.ToUpper(what), "_"), "_")
	if name == "" || name[0] <= '9' {
		name = "KEY_" + name
	}
	free := name
	for i := 2; ; i++ {
		if known, taken := d.variables[free]; !taken || shares(known) {
			return free
		}
		free = fmt.Sprintf("%s_%d", name, i)
	}
}

// Variables lists the variables that the manifest names, in the order in which they were met.
func (d *Draft) Variables() []string {
	text, err := d.marked()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.order), func(name string) bool { return !strings.Contains(text, markStart+name+markEnd) })
}

// Value is what the export says that a variable holds; "" when it does not.
func (d *Draft) Value(variable string) string { return d.variables[variable] }

// Manifest is the documents as YAML, with ${NAME} for each secret.
func (d *Draft) Manifest() ([]byte, error) {
	text, err := d.marked()
	return []byte(mark.ReplaceAllString(text, "$${$1}")), err
}

// Documents are the documents with their secrets, which lookup gives.
func (d *Draft) Documents(lookup func(name string) (string, bool)) ([]proto.Message, error) {
	text, err := d.Manifest()
	if err != nil {
		return nil, err
	}
	return manifest.Read(bytes.NewReader(text), lookup)
}

func (d *Draft) marked() (string, error) {
	var docs []proto.Message
	if d.Settings != nil {
		docs = append(docs, d.Settings)
	}
	for _, p := range d.Providers {
		docs = append(docs, p)
	}
	for _, g := range d.Groups {
		docs = append(docs, g)
	}
	for _, k := range d.Keys {
		docs = append(docs, k)
	}
	var out bytes.Buffer
	err := manifest.Write(&out, docs)
	// Marks are no printable characters, so the text was quoted and escaped.
	return strings.NewReplacer(`\uE000`, markStart, `\uE001`, markEnd, `\ue000`, markStart, `\ue001`, markEnd).Replace(out.String()), err
}
