package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"
)

// AddRows adds rows with COPY, in the transaction that conn is in: without a statement to parse and
// plan, and with one record of the write-ahead log for many rows. A row that is there already fails it.
func (db *DB) AddRows(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	raw, err := copyFormat(rows)
	if err != nil {
		return err
	}
	statement := "COPY " + table + " (" + strings.Join(columns, ", ") + ") FROM STDIN BINARY"
	return conn.Raw(func(driver any) error {
		_, err := driver.(*stdlib.Conn).Conn().PgConn().CopyFrom(ctx, bytes.NewReader(raw), statement)
		return err
	})
}

// copyFormat is COPY's binary format: for each row the number of its values, for each value its length
// and its bytes. Values have the width of their column: int32 for INTEGER, int64 for BIGINT.
func copyFormat(rows [][]any) ([]byte, error) {
	raw := make([]byte, 0, 1024*len(rows))
	raw = append(raw, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	for _, row := range rows {
		raw = binary.BigEndian.AppendUint16(raw, uint16(len(row)))
		for _, value := range row {
			switch v := value.(type) {
			case string:
				raw = append(binary.BigEndian.AppendUint32(raw, uint32(len(v))), v...)
			case []byte:
				raw = append(binary.BigEndian.AppendUint32(raw, uint32(len(v))), v...)
			case int32:
				raw = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(raw, 4), uint32(v))
			case int64:
				raw = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(raw, 8), uint64(v))
			default:
				return nil, fmt.Errorf("a %T cannot be copied", value)
			}
		}
	}
	return binary.BigEndian.AppendUint16(raw, 0xffff), nil
}

// TryLock takes the lock of that name until the transaction ends, unless another one has it.
func (db *DB) TryLock(ctx context.Context, tx *sql.Tx, name string) (mine bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock(hashtext('trunkline'), hashtext($1))`, name).Scan(&mine)
	return mine, err
}
