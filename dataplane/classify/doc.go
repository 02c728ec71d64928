// Package classify says what happened: it makes an outcome of an upstream's status and body,
// of an error inside a 200, or of an error of the connection, reads how long the upstream
// asks us to stay away, and takes secrets out of what is kept of it. It is pure and knows no
// call, no attempt and no provider.
package classify
