package gemini

import (
	"encoding/base64"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// name is the dialect's, and the kind of what is opaque in it.
const name = "gemini"

// Codec translates Google's generateContent. Neither the model nor whether a stream is wanted stands in its
// requests: both are in their path.
type Codec struct{}

// Name is the dialect's.
func (Codec) Name() string { return name }

// signature reads what is opaque of a part. A client carries what is another API's as base64, as this API
// has signatures.
func signature(text string, origin form.Origin, carried bool) *form.Opaque {
	if text == "" {
		return nil
	}
	if carried {
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
			if o, ours := form.Carried(string(plain)); ours {
				return o
			}
		}
	}
	return &form.Opaque{Origin: origin, Kind: name, Raw: text}
}

// carry packs what is opaque for a client of this API, unless it is this API's own.
func carry(o *form.Opaque) string {
	if o.Kind == name {
		return o.Raw
	}
	return base64.StdEncoding.EncodeToString([]byte(o.Carry()))
}

// SkipSignature stands for the signature of a call that another model made: without one, newer models refuse
// the conversation.
const SkipSignature = "skip_thought_signature_validator"

// Either reads a member in one of its two spellings: this API takes both.
func Either(v gjson.Result, camel, snake string) gjson.Result {
	if m := v.Get(camel); m.Exists() {
		return m
	}
	return v.Get(snake)
}

// reasons are why an answer ends.
var reasons = map[string]form.Reason{
	"STOP": form.StopEnd, "MAX_TOKENS": form.StopLength,
	"SAFETY": form.StopRefusal, "RECITATION": form.StopRefusal, "BLOCKLIST": form.StopRefusal, "PROHIBITED_CONTENT": form.StopRefusal,
	"SPII": form.StopRefusal, "LANGUAGE": form.StopRefusal, "IMAGE_SAFETY": form.StopRefusal, "IMAGE_PROHIBITED_CONTENT": form.StopRefusal,
	"IMAGE_RECITATION": form.StopRefusal,
}

// stopOf is why a candidate ended. called: it called a tool.
func stopOf(reason string, called bool) form.Stop {
	stop := form.Stop{Reason: reasons[reason], Raw: reason}
	if called && stop.Reason == form.StopEnd {
		stop.Reason = form.StopTool
	}
	return stop
}

// readUsage reads usage. Thinking stands beside the output here, what a cache had inside the input.
func readUsage(u gjson.Result) form.Usage {
	if !u.IsObject() {
		return form.Usage{}
	}
	thought := u.Get("thoughtsTokenCount").Int()
	return form.Usage{
		Told:      true,
		Input:     u.Get("promptTokenCount").Int() + u.Get("toolUsePromptTokenCount").Int(),
		Output:    u.Get("candidatesTokenCount").Int() + thought,
		CacheRead: u.Get("cachedContentTokenCount").Int(), Reasoning: thought,
	}
}
