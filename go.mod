module github.com/autosession/autosession

go 1.26.0

require (
	github.com/pelletier/go-toml/v2 v2.4.3
	github.com/spf13/pflag v1.0.9
)

require pgregory.net/rapid v1.3.0
