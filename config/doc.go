// Package config makes one [Config] of files, the environment and flags.
//
// One table, [Settings], drives everything: what a setting is called in each
// place, its type, default and range, and whether a project's own file may set
// it. [Load] reads the layers from the weakest to the strongest:
//
//	defaults, the person's file, the project's file, environment, flags
//
// Everything is checked before anything is used: Load returns a whole Config,
// or one [Error] with every problem and its place. A project's file is not
// believed until a person trusts it; see [Trust].
//
// The package reads only what it is given: it does not look at the process's
// own environment or arguments, keeps nothing, and starts nothing.
package config
