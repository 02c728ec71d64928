package wire

// Family is one API: all that is known of it.
type Family struct {
	Name   string  // what it is called here, such as chat
	Errors *Errors // how its errors are worded
	// Version is what clients put before the paths of its endpoints; empty: /v1.
	Version   string
	Endpoints []Endpoint
}
