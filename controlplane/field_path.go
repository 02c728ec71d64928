package controlplane

import "strconv"

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
