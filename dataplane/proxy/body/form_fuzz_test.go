package body

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"strings"
	"testing"
)

// A form that is accepted reads the same behind us as before us, but for its model.
func FuzzForm(f *testing.F) {
	for _, s := range []string{
		"--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ng\r\n--B--\r\n",
		"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\\\"b.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n\x00\r\n--b\r\n--B\r\nContent-Disposition: form-data; name=model\r\n\r\ng\r\n--B\r\nContent-Disposition: form-data; name=stream\r\n\r\ntrue\r\n--B--",
		"preamble\r\n--B\r\nContent-Disposition: form-data; name=\"Model\"\r\n\r\ng\r\n--B--\r\nepilogue",
		"--B\nContent-Disposition: form-data; name=\"model\"\n\ng\n--B--\n", "--B\r\nContent-Disposition: form-data; name*=utf-8''mod%65l\r\n\r\ng\r\n--B--",
		"--B\r\nContent-Disposition: form-data; name=\"model\"; filename=\"\"\r\n\r\ng\r\n--B--", "--B\r\n\r\n--B--", "--B--", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, e, err := readForm(bytes.NewReader(body), "B", "", "")
		if err != nil {
			return
		}
		defer got.close()
		if e.Model == "" {
			t.Fatal("accepted without a model")
		}
		sent, err := io.ReadAll(got.Reader("new/model"))
		if err != nil || int64(len(sent)) != got.Size("new/model") {
			t.Fatalf("%d bytes of %d: %v", len(sent), got.Size("new/model"), err)
		}
		before := formParts(t, body, "B")
		after := formParts(t, sent, strings.TrimPrefix(got.ContentType, "multipart/form-data; boundary="))
		if len(before) != len(after) {
			t.Fatalf("%d parts became %d", len(before), len(after))
		}
		for i := range before {
			want := before[i]
			if want.name == "model" {
				if want.value != e.Model {
					t.Fatalf("routed by %q, the form says %q", e.Model, want.value)
				}
				want.value = "new/model"
			}
			if after[i] != want {
				t.Fatalf("part %+v became %+v", want, after[i])
			}
		}
	})
}

type formPart struct{ name, file, value string }

func formParts(t *testing.T, body []byte, boundary string) []formPart {
	t.Helper()
	var all []formPart
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		// Quotes, backslashes and line ends are written as browsers write them.
		all = append(all, formPart{quoted(part.FormName()), quoted(part.FileName()), string(value)})
	}
}

// quoted is a name in the one form that both sides of the rewriting have in common.
func quoted(s string) string {
	return strings.NewReplacer("%22", `"`, "%0D", "\r", "%0A", "\n", "%00", "\x00").Replace(s)
}
