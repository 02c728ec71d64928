package validation

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// checkDocument checks what can be said about one document alone.
func checkDocument(d document) {
	want := d.Kind.New()
	if d.Spec == nil || d.Spec.ProtoReflect().Descriptor() != want.ProtoReflect().Descriptor() {
		d.add("", "holds a document of another kind: %T", d.Spec)
		return
	}
	checkProtoRules(d)
	checkTimes(d, "", d.Spec.ProtoReflect())
	switch doc := d.Spec.(type) {
	case *adminv1.Settings:
		checkSettings(d, doc)
	case *adminv1.Provider:
		checkProvider(d, doc)
	case *adminv1.Group:
		checkGroup(d, doc)
	case *adminv1.ApiKey:
		checkKey(d, doc)
	case *adminv1.FailureKeyword:
		checkKeyword(d, doc)
	case *adminv1.AlertChannel:
		checkAlertChannel(d, doc)
	}
}

// rules are the rules that the protos declare, compiled once: they are constant.
var rules = sync.OnceValues(func() (protovalidate.Validator, error) { return protovalidate.New() })

func checkProtoRules(d document) {
	v, err := rules()
	if err == nil {
		err = v.Validate(d.Spec)
	}
	if err == nil {
		return
	}
	invalid, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok { // a rule in a proto that does not compile or run
		d.add("", "cannot be checked: %v", err)
		return
	}
	for _, v := range invalid.Violations {
		if isPrice(v) {
			continue // checkPrice says it in words
		}
		d.add(protovalidate.FieldPathString(v.Proto.GetField()), "%s", v.Proto.GetMessage())
	}
}

// checkName checks that a document is stored under its own name.
func checkName(d document, name string) {
	if name != d.Name {
		d.add("name", "is %q in a document stored as %q", name, d.Name)
	}
}

// checkTimes checks that durations and timestamps, wherever they are, can be written as text.
func checkTimes(d document, path string, m protoreflect.Message) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if fd.Message() == nil || fd.IsMap() {
			return true
		}
		field := strings.TrimPrefix(path+"."+string(fd.Name()), ".")
		if !fd.IsList() {
			checkTime(d, field, v.Message())
			return true
		}
		for i := range v.List().Len() {
			checkTime(d, fmt.Sprintf("%s[%d]", field, i), v.List().Get(i).Message())
		}
		return true
	})
}

func checkTime(d document, field string, m protoreflect.Message) {
	switch t := m.Interface().(type) {
	case *durationpb.Duration:
		if t.CheckValid() != nil {
			d.add(field, "is not a duration")
		}
	case *timestamppb.Timestamp:
		if t.CheckValid() != nil {
			d.add(field, "must be a time between the years 1 and 9999")
		}
	default:
		checkTimes(d, field, m)
	}
}
