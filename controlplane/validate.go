package controlplane

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// maxFaults bounds the faults that one error lists.
const maxFaults = 100

// Validate checks the whole configuration: every document by the rules of its proto and
// of its kind, and what documents say about one another. The error is InvalidArgument and
// names each field at fault, as in providers["openai-main"].models[2].price.input.
//
// What has not changed since a valid configuration that c comes from is not checked
// again, so the cost follows the change rather than the size.
func (c *Config) Validate() error {
	if c.valid.Load() {
		return nil
	}
	found := &faults{}
	for _, kind := range Kinds {
		for r := range c.unchecked(kind) {
			found.document(r)
		}
	}
	c.checkSecrets(found)
	c.checkGroups(found)
	c.checkKeys(found)
	c.checkKeywords(found)
	c.checkAlertChannels(found)
	if err := found.err(); err != nil {
		return err
	}
	c.valid.Store(true)
	return nil
}

// changed reports whether documents of one of the kinds may differ from those checked last.
func (c *Config) changed(kinds ...Kind) bool {
	return !c.trusted || slices.ContainsFunc(kinds, func(k Kind) bool { return len(c.dirty[k]) > 0 })
}

// unchecked gives the documents of a kind that were not checked yet.
func (c *Config) unchecked(kind Kind) iter.Seq[*Resource] {
	if !c.trusted {
		return maps.Values(c.resources[kind])
	}
	return func(yield func(*Resource) bool) {
		for name := range c.dirty[kind] {
			if r, ok := c.resources[kind][name]; ok && !yield(r) {
				return
			}
		}
	}
}

// faults collects violations while documents are checked in any order.
type faults struct{ list []fault }

type fault struct {
	of          *Resource
	field, text string // field is relative to the document, empty for the document itself
}

func (f *faults) add(of *Resource, field, format string, args ...any) {
	f.list = append(f.list, fault{of, field, fmt.Sprintf(format, args...)})
}

// document checks what can be said about one document alone.
func (f *faults) document(r *Resource) {
	want := r.Kind.New()
	if r.Spec == nil || r.Spec.ProtoReflect().Descriptor() != want.ProtoReflect().Descriptor() {
		f.add(r, "", "holds a document of another kind: %T", r.Spec)
		return
	}
	f.protoRules(r)
	f.times(r, "", r.Spec.ProtoReflect())
	switch doc := r.Spec.(type) {
	case *adminv1.Settings:
		f.settings(r, doc)
	case *adminv1.Provider:
		f.provider(r, doc)
	case *adminv1.Group:
		f.group(r, doc)
	case *adminv1.ApiKey:
		f.apiKey(r, doc)
	case *adminv1.FailureKeyword:
		f.keyword(r, doc)
	case *adminv1.AlertChannel:
		f.alertChannel(r, doc)
	}
}

// rules are the rules that the protos declare, compiled once: they are constant.
var rules = sync.OnceValues(func() (protovalidate.Validator, error) { return protovalidate.New() })

func (f *faults) protoRules(r *Resource) {
	v, err := rules()
	if err == nil {
		err = v.Validate(r.Spec)
	}
	if err == nil {
		return
	}
	invalid, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok { // a rule in a proto that does not compile or run
		f.add(r, "", "cannot be checked: %v", err)
		return
	}
	for _, v := range invalid.Violations {
		if isPrice(v) {
			continue // reported in words by price
		}
		f.add(r, protovalidate.FieldPathString(v.Proto.GetField()), "%s", v.Proto.GetMessage())
	}
}

// name checks that a document is stored under its own name.
func (f *faults) name(r *Resource, name string) {
	if name != r.Name {
		f.add(r, "name", "is %q in a document stored as %q", name, r.Name)
	}
}

// times checks that durations and timestamps, wherever they are, can be written as text.
func (f *faults) times(r *Resource, path string, m protoreflect.Message) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if fd.Message() == nil || fd.IsMap() {
			return true
		}
		field := strings.TrimPrefix(path+"."+string(fd.Name()), ".")
		if !fd.IsList() {
			f.time(r, field, v.Message())
			return true
		}
		for i := range v.List().Len() {
			f.time(r, fmt.Sprintf("%s[%d]", field, i), v.List().Get(i).Message())
		}
		return true
	})
}

func (f *faults) time(r *Resource, field string, m protoreflect.Message) {
	switch t := m.Interface().(type) {
	case *durationpb.Duration:
		if t.CheckValid() != nil {
			f.add(r, field, "is not a duration")
		}
	case *timestamppb.Timestamp:
		if t.CheckValid() != nil {
			f.add(r, field, "must be a time between the years 1 and 9999")
		}
	default:
		f.times(r, field, m)
	}
}

func (f *faults) settings(r *Resource, doc *adminv1.Settings) {
	f.name(r, SettingsName)
	f.cooldowns(r, "failover", doc, nil)
	f.cors(r, doc.GetCors())
}

// cooldowns checks that the first cooldown that results is not above the longest. It
// blames the policy at path only when that policy sets one of the two.
func (f *faults) cooldowns(r *Resource, path string, settings *adminv1.Settings, group *adminv1.FailoverPolicy) {
	own := group
	if own == nil {
		own = settings.GetFailover()
	}
	p := ResolvePolicy(settings, group, nil)
	first, longest := p.GetCooldown().AsDuration(), p.GetCooldownMax().AsDuration()
	if first <= longest {
		return
	}
	switch {
	case own.GetCooldown() != nil:
		f.add(r, path+".cooldown", "must not be above cooldown_max, which is %s", manifest.Duration(longest))
	case own.GetCooldownMax() != nil:
		f.add(r, path+".cooldown_max", "must not be below cooldown, which is %s", manifest.Duration(first))
	}
}

// err gives the faults as one error in the order of an export, or nil.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	slices.SortStableFunc(f.list, func(a, b fault) int {
		return cmp.Or(a.of.Kind.Compare(b.of.Kind), cmp.Compare(a.of.Name, b.of.Name))
	})
	violations := make([]errs.Violation, len(f.list))
	for i, ft := range f.list {
		violations[i] = errs.Violation{Field: FieldPath(ft.of.Kind, ft.of.Name, ft.field), Description: ft.text}
	}
	return InvalidConfig(violations)
}

// InvalidConfig is the error for a configuration with the given faults; nil when there are none.
func InvalidConfig(violations []errs.Violation) error {
	if len(violations) == 0 {
		return nil
	}
	e := &errs.Error{Code: errs.InvalidArgument, Message: "the configuration would not be valid", Violations: violations}
	if n := len(violations); n > maxFaults {
		e.Message += fmt.Sprintf(" (%d faults, these are the first %d)", n, maxFaults)
		e.Violations = violations[:maxFaults]
	}
	return e
}

// FieldPath is how errors and differences name a field: providers["p"].models[2].id.
func FieldPath(kind Kind, name, field string) string {
	path := DocumentPath(kind, name)
	if field == "" {
		return path
	}
	return path + "." + field
}

// DocumentPath is how they name a document.
func DocumentPath(kind Kind, name string) string {
	switch kind {
	case KindSettings:
		return "settings"
	case KindProvider:
		return "providers[" + strconv.Quote(name) + "]"
	case KindGroup:
		return "groups[" + strconv.Quote(name) + "]"
	case KindAPIKey:
		return "api_keys[" + strconv.Quote(name) + "]"
	case KindFailureKeyword:
		return "failure_keywords[" + strconv.Quote(name) + "]"
	case KindAlertChannel:
		return "alert_channels[" + strconv.Quote(name) + "]"
	}
	return string(kind)
}
