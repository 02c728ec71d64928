package classify

import (
	"strings"
	"testing"
)

// A provider that names an endless place costs no more than one that names a long one.
func TestThePlaceOfAFault(t *testing.T) {
	t.Parallel()
	for loc, want := range map[string]int{
		`"messages",0,"name"`:                                      len("messages[0].name"),
		`"a"` + strings.Repeat(",1", 20_000):                       maxPlace + len("[1]"),
		`"a"` + strings.Repeat(`,"bcdefghijklmnopqrst"`, maxPlace): maxPlace + len(".bcdefghijklmnopqrst"),
	} {
		f := readFault([]byte(`{"message":{"detail":[{"loc":["body",` + loc + `],"msg":"wrong"}]},"type":"invalid_request_error"}`))
		if len(f.param) == 0 || len(f.param) > want {
			t.Errorf("%.40s: a place of %d bytes, want at most %d", loc, len(f.param), want)
		}
	}
}
