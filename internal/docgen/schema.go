package main

import (
	"encoding/json"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
)

type object = map[string]any

// variable is a value that comes from the environment in part; any field may hold one.
const variable = `\$\{[A-Za-z_][A-Za-z0-9_]*\}`

// schema is the JSON schema of a document of the configuration.
func (a *api) schema() ([]byte, error) {
	defs := object{}
	var kinds []any
	for _, kind := range a.kinds {
		def := message(kind)
		properties := def["properties"].(object)
		properties["kind"] = object{"const": string(kind.Name())}
		def["required"] = []string{"kind"}
		if kind.Fields().ByName("name") != nil {
			def["required"] = []string{"kind", "name"}
		}
		defs[string(kind.Name())] = def
		kinds = append(kinds, object{
			"if":   object{"properties": object{"kind": object{"const": string(kind.Name())}}, "required": []string{"kind"}},
			"then": object{"$ref": "#/$defs/" + string(kind.Name())},
		})
		for _, part := range parts(kind, visibility.Settable, map[protoreflect.FullName]bool{}) {
			defs[string(part.Name())] = message(part)
		}
	}
	names := make([]string, len(a.kinds))
	for i, kind := range a.kinds {
		names[i] = string(kind.Name())
	}
	defs["document"] = object{
		"type": "object", "required": []string{"kind"},
		"properties": object{"kind": object{"enum": names, "description": "What the document is."}},
		"allOf":      kinds,
	}
	text, err := json.MarshalIndent(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "Trunkline configuration",
		"anyOf": []any{
			object{"$ref": "#/$defs/document"},
			object{"type": "array", "items": object{"$ref": "#/$defs/document"}},
		},
		"$defs": defs,
	}, "", "  ")
	return append(text, '\n'), err
}

func message(m protoreflect.MessageDescriptor) object {
	properties := object{}
	for _, f := range fieldsOf(m, visibility.Settable) {
		property := value(f)
		if text := comment(f); text != "" {
			property["description"] = text
		}
		properties[string(f.Name())] = property
	}
	return object{"type": "object", "additionalProperties": false, "properties": properties, "description": comment(m)}
}

func value(f protoreflect.FieldDescriptor) object {
	r := rulesOf(f)
	switch {
	case f.IsMap():
		out := object{"type": "object", "additionalProperties": scalar(f.MapValue(), r.GetMap().GetValues())}
		set(out, "maxProperties", r.GetMap().MaxPairs)
		return out
	case f.IsList():
		out := object{"type": "array", "items": scalar(f, r.GetRepeated().GetItems())}
		if list := r.GetRepeated(); list != nil {
			set(out, "minItems", list.MinItems)
			set(out, "maxItems", list.MaxItems)
		}
		return out
	}
	return scalar(f, r)
}

// scalar is one value. Text may be written without quotes, so it may look like a number; and
// whatever it is, it may come from the environment.
func scalar(f protoreflect.FieldDescriptor, r *validate.FieldRules) object {
	if m := messageOf(f); m != nil {
		return object{"$ref": "#/$defs/" + string(m.Name())}
	}
	switch f.Kind() {
	case protoreflect.MessageKind:
		if f.Message().FullName() == "google.protobuf.Duration" {
			return either(object{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`})
		}
		return either(object{"type": "string", "format": "date-time"})
	case protoreflect.StringKind:
		return text(r.GetString())
	case protoreflect.BoolKind:
		return either(object{"type": "boolean"})
	case protoreflect.EnumKind:
		return either(object{"enum": strings.Split(strings.ReplaceAll(enumValues(f.Enum()), "`", ""), ", ")})
	case protoreflect.DoubleKind:
		out := object{"type": "number"}
		if d := r.GetDouble(); d.HasGte() {
			out["minimum"], out["maximum"] = d.GetGte(), d.GetLte()
		}
		return either(out)
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		out := object{"type": "integer"}
		if n := r.GetInt32(); n.HasGte() && n.HasLte() {
			out["minimum"], out["maximum"] = n.GetGte(), n.GetLte()
		}
		if n := r.GetInt64(); n.HasGte() && n.HasLte() {
			out["minimum"], out["maximum"] = n.GetGte(), n.GetLte()
		}
		return either(out)
	}
	return object{"type": "string"}
}

func text(r *validate.StringRules) object {
	if len(r.GetIn()) > 0 {
		return either(object{"enum": r.GetIn()})
	}
	out := object{"type": []string{"string", "number", "boolean"}}
	if r != nil {
		set(out, "maxLength", r.MaxLen)
	}
	return out
}

func either(of object) object {
	return object{"anyOf": []any{of, object{"type": "string", "pattern": variable}}}
}

func set(out object, name string, limit *uint64) {
	if limit != nil {
		out[name] = *limit
	}
}
