package adminapi

import (
	"encoding/base64"
	"sort"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const defaultPageSize = 100

// pageOf returns one page of all, which is in name order. A page begins behind a name, not
// at a number, so nothing is skipped or shown twice when resources come and go between pages.
func pageOf[T any](kind controlplane.Kind, all []T, name func(T) string, size int32, token string) (page []T, next string, err error) {
	after, err := nameFromToken(kind, token)
	if err != nil {
		return nil, "", err
	}
	if size == 0 {
		size = defaultPageSize
	}
	if token != "" {
		all = all[sort.Search(len(all), func(i int) bool { return name(all[i]) > after }):]
	}
	if len(all) > int(size) {
		all = all[:size]
		next = tokenFromName(kind, name(all[size-1]))
	}
	return all, next, nil
}

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
