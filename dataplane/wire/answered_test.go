package wire

import (
	"strings"
	"testing"
)

func TestAnsweredModel(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		`{"id":"x","model":"gpt-4-0613","choices":[]}`:                                "gpt-4-0613",
		`{"candidates":[{"content":{"parts":[]}}],"modelVersion":"gemini-2.5-pro"}`:   "gemini-2.5-pro",
		`{"type":"response.created","response":{"id":"r","model":"gpt-5-2025"}}`:      "gpt-5-2025",
		`{"type":"message_start","message":{"id":"m","model":"claude-4"}}`:            "claude-4",
		`{"model":"a/b \u00e9","choices":[{"message":{"content":"`:                    "a/b é",
		`{"model":"","choices":[]}`:                                                   "",
		`{"model":null}`:                                                              "",
		`{"model":7}`:                                                                 "",
		`{"model":{"model":"deep"}}`:                                                  "",
		`{"message":{"message":{"model":"too deep"}}}`:                                "",
		`{"message":"text","response":null}`:                                          "",
		`{"choices":[{"message":{"content":"\"model\":\"said\"","model":"inside"}}]}`: "",
		`[{"model":"in a list"}]`:                                                     "",
		`{"mod`:                                                                       "",
		`<html>`:                                                                      "",
		``:                                                                            "",
		"{\"model\":\"\xff\"}":                                                        "",
		`{"model":"` + strings.Repeat("x", maxAnsweredModel) + `"}`:                   strings.Repeat("x", maxAnsweredModel),
		`{"model":"` + strings.Repeat("x", maxAnsweredModel+1) + `"}`:                 "",
	} {
		if got := AnsweredModel([]byte(doc)); got != want {
			t.Errorf("%.90s says %q, want %q", doc, got, want)
		}
	}
}
