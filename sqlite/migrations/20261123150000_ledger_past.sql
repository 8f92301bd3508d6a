-- What the ledger was, so that a rollback finds it: every row that was ever
-- written to it, and how far that had come when a checkpoint was saved.

-- +goose Up

CREATE TABLE ledger_past (
	n        INTEGER PRIMARY KEY,
	at       TEXT,
	position INTEGER,        -- of the entry; null for the frame of a whole new ledger, whose entries follow
	record   TEXT NOT NULL
);
CREATE INDEX ledger_past_whole ON ledger_past (n)  WHERE position IS NULL;
CREATE INDEX ledger_past_at    ON ledger_past (at) WHERE at IS NOT NULL;

-- What is known is from now on.
INSERT INTO ledger_past (at, position, record)
	SELECT strftime('%Y-%m-%dT%H:%M:%f000000Z', 'now'), NULL, ledger FROM project WHERE ledger IS NOT NULL;
INSERT INTO ledger_past (at, position, record)
	SELECT strftime('%Y-%m-%dT%H:%M:%f000000Z', 'now'), position, record FROM ledger_entry ORDER BY position;

CREATE TABLE checkpoint (
	id     TEXT PRIMARY KEY,
	ledger INTEGER NOT NULL  -- the last row of ledger_past when it was saved, 0 for none
) WITHOUT ROWID;
