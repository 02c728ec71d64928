package gemini

import (
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
)

// schema is a schema in this API's own words as JSON Schema: types are in capitals here, what may be null says so
// apart, and numbers may be texts. Members keep their order, which models follow.
func schema(v gjson.Result) json.RawMessage {
	d := make(compose.Doc, 0, len(v.Raw)+32)
	writeSchema(&d, "", v)
	return json.RawMessage(d)
}

func writeSchema(d *compose.Doc, key string, v gjson.Result) {
	if !v.IsObject() {
		d.Raw(key, raw(v))
		return
	}
	d.Begin(key, '{')
	nullable := v.Get("nullable").Bool()
	v.ForEach(func(k, value gjson.Result) bool {
		writeKeyword(d, k.Str, value, nullable)
		return true
	})
	d.End('}')
}

func writeKeyword(d *compose.Doc, name string, value gjson.Result, nullable bool) {
	switch name {
	case "type":
		writeType(d, value, nullable)
	case "nullable", "propertyOrdering", "property_ordering": // the first is part of the type
	case "format":
		if value.Str != "enum" { // that says nothing
			d.Raw(name, raw(value))
		}
	case "properties", "$defs", "defs", "definitions":
		if !value.IsObject() {
			d.Raw(name, raw(value))
			return
		}
		d.Begin(name, '{')
		value.ForEach(func(k, v gjson.Result) bool {
			writeSchema(d, k.Str, v)
			return true
		})
		d.End('}')
	case "anyOf", "any_of", "oneOf", "allOf", "prefixItems":
		if name == "any_of" {
			name = "anyOf"
		}
		if !value.IsArray() {
			d.Raw(name, raw(value))
			return
		}
		d.Begin(name, '[')
		value.ForEach(func(_, v gjson.Result) bool {
			writeSchema(d, "", v)
			return true
		})
		d.End(']')
	case "items", "additionalProperties", "not":
		writeSchema(d, name, value)
	default:
		if value.Type == gjson.String && isNumber(value.Str) && isCount[name] {
			d.Raw(camel(name), json.RawMessage(value.Str))
			return
		}
		if isCount[name] {
			name = camel(name)
		}
		d.Raw(name, raw(value))
	}
}

// isCount are the keywords that are whole numbers, which this API writes as texts.
var isCount = map[string]bool{
	"minItems": true, "maxItems": true, "minProperties": true, "maxProperties": true, "minLength": true, "maxLength": true,
	"min_items": true, "max_items": true, "min_properties": true, "max_properties": true, "min_length": true, "max_length": true,
}

func isNumber(text string) bool {
	return len(text) < 20 && text != "" && strings.Trim(text, "0123456789") == "" && (text[0] != '0' || text == "0")
}

func writeType(d *compose.Doc, value gjson.Result, nullable bool) {
	switch {
	case value.Type != gjson.String:
		d.Raw("type", raw(value))
	case value.Str == "TYPE_UNSPECIFIED":
	case nullable:
		d.Begin("type", '[')
		d.Str("", strings.ToLower(value.Str))
		d.Str("", "null")
		d.End(']')
	default:
		d.Str("type", strings.ToLower(value.Str))
	}
}
