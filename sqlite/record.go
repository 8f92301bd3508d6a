package sqlite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// encode writes a record as it is kept. HTML is not escaped: what a person or
// an agent wrote comes back letter for letter.
func encode(record any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(record); err != nil {
		return "", fmt.Errorf("cannot encode %T: %w", record, err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// recordError says that a record in the file does not parse.
type recordError struct{ error }

// decode reads a record back.
func decode[T any](text string) (T, error) {
	var record T
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		return record, recordError{fmt.Errorf("%T: %w", record, err)}
	}
	return record, nil
}

// moment is a time as a column holds it: UTC, sortable, null for none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000000Z")
}
