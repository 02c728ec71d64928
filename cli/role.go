package cli

import (
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/trunkline-ai/trunkline/internal/domain/role"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// roleHelp says which role a method needs, from its declaration; empty when it declares none. The method is
// found by its request, which is its own.
func roleHelp(request protoreflect.MessageDescriptor) string {
	help := ""
	protoregistry.GlobalFiles.RangeFilesByPackage(request.ParentFile().Package(), func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			for j := range f.Services().Get(i).Methods().Len() {
				m := f.Services().Get(i).Methods().Get(j)
				if r := role.Required(m); m.Input().FullName() == request.FullName() && r != adminv1.Role_ROLE_UNSPECIFIED {
					help = "\n\nNeeds the " + role.Name(r) + " role."
				}
			}
		}
		return help == ""
	})
	return help
}
