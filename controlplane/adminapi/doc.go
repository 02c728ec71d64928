// Package adminapi serves the services of trunkline.admin.v1 over Connect, gRPC and
// gRPC-Web on one port. Handlers are thin: they decode, call the domain and encode.
//
// What surrounds every call, from the outside in: the HTTP guard (cross-site requests
// refused, answers never cached), the error mapper (the only place that knows codes),
// authentication (a session cookie or a bearer token; only Login is open) and the
// rules of the protos. A caller that is not signed in is refused before its body is read.
//
// Errors of package errs become Connect codes of the same name, with two exceptions
// that have none: Conflict (a stale etag, a lost race) is "aborted", and whatever is not
// ours to show is "internal" without its text. Fields at fault travel as
// google.rpc.BadRequest, a wait as google.rpc.RetryInfo and Retry-After, and each answer
// carries X-Request-Id, which the log repeats beside errors that were our fault.
package adminapi
