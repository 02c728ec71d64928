package visibility

import (
	"net/url"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// cutPath stands for the path and the query of a URL that is not shown.
const cutPath = "/..."

// HidesURL reports whether the field is a URL that not everybody may see as a whole.
func HidesURL(f protoreflect.FieldDescriptor) bool { return wholeURL(f) != 0 }

func wholeURL(f protoreflect.FieldDescriptor) adminv1.Role {
	return proto.GetExtension(f.Options(), adminv1.E_WholeUrlRole).(adminv1.Role)
}

// HostOnly is a URL without what may be a secret.
func HostOnly(whole string) string {
	u, err := url.Parse(whole)
	switch {
	case err != nil || u.Host == "":
		return "..."
	case (u.Path == "" || u.Path == "/") && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && u.User == nil:
		return whole
	}
	return u.Scheme + "://" + u.Host + cutPath
}

// IsCut reports whether a URL is one that HostOnly has cut.
func IsCut(u string) bool { return u == "..." || strings.HasSuffix(u, cutPath) }

// HideURLs cuts the URLs in m, and in the messages in it, that a role may not see as a whole.
func HideURLs(m proto.Message, role adminv1.Role) {
	eachURL(m.ProtoReflect(), role, func(m protoreflect.Message, f protoreflect.FieldDescriptor) {
		m.Set(f, protoreflect.ValueOfString(HostOnly(m.Get(f).String())))
	})
}

// AssumeURLs puts the URLs of stored in the place of those in m, a message of the same type, that look the same to a
// role: it must not learn whether what it may not see is the same too.
func AssumeURLs(m, stored proto.Message, role adminv1.Role) {
	assume(m.ProtoReflect(), stored.ProtoReflect(), role)
}

func assume(m, stored protoreflect.Message, role adminv1.Role) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case !stored.Has(f) || f.IsMap() || f.IsList():
		case f.Message() != nil:
			assume(v.Message(), stored.Get(f).Message(), role)
		case wholeURL(f) > role && HostOnly(v.String()) == HostOnly(stored.Get(f).String()):
			m.Set(f, stored.Get(f))
		}
		return true
	})
}

// eachURL visits those that a role may not see as a whole.
func eachURL(m protoreflect.Message, role adminv1.Role, visit func(protoreflect.Message, protoreflect.FieldDescriptor)) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap() || f.Message() == nil:
			if wholeURL(f) > role {
				visit(m, f)
			}
		case f.IsList():
			for i := range v.List().Len() {
				eachURL(v.List().Get(i).Message(), role, visit)
			}
		default:
			eachURL(v.Message(), role, visit)
		}
		return true
	})
}
