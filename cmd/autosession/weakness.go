package main

import "strings"

// lacking comes after the name of a sandbox that does not hold all.
const lacking = " (without: "

// weakness says aloud what a sandbox does not hold, by its name; "" is
// nothing.
func weakness(confined string) string {
	if confined == "none" {
		return "UNCONFINED: what runs can do whatever you can"
	}
	name, lacks, some := strings.Cut(confined, lacking)
	if !some {
		return ""
	}
	return "NOT FULLY CONFINED: " + name + " holds all but " + strings.TrimSuffix(lacks, ")")
}
