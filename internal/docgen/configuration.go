package main

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
)

// configuration is the page of what files of the configuration hold.
func (a *api) configuration() []byte {
	p := &page{link: func(m protoreflect.MessageDescriptor) string { return anchor(m.Name()) }}
	p.WriteString("# Configuration reference\n\n" + generated)
	p.WriteString("What `trunklinectl apply`, `--apply` and the admin API take. A file holds YAML documents, each with its `kind` and, but for Settings, a `name`:\n\n" +
		"```yaml\nkind: Group\nname: my-group\nmembers:\n  - {provider: steady, model: ok}\n```\n\n" +
		"`${NAME}` stands for an environment variable, in any value; `$${` is a literal `${`. Durations are written as `30s`, `5m` or `1h30m`, times as `2027-01-01T00:00:00Z`. A field that is left out has its default. " +
		"For completion in an editor: `# yaml-language-server: $schema=` and the path of [trunkline.schema.json](trunkline.schema.json).\n\n")
	p.line("Kinds:")
	p.line("")
	for _, kind := range a.kinds {
		p.line("- [%s](%s): %s", kind.Name(), anchor(kind.Name()), comment(kind))
	}
	p.line("")
	met := map[protoreflect.FullName]bool{}
	for _, kind := range a.kinds {
		met[kind.FullName()] = true
	}
	for _, kind := range a.kinds {
		p.line("## %s\n\n%s\n", kind.Name(), sentence(comment(kind)))
		p.table(fieldsOf(kind, visibility.Settable), settableNote)
		for _, part := range parts(kind, visibility.Settable, met) {
			p.line("### %s\n\n%s\n", part.Name(), sentence(comment(part)))
			p.table(fieldsOf(part, visibility.Settable), settableNote)
		}
	}
	return p.Bytes()
}

func settableNote(f protoreflect.FieldDescriptor) string {
	if visibility.Secret(f) {
		return "**Secret.**"
	}
	return ""
}
