package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// explanations complete the sentence "cannot <do something>: ...".
var explanations = map[errs.Code]string{
	errs.Unavailable:        "the database is not available",
	errs.AlreadyExists:      "it already exists",
	errs.InvalidArgument:    "the database refused a value",
	errs.FailedPrecondition: "the database does not allow it",
	errs.Internal:           "internal error",
}

// failed makes an error of this package from what went wrong while doing something; nil
// stays nil.
func (db *DB) failed(err error, doing string) error {
	if err != nil && db.closed.Load() {
		return errs.Wrap(errs.Unavailable, err, "cannot "+doing+": the database is closed")
	}
	return translate(err, db.engine.Classify, doing)
}

// translate gives err a code and a message that is safe to show; the driver's text stays
// in the cause. Errors that have a code already stay as they are.
func translate(err error, classify func(error) (errs.Code, bool), doing string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	code := codeOf(err, classify)
	return errs.Wrap(code, err, "cannot "+doing+": "+explanations[code])
}

// codeOf says what an error means that may come from the driver, from database/sql, or
// from the network below.
func codeOf(err error, classify func(error) (errs.Code, bool)) errs.Code {
	if code, ok := classify(err); ok {
		return code
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return errs.Unavailable
	}
	for _, gone := range []error{
		context.Canceled, context.DeadlineExceeded, driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone,
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
	} {
		if errors.Is(err, gone) {
			return errs.Unavailable
		}
	}
	return errs.Internal
}
