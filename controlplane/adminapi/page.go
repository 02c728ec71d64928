package adminapi

import (
	"encoding/base64"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const defaultPageSize = 100

func tokenFromName(kind controlplane.Kind, name string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(string(kind) + "\x00" + name))
}

func nameFromToken(kind controlplane.Kind, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", errPageToken()
	}
	name, ok := strings.CutPrefix(string(raw), string(kind)+"\x00")
	if !ok || name == "" {
		return "", errPageToken()
	}
	return name, nil
}

func errPageToken() error {
	return errs.Invalid(errs.Violation{
		Field: "page_token", Description: "must be empty or the next_page_token of this list",
	})
}
