package adminapi

import (
	"strconv"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// namedFields are fields of requests that name something of a kind, whatever the method is.
var namedFields = map[protoreflect.Name]string{"api_key": "ApiKey", "provider": "Provider", "group": "Group", "node": "Node"}

// kindsOfMethods are the kinds whose names requests have in name, names or id, where the method does not say it.
var kindsOfMethods = map[protoreflect.Name]string{
	"GetCallBody": "Call", "ImportModels": "Provider", "RemoveImportedModels": "Provider",
}

// targetsOf names what a request is about, as far as it says so: Kind/name. It reads fields that hold names alone.
func targetsOf(method protoreflect.MethodDescriptor, req protoreflect.Message) (targets []string) {
	kind, ok := kindsOfMethods[method.Name()]
	if !ok {
		kind = object(string(method.Name()))
	}
	add := func(kind, name string) {
		if name != "" {
			targets = append(targets, kind+"/"+name)
		}
	}
	req.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() == protoreflect.StringKind && f.IsList():
			if f.Name() == "names" {
				for i := range v.List().Len() {
					add(kind, v.List().Get(i).String())
				}
			}
		case f.Kind() == protoreflect.StringKind && (f.Name() == "name" || f.Name() == "id"):
			add(kind, v.String())
		case f.Kind() == protoreflect.StringKind:
			if of := namedFields[f.Name()]; of != "" {
				add(of, v.String())
			}
		case f.Name() == "revision" && f.Kind() == protoreflect.Uint64Kind:
			add("Revision", strconv.FormatUint(v.Uint(), 10))
		case f.Kind() == protoreflect.MessageKind && !f.IsList() && !f.IsMap():
			document := v.Message()
			if name := document.Descriptor().Fields().ByName("name"); name != nil && name.Kind() == protoreflect.StringKind {
				add(string(document.Descriptor().Name()), document.Get(name).String())
			} else if document.Descriptor().Name() == protoreflect.Name(controlplane.KindSettings) {
				add(string(controlplane.KindSettings), controlplane.SettingsName)
			}
		}
		return true
	})
	return targets
}

// object is a method's name without its verb: DeleteJoinToken is about a JoinToken.
func object(method string) string {
	for i, r := range method {
		if i > 0 && unicode.IsUpper(r) {
			return method[i:]
		}
	}
	return method
}

// detailOf says of a request what changes its meaning.
func detailOf(req protoreflect.Message) string {
	for _, name := range []protoreflect.Name{"dry_run", "undo"} {
		if f := req.Descriptor().Fields().ByName(name); f != nil && f.Kind() == protoreflect.BoolKind && req.Get(f).Bool() {
			return string(name)
		}
	}
	return ""
}
