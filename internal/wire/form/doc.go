// Package form is what requests, answers and streams of every conversational dialect (chat,
// responses, messages, gemini) have in common: the canonical form that one is read into and another
// is written from, where a client speaks another dialect than the provider. It does no I/O, and
// traffic between a client and a provider of one dialect never comes here.
//
// Read it in this order:
//
//	codec.go    what a dialect's package gives: readers and writers, each pure
//	request.go  Request, Item, Tool: what is asked
//	block.go    Block: what a message is made of
//	opaque.go   Opaque: what only its origin can read, and how a client carries it
//	answer.go   Answer, Stop, Usage: what comes back whole
//	event.go    Event: the same in pieces
//	rest.go     Rest: what the form has no place for, kept for its own dialect
//	loss.go     Losses: what a target could not be told, and Refused: what it had to be told
//	names.go    names and ids that every dialect takes
//	custom.go   how a function stands for a custom tool, and input.go its text while it streams
//	turns.go    what is the same for every writer of conversations
//	habit.go    in what models of one dialect differ
//	effort.go   efforts and budgets to think
//
// Three rules hold for every codec:
//
//   - Reading and writing back in the same dialect gives the same document, member for member; only
//     the order of members and white space may differ.
//   - Nothing is lost silently. What a target cannot be told is refused before anything is sent,
//     approximated with a way back, or dropped, and the latter two are noted.
//   - A codec keeps nothing between calls. What belongs to one stream is in its reader or writer.
package form
