package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/autosession/autosession"
)

// briefing measures the text that a session begins with, at several ages of a
// project with 200 features, notes that grew and sessions that went wrong.
func briefing(context.Context, *lab) ([]figure, error) {
	var out []figure
	for _, number := range []int{1, 10, 100, 1000} {
		s := situation(number)
		size := float64(len(autosession.Brief(s)))
		var took []time.Duration
		for range 50 {
			start := time.Now()
			autosession.Brief(s)
			took = append(took, time.Since(start))
		}
		at := fmt.Sprintf("at session %d, 200 features", number)
		out = append(out,
			newFigure("briefing "+at, "bytes", autosession.MaxBriefing, []float64{size}),
			newFigure("time to write it "+at, "ms", 0, ms(took)))
	}
	return out, nil
}

func situation(number int) autosession.Situation {
	s := autosession.Situation{Kind: autosession.Continue, Number: number}
	for i, f := range makeList(usualFeatures).Features {
		e := autosession.LedgerEntry{Feature: f, State: autosession.FeatureOpen}
		if i < min(number-1, 180) {
			e.State = autosession.FeatureProven
		} else if i%9 == 0 && number > 1 {
			e.Failure = strings.Repeat("--- FAIL: it prints something else\n", 40)
		}
		s.Ledger.Entries = append(s.Ledger.Entries, e)
	}
	for n := max(1, number-autosession.RecentSessions); n < number; n++ {
		s.Sessions = append(s.Sessions, autosession.SessionRecord{
			Number: n, Kind: autosession.Continue, Outcome: autosession.Outcome{Class: autosession.OutcomeDone},
			Claimed: 2, Proven: 1, Said: strings.Repeat("The feature works now. ", 40),
			Notes: []string{"Feature F00007 was claimed and its check failed:\n" + strings.Repeat("wrong\n", 60)},
		})
		s.Repo.Log = append(s.Repo.Log, autosession.Commit{ID: strings.Repeat("ab", 20), Subject: fmt.Sprintf("F%05d: work", n)})
	}
	s.Repo.Exists, s.Repo.Branch = true, "main"
	s.Notes = strings.Repeat("Did this, then that. What is left: the rest.\n", min(number, 1400))
	return s
}
