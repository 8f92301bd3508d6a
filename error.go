package autosession

// OutcomeError is an error that says what it means for the run: an agent whose
// program is missing returns one from Open.
type OutcomeError struct {
	Outcome Outcome
}

// Error returns "cannot run the agent" and the outcome's detail.
func (e *OutcomeError) Error() string { return "cannot run the agent: " + e.Outcome.Detail }
