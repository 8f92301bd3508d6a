-- The records of one project. What is asked for is a column; the whole record
-- is JSON beside it. Times are UTC text, durations nanoseconds.

-- +goose Up

-- The one row about the project, and what its ended sessions spent. The
-- triggers below keep the sums, so that reading them costs the same however
-- many sessions there were.
CREATE TABLE project (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	record   TEXT,             -- null until the project was seen
	ledger   TEXT,             -- the ledger without its entries; null until there is one
	sessions INTEGER NOT NULL DEFAULT 0,
	cost_usd REAL    NOT NULL DEFAULT 0,
	tokens   INTEGER NOT NULL DEFAULT 0,
	active   INTEGER NOT NULL DEFAULT 0
);
INSERT INTO project (one) VALUES (1);

CREATE TABLE session (
	n        INTEGER PRIMARY KEY,  -- the order in which sessions were prepared
	id       TEXT    NOT NULL UNIQUE,
	run      TEXT    NOT NULL,
	number   INTEGER NOT NULL,     -- 0 until it runs
	kind     TEXT    NOT NULL,
	phase    TEXT    NOT NULL,
	outcome  TEXT    NOT NULL,     -- the class
	tokens   INTEGER NOT NULL,
	cost_usd REAL    NOT NULL,
	active   INTEGER NOT NULL,     -- in nanoseconds
	started  TEXT,
	ended    TEXT,
	counts   INTEGER NOT NULL GENERATED ALWAYS AS (phase = 'ended' AND number > 0) STORED,
	record   TEXT    NOT NULL
);
CREATE UNIQUE INDEX session_number  ON session (number) WHERE number > 0;
CREATE INDEX        session_counts  ON session (number) WHERE counts;
CREATE INDEX        session_pending ON session (n) WHERE phase IN ('prepared', 'running', 'closing');

-- +goose StatementBegin
CREATE TRIGGER session_added AFTER INSERT ON session WHEN NEW.counts BEGIN
	UPDATE project SET
		sessions = sessions + 1,
		cost_usd = cost_usd + NEW.cost_usd,
		tokens   = tokens   + NEW.tokens,
		active   = active   + NEW.active;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER session_replaced AFTER UPDATE ON session WHEN NEW.counts OR OLD.counts BEGIN
	UPDATE project SET
		sessions = sessions + (NEW.counts - OLD.counts),
		cost_usd = cost_usd + (NEW.counts * NEW.cost_usd - OLD.counts * OLD.cost_usd),
		tokens   = tokens   + (NEW.counts * NEW.tokens   - OLD.counts * OLD.tokens),
		active   = active   + (NEW.counts * NEW.active   - OLD.counts * OLD.active);
END;
-- +goose StatementEnd

CREATE TABLE run (
	n       INTEGER PRIMARY KEY,
	id      TEXT NOT NULL UNIQUE,
	started TEXT,
	ended   TEXT,
	record  TEXT NOT NULL
);

CREATE TABLE decision (
	n      INTEGER PRIMARY KEY,
	at     TEXT,
	action TEXT NOT NULL,
	reason TEXT NOT NULL,
	record TEXT NOT NULL
);

CREATE TABLE ledger_entry (
	position INTEGER PRIMARY KEY,  -- in the feature list, from 0
	state    TEXT NOT NULL,
	record   TEXT NOT NULL
);

CREATE TABLE history (
	n       INTEGER PRIMARY KEY,
	at      TEXT,
	feature TEXT    NOT NULL,
	author  TEXT    NOT NULL,
	session INTEGER NOT NULL,
	what    TEXT    NOT NULL,
	record  TEXT    NOT NULL
);
CREATE INDEX history_feature ON history (feature, n);

CREATE TABLE check_run (
	n       INTEGER PRIMARY KEY,
	at      TEXT,
	feature TEXT    NOT NULL,
	session INTEGER NOT NULL,
	passed  INTEGER NOT NULL,
	record  TEXT    NOT NULL
);
CREATE INDEX check_run_feature ON check_run (feature, n);

-- The changes that were applied, so that none is applied twice.
CREATE TABLE change (
	id TEXT PRIMARY KEY,
	at TEXT
) WITHOUT ROWID;

CREATE TABLE event (
	session TEXT    NOT NULL,
	seq     INTEGER NOT NULL CHECK (seq > 0),
	at      TEXT,
	type    TEXT    NOT NULL,
	record  TEXT    NOT NULL,
	PRIMARY KEY (session, seq)
);
