// Package role reads from the protos which role a method of the admin API needs. Whatever decides by
// that asks here: the API itself and the help of the CLI.
package role

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Required is the least role that may call the method; unspecified when none is declared.
func Required(m protoreflect.MethodDescriptor) adminv1.Role {
	return proto.GetExtension(m.Options(), adminv1.E_RequiredRole).(adminv1.Role)
}

// BeforeSignIn reports whether strangers may call the method.
func BeforeSignIn(m protoreflect.MethodDescriptor) bool {
	return proto.GetExtension(m.Options(), adminv1.E_BeforeSignIn).(bool)
}

// RecentSignIn reports whether a session must have proved a short while ago who it is.
func RecentSignIn(m protoreflect.MethodDescriptor) bool {
	return proto.GetExtension(m.Options(), adminv1.E_RecentSignIn).(bool)
}

// BeforeSecondFactor reports whether those may call the method who have yet to set up the second factor that they need.
func BeforeSecondFactor(m protoreflect.MethodDescriptor) bool {
	return proto.GetExtension(m.Options(), adminv1.E_BeforeSecondFactor).(bool)
}

// Name is the role as people write it: owner, operator, viewer.
func Name(r adminv1.Role) string {
	return strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_"))
}
