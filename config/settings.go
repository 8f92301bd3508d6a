package config

import "slices"

// themes are the headings of the documentation, in order.
const (
	themeAgent    = "The agent"
	themeProject  = "The project"
	themeGoingOn  = "Going on and stopping"
	themePatience = "Patience"
	themeChecks   = "Checks"
	themeMay      = "What an agent may do"
	themeBounds   = "How much an agent may use"
)

const (
	year  = "8784h" // the longest duration that makes sense
	day   = "24h"
	many  = "1000000"
	money = "1000000"
)

// Settings returns the table, grouped by theme, in the order in which a person
// would read it.
func Settings() []Setting {
	return slices.Concat(
		agentSettings(),
		promptSettings(),
		projectSettings(),
		goingOnSettings(),
		limitSettings(),
		patienceSettings(),
		checkSettings(),
		maySettings(),
		boundSettings(),
	)
}

func agentSettings() []Setting {
	return []Setting{
		{
			Name: "agent", Theme: themeAgent, Trust: Permits, Default: "auto",
			Choices: []string{"auto", "claude-code", "api"},
			Help:    "Which agent works on the project. auto takes claude-code if its program is installed, else api if a key is set.",
			field:   func(c *Config) any { return &c.Agent },
		},
		{
			Name: "agent_command", Theme: themeAgent, Trust: Permits, path: programPath,
			Help:  "Path of the agent's program. Empty means that it is looked for where its installer puts it.",
			field: func(c *Config) any { return &c.AgentCommand },
		},
		{
			Name: "model", Theme: themeAgent, Trust: Permits, Default: "claude-sonnet-4-5-20250929", check: modelName,
			Help:  "Model that the agent uses, as its vendor names it. It decides what a session costs.",
			field: func(c *Config) any { return &c.Model },
		},
		{
			Name: "max_turns", Theme: themeAgent, Trust: Narrows, Default: "1000", Min: "0", Max: many, Zero: "unlimited",
			Help:  "How many round trips to the model one session may make. The context is usually full long before the default is reached.",
			field: func(c *Config) any { return &c.MaxTurns },
		},
		{
			Name: "tools", Theme: themeAgent, Trust: Permits, check: toolName,
			Help:  "Names of the tools that the agent is offered, and that the policy lets it call. Empty means its usual set for work that nobody watches. Commands and files are judged whatever stands here.",
			field: func(c *Config) any { return &c.Tools },
		},
		{
			Name: "billing", Theme: themeAgent, Trust: Permits, Default: "same",
			Choices: []string{"same", "subscription", "api-key", "any"},
			Help:    "Who may pay. same is whoever paid for the project's first session, so that a key that lies about is not used by accident; a session that another account would pay for is not started.",
			field:   func(c *Config) any { return &c.Billing },
		},
		{
			Name: "resume", Theme: themeAgent, Trust: Free, Default: "auto",
			Choices: []string{"auto", "never"},
			Help:    "What follows an interrupted session. auto goes on in the same conversation when it is recent and the tree is as it was; never starts a fresh one with a briefing.",
			field:   func(c *Config) any { return &c.Resume },
		},
		{
			Name: "trial", Theme: themeAgent, Trust: Free, Default: "auto",
			Choices: []string{"auto", "never"},
			Help:    "What a run does with a version of Claude Code that is new to the project. auto tries it out with a played model and warns of what has changed, which takes a few seconds and no account; never goes on without.",
			field:   func(c *Config) any { return &c.Trial },
		},
	}
}

func promptSettings() []Setting {
	return []Setting{
		{
			Name: "prompt_init", Theme: themeAgent, Trust: Permits, path: filePath,
			Help:  "File with the template that replaces the built-in prompt of init sessions. Empty means the built-in one.",
			field: func(c *Config) any { return &c.PromptInit },
		},
		{
			Name: "prompt_continue", Theme: themeAgent, Trust: Permits, path: filePath,
			Help:  "File with the template that replaces the built-in prompt of continue sessions. Empty means the built-in one.",
			field: func(c *Config) any { return &c.PromptContinue },
		},
		{
			Name: "prompt_wrapup", Theme: themeAgent, Trust: Permits, path: filePath,
			Help:  "File with the template that replaces the built-in request to save the work and finish. Empty means the built-in one.",
			field: func(c *Config) any { return &c.PromptWrapup },
		},
	}
}

