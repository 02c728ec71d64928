package oidc

import (
	"strings"

	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ParseRoles reads which group has which role: admins=owner,developers=operator,*=viewer.
func ParseRoles(text string) (map[string]adminv1.Role, error) {
	roles := map[string]adminv1.Role{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		at := strings.LastIndex(part, "=")
		if at <= 0 {
			return nil, errs.Newf(errs.InvalidArgument, "%q is not of the form group=role", part)
		}
		role, known := adminv1.Role_value["ROLE_"+strings.ToUpper(part[at+1:])]
		if !known || role == 0 {
			return nil, errs.Newf(errs.InvalidArgument, "%q is not a role: use owner, operator or viewer", part[at+1:])
		}
		roles[part[:at]] = adminv1.Role(role)
	}
	return roles, nil
}
