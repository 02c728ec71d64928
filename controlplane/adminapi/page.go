package adminapi

import "github.com/trunkline-ai/trunkline/internal/errs"

const defaultPageSize = 100

func errPageToken() error {
	return errs.Invalid(errs.Violation{
		Field: "page_token", Description: "must be empty or the next_page_token of this list",
	})
}