func projectSettings() []Setting {
	return []Setting{
		{
			Name: "spec", Theme: themeProject, Trust: Permits, Default: "app_spec.txt", path: filePath, check: needed,
			Help:  "File that says what is to be built. One that lies outside the project is copied in as app_spec.txt, which is why a project's own file cannot name it untrusted.",
			field: func(c *Config) any { return &c.Spec },
		},
		{
			Name: "features", Theme: themeProject, Trust: Free, Default: "50", Min: "1", Max: "10000",
			Help:  "How many features the init session aims at. It may write fewer when the spec needs fewer.",
			field: func(c *Config) any { return &c.Features },
		},
		{
			Name: "min_features", Theme: themeProject, Trust: Free, Default: "1", Min: "1", Max: "10000",
			Help:  "How many features a list must have to be accepted from an init session.",
			field: func(c *Config) any { return &c.MinFeatures },
		},
		{
			Name: "notes", Theme: themeProject, Trust: Free, Default: "claude-progress.txt", check: notesPath,
			Help:  "File in which sessions leave notes for the next one, relative to the project. Changing only this file is no progress.",
			field: func(c *Config) any { return &c.Notes },
		},
		{
			Name: "protect", Theme: themeProject, Trust: Narrows, check: projectGlob,
			Help:  "Globs of paths that an agent may not change, relative to the project: tests, specs, CI. Changes are put back after the session and reported. autosession.toml and app_spec.txt are always protected.",
			field: func(c *Config) any { return &c.Protect },
		},
		{
			Name: "checkpoint_include", Theme: themeProject, Trust: Free, check: projectGlob,
			Help:  "Globs of paths that checkpoints hold although git ignores them, relative to the project.",
			field: func(c *Config) any { return &c.CheckpointInclude },
		},
		{
			Name: "commit_leftovers", Theme: themeProject, Trust: Permits, Default: "false",
			Help:  "Commit what a session left uncommitted on the project's branch. Off means that it stays in the tree, is kept in a checkpoint, and the next session is told.",
			field: func(c *Config) any { return &c.CommitLeftovers },
		},
	}
}

func goingOnSettings() []Setting {
	return []Setting{
		{
			Name: "once", Theme: themeGoingOn, Trust: Narrows, Default: "false",
			Help:  "Run one session, then stop.",
			field: func(c *Config) any { return &c.Once },
		},
		{
			Name: "continue_delay", Theme: themeGoingOn, Trust: Free, Default: "3s", Min: "0s", Max: day,
			Help:  "Pause between two sessions. It is time to press Ctrl-C in; the next session's start-up hides in it.",
			field: func(c *Config) any { return &c.Patience.ContinueDelay },
		},
		{
			Name: "session_timeout", Theme: themeGoingOn, Trust: Narrows, Default: "0s", Min: "0s", Max: year, Zero: "unlimited",
			Help:  "How long one session may take before it is asked to finish. Unlimited by default, since idle_timeout ends what hangs and max_turns what runs on.",
			field: func(c *Config) any { return &c.SessionTimeout },
		},
		{
			Name: "idle_timeout", Theme: themeGoingOn, Trust: Narrows, Default: "10m", Min: "1s", Max: day,
			Help:  "How long nothing may be heard of an agent before its session is ended as idle. While a tool runs it is three times as long, because builds and tests are silent.",
			field: func(c *Config) any { return &c.IdleTimeout },
		},
		{
			Name: "grace", Theme: themeGoingOn, Trust: Narrows, Default: "30s", Min: "1s", Max: "1h",
			Help:  "How long an agent that is asked to stop may take to commit and write its notes. A second Ctrl-C does not wait for it.",
			field: func(c *Config) any { return &c.Grace },
		},
	}
}

