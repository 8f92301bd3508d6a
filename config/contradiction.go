package config

import "fmt"

// contradictions finds settings that are sound each and not together. A
// setting that is faulty already contradicts nothing.
func (l *layers) contradictions() []Problem {
	c := l.made
	var problems []Problem
	clash := func(holds bool, a, b, text, fix string) {
		if holds && !l.faulty[a] && !l.faulty[b] {
			problems = append(problems, l.contradiction(a, b, text, fix))
		}
	}
	clash(c.MinFeatures > c.Features, "min_features", "features",
		"is more than %s", "a list may then never be accepted: lower min_features or raise features")
	clash(c.VerifyTimeout > c.VerifyBudget, "verify_timeout", "verify_budget",
		"is longer than %s", "one check may take no longer than all together: lower verify_timeout or raise verify_budget")
	clash(c.Patience.BackoffBase > c.Patience.BackoffCap, "backoff_base", "backoff_cap",
		"is longer than %s", "the first wait may not be longer than the longest: lower backoff_base or raise backoff_cap")
	clash(c.Patience.BackoffCap > c.Patience.LongestWait, "backoff_cap", "longest_wait",
		"is longer than %s", "lower backoff_cap or raise longest_wait")
	clash(c.Patience.ContinueDelay > c.Patience.LongestWait, "continue_delay", "longest_wait",
		"is longer than %s", "lower continue_delay or raise longest_wait")
	clash(c.Agent == "api" && c.Billing == "subscription", "billing", "agent",
		"cannot go with %s", "the api agent works with an API key alone: choose another agent, or billing = \"api-key\"")
	return problems
}

// contradiction blames a, or b where a has its default.
func (l *layers) contradiction(a, b, text, fix string) Problem {
	value := map[string]string{}
	for _, s := range l.settings {
		value[s.Name] = s.Value(l.made)
	}
	p := l.sources[a].place
	if l.sources[a].source == "default" {
		p, text = l.sources[b].place, "(default) "+text
	}
	p.Key, p.Value, p.Fix = a, value[a], fix
	p.Text = fmt.Sprintf(text+" (%s)", b+" = "+value[b], l.sources[b].source)
	return p
}
