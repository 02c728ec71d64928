package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

const checkViolation = "23514"

// codes gives the meaning of SQLSTATEs that differ from the rest of their class.
var codes = map[string]errs.Code{
	"23503": errs.FailedPrecondition, // foreign_key_violation
	"23505": errs.AlreadyExists,      // unique_violation
	"25006": errs.Unavailable,        // read_only_sql_transaction: a standby, during a failover
	"25P03": errs.Unavailable,        // idle_in_transaction_session_timeout
	"55P03": errs.Unavailable,        // lock_not_available
}

// classes gives the meaning of whole classes of SQLSTATEs, by their first two characters.
var classes = map[string]errs.Code{
	"08": errs.Unavailable,        // connection exception
	"22": errs.InvalidArgument,    // data exception: NUL in text, a number out of range
	"23": errs.InvalidArgument,    // integrity constraint
	"28": errs.FailedPrecondition, // the server does not accept the user or password
	"3D": errs.FailedPrecondition, // no such database
	"40": errs.Unavailable,        // serialization failure, deadlock
	"42": errs.Internal,           // our SQL, or missing rights
	"53": errs.Unavailable,        // out of connections, memory or disk
	"54": errs.InvalidArgument,    // too large for the database
	"57": errs.Unavailable,        // shutting down, starting up, cancelled
	"58": errs.Unavailable,        // input or output
}

// Classify says what an error of the driver means, if it is one.
func Classify(err error) (errs.Code, bool) {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		if pg.Code == checkViolation && pg.ConstraintName == "" {
			// No constraint of ours: the row was on its way into the default partition when its
			// day got one of its own. It fits when it is sent again.
			return errs.Unavailable, true
		}
		if code, ok := codes[pg.Code]; ok {
			return code, true
		}
		code, ok := classes[pg.Code[:min(2, len(pg.Code))]]
		return code, ok
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	if connecting || errors.Is(err, errLockLost) || pgconn.Timeout(err) || pgconn.SafeToRetry(err) || errors.Is(err, pgconn.ErrConnClosed) {
		return errs.Unavailable, true
	}
	return "", false
}

// Classify is the function of that name.
func (db *DB) Classify(err error) (errs.Code, bool) { return Classify(err) }
