package sse

import (
	"strings"
	"testing"
)

// The data of an event in one line is part of the event, whatever lines it had.
func TestOneLineOfData(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{
		"data: {\"a\":1}\n\n":                          "data: {\"a\":1}\n\n",
		": data: x\ndata: {}\n\n":                      ": data: x\ndata: {}\n\n",
		"event: data: x\ndatum: y\r\ndata: {}\r\n\r\n": "event: data: x\ndatum: y\r\ndata: {}\r\n\r\n",
		"event: x\ndata: {\"a\":\ndata: 1}\n\n":        "event: x\ndata: {\"a\": 1}\n\n",
		"data\ndata: {}\n\n":                           "data:  {}\n\n",
		"data: {\r\ndata\r\nid: 1\r\ndata: }\r\n\r\n":  "id: 1\r\ndata: {  }\n\n",
		": ping\n\n": ": ping\n\n",
	} {
		got := OneLine([]byte(event))
		if string(got) != want {
			t.Errorf("%q becomes %q, want %q", event, got, want)
		}
		if data, ok := Data(got); ok && !strings.Contains(string(got), string(data)) {
			t.Errorf("%q: the data %q is no part of it", got, data)
		}
	}
}
