// Package wire knows the APIs that clients and providers speak, and nothing of calls and
// attempts: which endpoints there are, where model and stream stand in a request and how
// they are replaced, what an event of a stream means, what an answer used, and how errors
// are worded. It is pure.
//
// What differs between APIs is one Family for each, in a package of its own below; package
// api has the table of all. How the conversations among them are translated is in internal/wire, with
// what walks JSON, cuts streams into events and lends memory.
package wire
