package sqlite

import (
	"errors"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Classify says what an error of the driver means, if it is one.
func Classify(err error) (errs.Code, bool) {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return "", false
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_ROWID:
		return errs.AlreadyExists, true
	case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return errs.FailedPrecondition, true
	}
	switch e.Code() & 0xff { // the rest is detail
	case lib.SQLITE_CONSTRAINT, lib.SQLITE_TOOBIG, lib.SQLITE_MISMATCH, lib.SQLITE_RANGE:
		return errs.InvalidArgument, true
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_PROTOCOL, lib.SQLITE_INTERRUPT, lib.SQLITE_NOMEM,
		lib.SQLITE_IOERR, lib.SQLITE_FULL, lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY:
		return errs.Unavailable, true
	case lib.SQLITE_NOTADB:
		return errs.FailedPrecondition, true
	}
	return errs.Internal, true
}

// Classify is the function of that name.
func (db *DB) Classify(err error) (errs.Code, bool) { return Classify(err) }
