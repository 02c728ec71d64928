package dataplane

import "testing"

// Secrets that begin alike are each found, in pieces of any size; less of one than tells it from others
// stays as it is, and so does what is found to be something else in the same piece.
func TestATrailOfPieces(t *testing.T) {
	const short, long = "sk-proj-0123456789", "sk-proj-0123456789abcdef0123456789abcdef01234567"
	e := Echoes{}.with(short[:17] + "x").with(long)
	for _, tt := range []struct{ said, want []string }{
		{[]string{"keys begin with sk-proj-", "012", " end"}, []string{"keys begin with sk-proj-", "012", " end"}},
		{[]string{"sk-proj-012345", "678x", "678"}, []string{"**************", "****", "678"}},
		{[]string{"sk-proj-0123456", "789abcdef", "0123456789abcdef01234567", "!"}, []string{"***************", "*********", "************************", "!"}},
		{[]string{"sk-proj-0123 is no key", "sk-proj-0123"}, []string{"sk-proj-0123 is no key", "************"}},
		{[]string{"", "sk-sk-proj-", "", "012345", "x"}, []string{"", "sk-sk-proj-", "", "******", "x"}},
	} {
		trail := e.Follow()
		for i, said := range tt.said {
			piece := []byte(said)
			if trail.Mask(piece); string(piece) != tt.want[i] {
				t.Errorf("%q: piece %d is %q, want %q", tt.said, i, piece, tt.want[i])
			}
		}
		trail.Restart()
		piece := []byte("678x")
		if trail.Mask(piece); string(piece) != "678x" {
			t.Errorf("%q: a new text is %q", tt.said, piece)
		}
	}
	trail, piece := e.Follow(), []byte("plain words of an answer, sk")
	if n := testing.AllocsPerRun(10, func() { trail.Mask(piece) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What goes by of a secret that comes in pieces is what is public of it, and less than four bytes more.
func TestHowMuchOfASecretTells(t *testing.T) {
	for secret, want := range map[string]string{
		"sk-proj-Zx0123456789abcdef":                          "sk-proj-Zx0",
		"sk-ant-api03-Zx0123456789abcdef":                     "sk-ant-api03-Zx0",
		"sk-or-v1-0123456789abcdef0123456789":                 "sk-or-v1-012",
		"gsk_Zx0123456789abcdef":                              "gsk_Zx0",
		"AIzaSyD-0123456789abcdef":                            "AIzaSyD-0",
		"0123456789abcdef0123456789abcdef":                    "01234",
		"blue-red-dog-cat-1234":                               "blue-red-do",
		"a_b_c_d_e_f_g_h_i_j_k_0123456789":                    "a_b_c_d_e_f",
		"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMQ": "eyJhbGciOiJSUzI1",
	} {
		trail := Echoes{}.with(secret).Follow()
		passed := ""
		for i := range len(secret) {
			piece := []byte(secret[i : i+1])
			if trail.Mask(piece); piece[0] != '*' {
				passed += string(piece)
			}
		}
		if passed != want {
			t.Errorf("%s: %q went by, want %q", secret, passed, want)
		}
	}
}
