module github.com/autosession/autosession

go 1.26.0
