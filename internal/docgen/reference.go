package main

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// reference is the page of the admin API's services.
func (a *api) reference() []byte {
	p := &page{link: func(m protoreflect.MessageDescriptor) string { return anchor(m.Name()) }}
	p.WriteString("# Admin API reference\n\n" + generated)
	p.WriteString("The admin API is [Connect](https://connectrpc.com/docs/protocol): every method takes a POST with JSON at the console's address, and gRPC-Web; gRPC where it is served. " +
		"Field names may be written as here or in lowerCamelCase; answers have lowerCamelCase. A token goes as `Authorization: Bearer tl-...`.\n\n" +
		"```sh\ncurl http://localhost:8001/trunkline.admin.v1.GroupService/ListGroups \\\n  -H \"Authorization: Bearer $TRUNKLINE_TOKEN\" -H 'Content-Type: application/json' -d '{}'\n```\n\n" +
		"Errors are `{\"code\": \"invalid_argument\", \"message\": \"...\"}` with a fitting HTTP status; `google.rpc.BadRequest` among their details names each field at fault.\n\n")
	for _, f := range a.files {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			p.line("- [%s](%s): %s", s.Name(), anchor(s.Name()), comment(s))
		}
	}
	p.line("")
	met := map[protoreflect.FullName]bool{}
	var shared []protoreflect.MessageDescriptor
	for _, f := range a.files {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			p.line("## %s\n\n%s\n", s.Name(), sentence(comment(s)))
			for j := range s.Methods().Len() {
				shared = append(shared, p.method(s.Methods().Get(j), met)...)
			}
		}
	}
	p.line("## Messages\n")
	for _, m := range shared {
		p.line("### %s\n\n%s\n", m.Name(), sentence(comment(m)))
		p.table(fieldsOf(m, shown), apiNote)
	}
	return p.Bytes()
}

// method writes a method and gives the messages that it uses and no method before.
func (p *page) method(m protoreflect.MethodDescriptor, met map[protoreflect.FullName]bool) []protoreflect.MessageDescriptor {
	p.line("### %s.%s\n\n%s\n", strings.TrimSuffix(string(m.Parent().Name()), "Service"), m.Name(), sentence(comment(m)))
	p.line("`POST /%s/%s`, %s%s\n", m.Parent().FullName(), m.Name(), access(m), streams(m))
	if fields := fieldsOf(m.Input(), shown); len(fields) > 0 {
		p.table(fields, apiNote)
	}
	if fields := fieldsOf(m.Output(), shown); len(fields) > 0 {
		p.line("Answer:\n")
		p.table(fields, apiNote)
	}
	return append(parts(m.Input(), shown, met), parts(m.Output(), shown, met)...)
}

func access(m protoreflect.MethodDescriptor) string {
	if proto.GetExtension(m.Options(), adminv1.E_BeforeSignIn).(bool) {
		return "before signing in"
	}
	role := proto.GetExtension(m.Options(), adminv1.E_RequiredRole).(adminv1.Role)
	return "role " + strings.ToLower(strings.TrimPrefix(role.String(), "ROLE_"))
}

func streams(m protoreflect.MethodDescriptor) string {
	if m.IsStreamingServer() {
		return ", a stream of answers"
	}
	return ""
}

// shown reports whether a caller has to do with the field.
func shown(f protoreflect.FieldDescriptor) bool {
	return visibility.Settable(f) || visibility.Returned(f)
}

func apiNote(f protoreflect.FieldDescriptor) string {
	switch {
	case !visibility.Returned(f):
		return "**Never returned.**"
	case !visibility.Settable(f):
		return "*In answers only.*"
	}
	return ""
}