func limitSettings() []Setting {
	limit := func(name, top, help string, field func(*Config) any) Setting {
		zero := "0"
		if top == year {
			zero = "0s"
		}
		return Setting{
			Name: name, Theme: themeGoingOn, Trust: Narrows, Default: zero, Min: zero, Max: top, Zero: "unlimited",
			Help: help, field: field,
		}
	}
	return []Setting{
		limit("max_iterations", many, "How many sessions one run may have. Init and resumed sessions count.",
			func(c *Config) any { return &c.RunMax.Sessions }),
		limit("max_cost", money, "What one run may cost in US dollars, estimated from list prices. It also ends a running session, softly.",
			func(c *Config) any { return &c.RunMax.CostUSD }),
		limit("max_tokens", "1000000000000", "How many tokens one run may use, read and written, cached or not. It also ends a running session, softly.",
			func(c *Config) any { return &c.RunMax.Tokens }),
		limit("max_duration", year, "How long one run may work, waits not counted. It also ends a running session, softly.",
			func(c *Config) any { return &c.RunMax.Active }),
		limit("max_project_iterations", many, "How many sessions the project may have in all its runs.",
			func(c *Config) any { return &c.ProjectMax.Sessions }),
		limit("max_project_cost", money, "What the project may cost in all its runs, in US dollars.",
			func(c *Config) any { return &c.ProjectMax.CostUSD }),
		limit("max_project_tokens", "1000000000000", "How many tokens the project may use in all its runs.",
			func(c *Config) any { return &c.ProjectMax.Tokens }),
		limit("max_project_duration", year, "How long the project may be worked on in all its runs, waits not counted.",
			func(c *Config) any { return &c.ProjectMax.Active }),
	}
}

func patienceSettings() []Setting {
	return []Setting{
		{
			Name: "patience_failures", Theme: themePatience, Trust: Narrows, Default: "5", Min: "1", Max: many,
			Help:  "After how many sessions in a row in which the agent failed the run stops as failing. Limits, overload and lost connections are not failures.",
			field: func(c *Config) any { return &c.Patience.Failures },
		},
		{
			Name: "patience_unsound", Theme: themePatience, Trust: Narrows, Default: "3", Min: "1", Max: many,
			Help:  "After how many init sessions in a row without a sound feature list the run stops as stuck.",
			field: func(c *Config) any { return &c.Patience.Unsound },
		},
		{
			Name: "patience_no_progress", Theme: themePatience, Trust: Narrows, Default: "3", Min: "1", Max: many,
			Help:  "After how many continue sessions in a row without a change, a claim or a proof the run stops as stuck.",
			field: func(c *Config) any { return &c.Patience.NoProgress },
		},
		{
			Name: "patience_no_proof", Theme: themePatience, Trust: Narrows, Default: "10", Min: "1", Max: many,
			Help:  "After how many continue sessions in a row without a new proof the run stops as stuck. It is more than patience_no_progress, because large features take several sessions.",
			field: func(c *Config) any { return &c.Patience.NoProof },
		},
		{
			Name: "backoff_base", Theme: themePatience, Trust: Narrows, Default: "5s", Min: "100ms", Max: "1h",
			Help:  "First wait after a rate limit, an overload or a lost connection. It doubles each time; the agent has retried for a minute by itself before.",
			field: func(c *Config) any { return &c.Patience.BackoffBase },
		},
		{
			Name: "backoff_cap", Theme: themePatience, Trust: Narrows, Default: "10m", Min: "100ms", Max: day,
			Help:  "Longest of these waits. Ten minutes cost little of a night and do not press a service that has trouble.",
			field: func(c *Config) any { return &c.Patience.BackoffCap },
		},
		{
			Name: "longest_wait", Theme: themePatience, Trust: Narrows, Default: "192h", Min: "1s", Max: year,
			Help:  "Longest wait for a usage limit to end. Eight days by default: a weekly limit is waited out, a date that is nonsense is not.",
			field: func(c *Config) any { return &c.Patience.LongestWait },
		},
	}
}

