package wire

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

func TestEnvelopeFindsWhatRoutingNeeds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, model string
		stream, usage     bool
	}{
		{"plain", `{"model":"a","messages":[]}`, "a", false, false},
		{"slash, colon, unicode", `{"model":"org/名前:v1 b"}`, "org/名前:v1 b", false, false},
		{"escaped value", `{"model":"a\/b\u00e9"}`, "a/bé", false, false},
		{"stream last", ` { "messages" : [ {"content":"}\"{"} ] , "model" : "m" , "stream" : true } `, "m", true, false},
		{"model nested elsewhere", `{"x":{"model":"no"},"y":["model"],"model":"yes"}`, "yes", false, false},
		{"usage asked", `{"model":"m","stream":true,"stream_options":{"include_usage":true}}`, "m", true, true},
		{"usage refused", `{"stream_options":{"include_usage":false},"model":"m"}`, "m", false, false},
		{"stream null", `{"model":"m","stream":null,"stream_options":null}`, "m", false, false},
		{"numbers keep", `{"seed":12345678901234567890,"t":1e-7,"model":"m"}`, "m", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, err := ReadEnvelope([]byte(tt.body), &Endpoint{})
			if err != nil {
				t.Fatal(err)
			}
			if e.Model != tt.model || e.Stream != tt.stream || e.UsageAsked != tt.usage {
				t.Fatalf("got %q stream=%v usage=%v", e.Model, e.Stream, e.UsageAsked)
			}
		})
	}
}

func TestEnvelopeRefuses(t *testing.T) {
	t.Parallel()
	var many string
	for i := range 100 {
		many += `"x` + strconv.Itoa(i) + `":1,`
	}
	tests := []struct{ name, body, message string }{
		{"empty", ``, "not a JSON object"},
		{"array", `[]`, "not a JSON object"},
		{"no model", `{}`, "you must provide a model parameter"},
		{"empty model", `{"model":""}`, "you must provide a model parameter"},
		{"model a number", `{"model":1}`, "model must be a string"},
		{"two models", `{"model":"a","model":"b"}`, "once"},
		{"escaped key", `{"mod\u0065l":"a","model":"b"}`, "without escapes"},
		{"escaped key alone", `{"\u006dodel":"a"}`, "without escapes"},
		{"capitals", `{"Model":"b","model":"a"}`, "lower case"},
		{"two streams", `{"model":"a","stream":false,"stream":true}`, "once"},
		{"stream a string", `{"model":"a","stream":"true"}`, "true or false"},
		{"options a list", `{"model":"a","stream_options":[]}`, "must be an object"},
		{"truncated", `{"model":"a"`, "ends too early"},
		{"truncated string", `{"model":"a`, "ends too early"},
		{"trailing", `{"model":"a"} x`, "goes on after"},
		{"trailing comma", `{"model":"a",}`, "not valid JSON"},
		{"wrong bracket", `{"model":"a","x":[}]}`, "not valid JSON"},
		{"two models behind many others", `{` + many + `"model":"a","model":"b"}`, "model must appear once"},
		{"two stream behind many others", `{"model":"a",` + many + `"stream":false,"stream":true}`, "stream must appear once"},
		{"two of anything", `{"model":"a","temperature":1,"temperature":1}`, "temperature must appear once"},
		{"NaN", `{"model":"a","temperature":NaN}`, "NaN at byte 27 is no JSON value"},
		{"-Infinity", `{"model":"a","x":[1,{"y":-Infinity}]}`, "-Infinity at byte 25 is no JSON value"},
		{"Python's None", `{"model":"a","x":None}`, "None at byte 17 is no JSON value"},
		{"a word that begins well", `{"model":"a","x":nullable}`, "nullable at byte 17"},
		{"a zero in front", `{"model":"a","x":012}`, "012 at byte 17"},
		{"a plus sign", `{"model":"a","x":+1}`, "+1 at byte 17"},
		{"no digit behind the point", `{"model":"a","x":[1.]}`, "1. at byte 18"},
		{"no digit before the point", `{"model":"a","x":.5}`, ".5 at byte 17"},
		{"no exponent", `{"model":"a","x":1e+}`, "1e+ at byte 17"},
		{"a lone minus", `{"model":"a","x":-}`, "- at byte 17"},
		{"an unquoted key", `{"model":"a","x":{y:1}}`, "not valid JSON near byte 18"},
		{"a key alone", `{"model":"a","x":{"y"}}`, "not valid JSON near byte 21"},
		{"a comma in front of a bracket", `{"model":"a","x":[1,]}`, "not valid JSON near byte 20"},
		{"no comma", `{"model":"a","x":[1 2]}`, "not valid JSON near byte 20"},
		{"single quotes", `{"model":"a","x":'y'}`, "'y' at byte 17"},
		{"a comment", `{"model":"a","x":1 /* one */}`, "not valid JSON near byte 19"},
		{"a newline in a string", "{\"model\":\"a\",\"x\":\"1234567\n\"}", "a control character in a string, at byte 25"},
		{"an unknown escape", `{"model":"a","x":"\x41"}`, "not valid JSON near byte"},
		{"half an escape", `{"model":"a","x":"\u00g0"}`, "not valid JSON near byte 18"},
		{"half a pair is JSON, half a string is not", `{"model":"a","x":"\u12`, "ends too early"},
		{"no UTF-8", "{\"model\":\"a\",\"x\":\"\xff\"}", "not valid UTF-8"},
		{"two objects", `{"model":"a"}{"model":"b"}`, "goes on after the JSON object, at byte 13"},
		{"too deep", `{"model":"a","x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "deeper than 64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadEnvelope([]byte(tt.body), &Endpoint{})
			if err == nil || !strings.Contains(err.Error(), tt.message) {
				t.Fatalf("got %v, want %q", err, tt.message)
			}
		})
	}
}

func TestTheMemberAtFaultIsNamed(t *testing.T) {
	t.Parallel()
	chat := &Endpoint{Conversation: "messages"}
	for body, param := range map[string]string{
		`{"model":"a","temperature":NaN}`:                      "temperature",
		`{"model":"a","messages":[{"content":NaN}]}`:           "messages",
		`{"model":"a","messages":"hi"}`:                        "messages",
		`{"model":"a","messages":null}`:                        "messages",
		`{"model":"a","stop":1,"stop":2}`:                      "stop",
		`{"model":1}`:                                          "model",
		`{"model":"a","stream":"yes"}`:                         "stream",
		`{"model":"a","` + strings.Repeat("k", 100) + `":NaN}`: "",
	} {
		_, err := ReadEnvelope([]byte(body), chat)
		bad, is := errors.AsType[*scan.Error](err)
		if !is || bad.Param != param {
			t.Errorf("%s: %#v, want the member %q", body, err, param)
		}
	}
	for _, good := range []string{`{"model":"a","messages":[]}`, `{"model":"a"}`, `{"":1,"model":"a"}`, `{"model":"a","n":-0.5e-7,"m":[0,1E+2,true,false,null,{}]}`} {
		if _, err := ReadEnvelope([]byte(good), chat); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// Every request pays for it.
func BenchmarkEnvelope(b *testing.B) {
	for name, content := range map[string]string{
		"4KiB": strings.Repeat("The quick brown fox. ", 200), "1MiB": strings.Repeat("The quick brown fox. ", 50_000),
		"1MiB-escapes": strings.Repeat(`a line of code\n`, 65_000), "1MiB-CJK": strings.Repeat("你好", 170_000),
	} {
		body := []byte(`{"model":"a","stream":true,"temperature":0.7,"messages":[{"role":"user","content":"` + content + `"}]}`)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ReadEnvelope(body, &Endpoint{Conversation: "messages"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestSpliceChangesOnlyWhatItMust(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, want string
		usage            bool
	}{
		{"model only", `{"z":1,"model":"a","seed":12345678901234567890}`, `{"z":1,"model":"up/stream","seed":12345678901234567890}`, false},
		{"usage inserted", `{ "model":"a","stream":true}`, `{"stream_options":{"include_usage":true}, "model":"up/stream","stream":true}`, true},
		{"usage into options", `{"stream_options":{"x":1},"model":"a"}`, `{"stream_options":{"include_usage":true,"x":1},"model":"up/stream"}`, true},
		{"usage into empty options", `{"model":"a","stream_options":{ }}`, `{"model":"up/stream","stream_options":{"include_usage":true }}`, true},
		{"usage replaces false", `{"stream_options":{"include_usage": false},"model":"a"}`, `{"stream_options":{"include_usage": true},"model":"up/stream"}`, true},
		{"usage replaces null options", `{"model":"a","stream_options":null}`, `{"model":"up/stream","stream_options":{"include_usage":true}}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, err := ReadEnvelope([]byte(tt.body), &Endpoint{})
			if err != nil {
				t.Fatal(err)
			}
			p := e.Splice([]byte(tt.body), []byte(`"up/stream"`), tt.usage, nil)
			for range 2 { // each attempt reads it again
				got, err := io.ReadAll(p.Reader())
				if err != nil || string(got) != tt.want || p.Size() != int64(len(got)) {
					t.Fatalf("got %s (size %d, %v)\nwant %s", got, p.Size(), err, tt.want)
				}
			}
		})
	}
}

