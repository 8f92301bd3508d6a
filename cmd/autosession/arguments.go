package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autosession/autosession/config"
)

// anyNumber of arguments may be given.
const anyNumber = math.MaxInt

// takes checks how many arguments a command has.
func takes(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		_, form, _ := strings.Cut(c.Use, " ")
		switch {
		case len(args) < least:
			return usageError{fmt.Errorf("cannot do without an argument: %s %s", c.CommandPath(), form)}
		case len(args) > most:
			return usageError{fmt.Errorf("cannot use %s: %s takes %s; %s --help tells more",
				counted(len(args), "argument"), c.Name(), [2]string{"none", "at most one"}[most], c.CommandPath())}
		}
		return nil
	}
}

// usage makes what a check of arguments says an error of usage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// known says that a command is none of ours, and which one could be meant.
func known(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("cannot find the command %q; autosession --help lists them", args[0])
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("cannot find the command %q; did you mean %s?", args[0], near[0])
	}
	return usageError{err}
}

// flagError says in our words what is wrong with a flag, and which one could be
// meant by one that is none.
func flagError(c *cobra.Command, err error) error {
	if value, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usageError{fmt.Errorf("cannot use %s: it needs a value", dashed(value.GetSpecifiedName(), value.GetSpecifiedShortnames()))}
	}
	if value, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		wanted := value.GetFlag().Value.Type()
		if wanted == "bool" {
			wanted = "true or false"
		}
		return usageError{fmt.Errorf("cannot use %q for --%s: it must be %s", value.GetValue(), value.GetFlag().Name, wanted)}
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usageError{fmt.Errorf("cannot read the flags: %w", err)}
	}
	if letters := unknown.GetSpecifiedShortnames(); letters != "" {
		return usageError{fmt.Errorf("cannot find the flag %s; %s --help lists them", dashed("", letters), c.CommandPath())}
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := config.Nearest(unknown.GetSpecifiedName(), names); near != "" {
		return usageError{fmt.Errorf("cannot find the flag --%s; did you mean --%s?", unknown.GetSpecifiedName(), near)}
	}
	return usageError{fmt.Errorf("cannot find the flag --%s; %s --help lists them", unknown.GetSpecifiedName(), c.CommandPath())}
}

// dashed is a flag as it was written.
func dashed(name, letters string) string {
	if letters != "" {
		return "-" + letters
	}
	return "--" + name
}