func checkSettings() []Setting {
	return []Setting{
		{
			Name: "verify", Theme: themeChecks, Trust: Permits, check: commandText,
			Help:  "Command that shows whether a feature works, for features that have none of their own. It runs in a shell in the project, confined; exit status 0 is a pass.",
			field: func(c *Config) any { return &c.Verify },
		},
		{
			Name: "verify_setup", Theme: themeChecks, Trust: Permits, check: commandText,
			Help:  "Command that makes a clean checkout ready for checks: it installs what the project needs. Used by verify_clean and when the session that broke a feature is looked for.",
			field: func(c *Config) any { return &c.VerifySetup },
		},
		{
			Name: "verify_clean", Theme: themeChecks, Trust: Narrows, Default: "false",
			Help:  "Run checks in a clean checkout of what is committed, so that nothing uncommitted or ignored can hold them up.",
			field: func(c *Config) any { return &c.VerifyClean },
		},
		{
			Name: "verify_timeout", Theme: themeChecks, Trust: Narrows, Default: "10m", Min: "1s", Max: day,
			Help:  "How long one check may take. One that takes longer has failed.",
			field: func(c *Config) any { return &c.VerifyTimeout },
		},
		{
			Name: "verify_budget", Theme: themeChecks, Trust: Narrows, Default: "10m", Min: "1s", Max: day,
			Help:  "How long the checks after one session may take together. Claims come first; what is left over is checked after the next session.",
			field: func(c *Config) any { return &c.VerifyBudget },
		},
	}
}

func maySettings() []Setting {
	return []Setting{
		{
			Name: "allow", Theme: themeMay, Trust: Permits, check: programName,
			Help:  "Programs that the agent's shell commands may run besides those of the policy, docker, or subcommands of git, as in git gc. What is never allowed stays so.",
			field: func(c *Config) any { return &c.Allow },
		},
		{
			Name: "deny", Theme: themeMay, Trust: Narrows, check: programName,
			Help:  "Programs, subcommands of git and tools that the agent may not use, whatever allow or the policy says: curl, git push, WebFetch.",
			field: func(c *Config) any { return &c.Deny },
		},
		{
			Name: "permit", Theme: themeMay, Trust: Permits,
			Choices: []string{"curl-any-host", "git-force-push", "kill-pid", "rm-temp"},
			Help:    "Exceptions from what the policy says of single programs. curl-any-host lets curl ask any host that hosts lets it reach; git-force-push lets git push overwrite and delete; kill-pid lets kill take a number; rm-temp lets rm work in the temporary directory.",
			field:   func(c *Config) any { return &c.Permit },
		},
		{
			Name: "allow_paths", Theme: themeMay, Trust: Permits, path: filePath, check: needed,
			Help:  "Directories that an agent may write to besides the project and its temporary directory.",
			field: func(c *Config) any { return &c.AllowPaths },
		},
		{
			Name: "read_paths", Theme: themeMay, Trust: Permits, path: filePath, check: needed,
			Help:  "Paths that an agent may read besides the system's own and the directories of PATH.",
			field: func(c *Config) any { return &c.ReadPaths },
		},
		{
			Name: "hosts", Theme: themeMay, Trust: Permits, check: hostName,
			Help:  "Hosts that can be reached from the sandbox, on ports 80 and 443: exact names, or .example.org for all below it. The model's own endpoint need not be named.",
			field: func(c *Config) any { return &c.Hosts },
		},
		{
			Name: "registries", Theme: themeMay, Trust: Permits, Default: "false",
			Help:  "Let the sandbox reach the package registries that this machine's own npm, pip, go and cargo settings name.",
			field: func(c *Config) any { return &c.Registries },
		},
		{
			Name: "no_sandbox", Theme: themeMay, Trust: Permits, Default: "false",
			Help:  "Run without confinement. The policy still judges what an agent asks for, but nothing holds what was judged wrong. Every status says so.",
			field: func(c *Config) any { return &c.NoSandbox },
		},
	}
}
