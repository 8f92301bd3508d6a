package config

import "strings"

// Nearest returns the name that a mistyped key most likely means, or "" when
// none is close. Case and dashes do not count.
func Nearest(key string, names []string) string {
	if len(key) > 100 {
		return ""
	}
	key = plain(key)
	best, least := "", max(2, len(key)/3)+1
	for _, name := range names {
		if d := distance(key, plain(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

// plain is a name as it is compared.
func plain(name string) string { return strings.ReplaceAll(strings.ToLower(name), "-", "_") }

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that make a of b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
