package gemini

import (
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

func TestStreamsAreInspected(t *testing.T) {
	t.Parallel()
	i := wire.Inspection{Stream: stream}
	for _, c := range []struct {
		data string
		want wire.Kind
	}{
		{`{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"}}]}`, wire.Filler},
		{`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":"bc"}}}]}}]}`, wire.Meaningful},
		{`{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"thoughtsTokenCount":4,"totalTokenCount":9}}`, wire.Meaningful},
	} {
		if got := i.See([]byte("data: "+c.data+"\r\n\r\n"), false); got != c.want {
			t.Errorf("%s is %v, want %v", c.data, got, c.want)
		}
	}
	if !i.Finished || i.Limited || i.Empty() || i.Usage.Output != 6 || i.Usage.Reasoning != 4 || i.Usage.Input != 3 || i.Output == 0 {
		t.Errorf("%+v", i)
	}
	bad := wire.Inspection{Stream: stream}
	if got := bad.See([]byte(`data: {"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`+"\n\n"), false); got != wire.Failed {
		t.Errorf("an error is %v", got)
	}
}

func TestWhatIsOutput(t *testing.T) {
	t.Parallel()
	for candidates, want := range map[string]bool{
		`[]`: false, `[{"content":{"parts":[{"text":""},{"thoughtSignature":"s"}]}}]`: false, `[{"content":{"parts":[{"executableCode":"x"}]}}]`: false,
		`[{"content":{"parts":[{"executableCode":{"language":"PYTHON","code":"1"}}]}}]`:    true,
		`[{"content":{"parts":[{"codeExecutionResult":{"outcome":"OUTCOME_OK"}}]}}]`:       true,
		`[{"content":{"parts":[]}},{"content":{"parts":[{"text":"a"}]},"index":1}]`:        true,
		`[{"content":{}},{"content":{"parts":[{"functionCall":{"name":"f"}}]},"index":1}]`: true,
	} {
		if got := output([]byte(`{"candidates":`+candidates+`}`), new(wire.Inspection)); got != want {
			t.Errorf("%s is output: %v, want %v", candidates, got, want)
		}
	}
	if !isEmpty([]byte(`{"candidates":[{"finishReason":"STOP"}]}`)) || isEmpty([]byte(`{"candidates":[{"finishReason":"STOP"},{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}`)) {
		t.Error("an answer is empty where no candidate says anything")
	}
}
