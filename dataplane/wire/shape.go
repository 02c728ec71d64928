package wire

// Shape is how an API of a vendor says what an endpoint of ours says, where requests and answers are
// plain JSON. Both functions are pure.
type Shape struct {
	// Request is a request as the vendor has it, for its model. The error is a *scan.Error, where
	// the vendor cannot be told what is asked.
	Request func(body []byte, model string) ([]byte, error)
	// Answer is a good answer to a request, both as they came, as clients know it.
	Answer func(request, answer []byte, model string) ([]byte, error)
}