// FuzzEnvelope holds the scanner against encoding/json: what it accepts as valid JSON must
// name the same model, and a rewritten body must name the new one.
func FuzzEnvelope(f *testing.F) {
	for _, s := range []string{
		`{"model":"a"}`, `{"model":"a","stream":true,"stream_options":{"include_usage":false}}`,
		`{"mod\u0065l":"x","model":"a"}`, `{"a":"\\","model":"\"\\\"","b":{"c":[1,2,{"d":"}"}]}}`,
		"{\"model\":\"\xff\"}", `{"model":"a","model":"b"}`, `{"Model":"b","model":"a"}`, `{"model":"a"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := ReadEnvelope(body, &Endpoint{})
		if err != nil {
			if strings.Contains(err.Error(), "not valid JSON") && json.Valid(body) {
				t.Fatalf("%q is JSON: %v", body, err)
			}
			return
		}
		if !json.Valid(body) || !utf8.Valid(body) {
			t.Fatalf("accepted %q", body)
		}
		var doc map[string]json.RawMessage
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatalf("accepted what is no object: %v", err)
		}
		var model string
		if err := json.Unmarshal(doc["model"], &model); err != nil {
			t.Fatal(err)
		}
		if model != e.Model {
			t.Fatalf("model %q, encoding/json says %q", e.Model, model)
		}
		for _, usage := range []bool{false, true} {
			out, _ := io.ReadAll(e.Splice(body, []byte(`"new"`), usage, nil).Reader())
			var changed map[string]json.RawMessage
			if err := json.Unmarshal(out, &changed); err != nil || string(changed["model"]) != `"new"` {
				t.Fatalf("rewritten body %q: model %s, %v", out, changed["model"], err)
			}
		}
	})
}
