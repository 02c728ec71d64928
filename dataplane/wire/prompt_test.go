package wire

import (
	"strings"
	"testing"
)

func TestFilesInAPromptAreNoText(t *testing.T) {
	t.Parallel()
	file := strings.Repeat("iVBORw0KGgoAAAANSUhEUgAA", 10000)
	text := strings.Repeat("words and more words. ", 1000)
	const shell = 200 // bytes around them, at most
	for name, tt := range map[string]struct {
		body string
		want int64
	}{
		"text alone":           {`{"messages":[{"role":"user","content":"` + text + `"}]}`, int64(len(text)) / 4},
		"text about base64":    {`{"messages":[{"role":"user","content":"base64 ` + text + `"}]}`, int64(len(text)) / 4},
		"a data URL":           {`{"messages":[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,` + file + `"}}]}]}`, fileTokens},
		"two, and text":        {`{"a":"data:image/png;base64,` + file + `","b":"` + text + `","c":"data:application/pdf;base64,` + file + `"}`, int64(len(text))/4 + 2*fileTokens},
		"escaped slashes":      {`{"a":"data:image\/png;base64,` + strings.Repeat(`iVB\/`, 5000) + `"}`, fileTokens},
		"Anthropic":            {`{"messages":[{"content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + file + `"}}]}]}`, fileTokens},
		"audio":                {`{"messages":[{"content":[{"type":"input_audio","input_audio":{"data":"` + file + `","format":"wav"}}]}]}`, fileTokens},
		"a small file":         {`{"type":"base64","data":"` + file[:800] + `"}`, 200},
		"too small to be one":  {`{"type":"base64","data":"` + file[:400] + `"}`, 100},
		"text in a data URL":   {`{"a":"base64","b":"data:text/plain,` + text + `"}`, int64(len(text)) / 4},
		"quotes before it":     {`{"t":"a \" b \\","u":"data:image/png;base64,` + file + `"}`, fileTokens},
		"no end":               {`{"u":"data:image/png;base64,` + file, fileTokens},
		"nothing":              {``, 0},
		"the word and no more": {`base64`, 1},
	} {
		if got := PromptTokens([]byte(tt.body)); got < tt.want || got > tt.want+shell/4 {
			t.Errorf("%s: %d tokens, want %d and a little", name, got, tt.want)
		}
	}
}
