package wire

import (
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// maxAnsweredModel is the longest text that is taken for the name of a model, in bytes.
const maxAnsweredModel = 256

// AnsweredModel is the model that an answer, or the data of an event, says it comes from: at its top, or
// in the response or message that it holds. Empty: it names none, or nothing that is like a name. It may
// be cut behind the name, and may be no JSON.
func AnsweredModel(doc []byte) (model string) {
	return answeredModel(doc, scan.New(doc), true)
}

func answeredModel(doc []byte, s scan.Scanner, top bool) (model string) {
	if !s.Open() {
		return ""
	}
	_ = s.Members(func(key []byte, value scan.Span) error { // what is no JSON names nothing
		switch string(key) {
		case "model", "modelVersion": // the second is Google's
			model = gjson.ParseBytes(doc[value.Start:value.End]).Str
			if len(model) > maxAnsweredModel || !utf8.ValidString(model) {
				model = ""
			}
		case "response", "message":
			if top {
				model = answeredModel(doc, scan.Inside(doc, value), false)
			}
		}
		if model != "" {
			return errFound
		}
		return nil
	})
	return model
}
