package config

// largest is more MiB than anybody has.
const largest = "1000000000"

// boundSettings are how much a confined process tree may use.
func boundSettings() []Setting {
	return []Setting{
		{
			Name: "sandbox_processes", Theme: themeBounds, Trust: Narrows, Default: "4096", Min: "16", Max: many,
			Help:  "How many processes and threads a session, or a check, may have at a time. One more cannot be started.",
			field: func(c *Config) any { return &c.SandboxProcesses },
		},
		{
			Name: "sandbox_memory", Theme: themeBounds, Trust: Narrows, Default: "0", Min: "0", Max: largest,
			Zero:  "three quarters of the machine's memory",
			Help:  "How much memory a session, or a check, may use, in MiB, its temporary files included. What would use more is killed. More than three quarters of the machine's counts as that.",
			field: func(c *Config) any { return &c.SandboxMemory },
		},
		{
			Name: "sandbox_file_size", Theme: themeBounds, Trust: Narrows, Default: "16384", Min: "1", Max: largest,
			Help:  "How large one file may become, in MiB. Whoever writes more is ended.",
			field: func(c *Config) any { return &c.SandboxFileSize },
		},
		{
			Name: "sandbox_temp", Theme: themeBounds, Trust: Narrows, Default: "2048", Min: "1", Max: largest,
			Help:  "How much a session, or a check, may keep in its private temporary directory, in MiB. It lies in memory, as far as it is used.",
			field: func(c *Config) any { return &c.SandboxTemp },
		},
		{
			Name: "sandbox_reserve", Theme: themeBounds, Trust: Narrows, Default: "0", Min: "0", Max: largest, floor: 1024,
			Zero:  "1024, or 2 % of a file system that is small",
			Help:  "How much stays free on the disks of the project and of our state, in MiB. A session that leaves less is ended at once, and none is started.",
			field: func(c *Config) any { return &c.SandboxReserve },
		},
	}
}
