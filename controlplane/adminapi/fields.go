package adminapi

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// place is where a document stands in the paths of fields at fault. A request about one
// document has paths into the request: provider.models[2].id. The domain, and a request
// with many documents, has paths into the configuration: providers["main"].models[2].id,
// since nobody knows their file by index.
type place struct {
	field      string // of requests and of the Resource envelope
	collection string // of the configuration; empty when there is but one
	name       string
}

func placeOf(doc proto.Message) place {
	switch d := doc.(type) {
	case *adminv1.Provider:
		return place{"provider", "providers", d.GetName()}
	case *adminv1.Group:
		return place{"group", "groups", d.GetName()}
	case *adminv1.ApiKey:
		return place{"api_key", "api_keys", d.GetName()}
	case *adminv1.FailureKeyword:
		return place{"failure_keyword", "failure_keywords", d.GetName()}
	case *adminv1.AlertChannel:
		return place{"alert_channel", "alert_channels", d.GetName()}
	default:
		return place{field: "settings"}
	}
}

func (p place) inConfiguration() string {
	if p.collection == "" {
		return p.field
	}
	return p.collection + "[" + strconv.Quote(p.name) + "]"
}

// inRequest moves the violations of err that are about doc into the request that
// carried it; what is said about other documents stays where it is.
func inRequest(err error, doc proto.Message) error {
	ours, ok := errors.AsType[*errs.Error](err)
	if !ok || len(ours.Violations) == 0 {
		return err
	}
	p := placeOf(doc)
	moved := *ours
	moved.Violations = slices.Clone(ours.Violations)
	for i, v := range moved.Violations {
		moved.Violations[i].Field = moveField(v.Field, p.inConfiguration(), p.field)
	}
	return &moved
}

// inConfiguration moves a field of resources[index] into the configuration. A document
// without a name can only be told by its index.
func inConfiguration(field string, index uint64, resources []*adminv1.Resource) string {
	if index >= uint64(len(resources)) {
		return field
	}
	doc, ok := documentOf(resources[index])
	if !ok {
		return field
	}
	p := placeOf(doc)
	if p.collection != "" && p.name == "" {
		return field
	}
	return moveField(field, "resources["+strconv.FormatUint(index, 10)+"]."+p.field, p.inConfiguration())
}

func moveField(field, from, to string) string {
	rest, ok := strings.CutPrefix(field, from)
	if !ok || rest != "" && rest[0] != '.' {
		return field
	}
	return to + rest
}
