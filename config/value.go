package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A value is held by a pointer to a field of a Config. The field's type is the
// setting's type: *string, *[]string, *bool, *int, *int64, *float64 or
// *time.Duration.

func typeName(field any) string {
	switch field.(type) {
	case *string:
		return "text"
	case *[]string:
		return "list of texts"
	case *bool:
		return "true or false"
	case *int, *int64:
		return "whole number"
	case *float64:
		return "number"
	case *time.Duration:
		return "duration"
	}
	panic(fmt.Sprintf("config: a setting cannot be a %T", field))
}

// howToWrite is the fix for a value of the wrong type.
func howToWrite(field any, s Setting, l literal) string {
	quoted := l.form != wordForm
	switch field.(type) {
	case *string:
		return fmt.Sprintf("put it in quotes: %s = %s", s.Name, quote(l.text))
	case *[]string:
		return fmt.Sprintf(`write a list of texts: %s = ["a", "b"]`, s.Name)
	case *bool:
		return "write true or false" + map[bool]string{true: ", without quotes"}[quoted]
	case *int, *int64:
		return "write a whole number" + map[bool]string{true: ", without quotes"}[quoted]
	case *float64:
		return "write a number such as 2.5" + map[bool]string{true: ", without quotes"}[quoted]
	}
	if quoted {
		return `write a duration such as "90s" or "1h30m", or a number of seconds`
	}
	return "write a duration such as 90s or 1h30m, or a number of seconds"
}

// store reads l into field and says whether l has the field's type.
func store(field any, l literal) bool {
	var ok bool
	switch p := field.(type) {
	case *string:
		*p, ok = l.text, l.form == textForm || l.form == wordForm
	case *[]string:
		*p, ok = list(l)
	case *bool:
		*p, ok = boolean(l)
	case *int:
		var n int64
		n, ok = integer(l)
		*p = int(n)
	case *int64:
		*p, ok = integer(l)
	case *float64:
		*p, ok = float(l)
	case *time.Duration:
		*p, ok = duration(l)
	}
	return ok
}

func boolean(l literal) (value, ok bool) {
	switch {
	case l.form != wordForm && l.form != booleanForm:
		return false, false
	case l.form == wordForm && (l.text == "1" || l.text == "yes"):
		return true, true
	case l.form == wordForm && (l.text == "0" || l.text == "no"):
		return false, true
	}
	return l.text == "true", l.text == "true" || l.text == "false"
}

func integer(l literal) (int64, bool) {
	if l.form != wordForm && l.form != integerForm {
		return 0, false
	}
	base := 10
	if l.form == integerForm {
		base = 0 // TOML has 0x10, 0o10 and 0b10
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(l.text, "_", ""), base, 64)
	return n, err == nil
}

// float refuses what is not a number, and infinity.
func float(l literal) (float64, bool) {
	if l.form == integerForm {
		n, ok := integer(l)
		return float64(n), ok
	}
	if l.form != wordForm && l.form != floatForm {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(l.text, "_", ""), 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// duration reads "1h30m", or seconds.
func duration(l literal) (time.Duration, bool) {
	if l.form == textForm || l.form == wordForm {
		if d, err := time.ParseDuration(l.text); err == nil {
			return d, true
		}
		l.form = wordForm
	}
	seconds, ok := float(l)
	if !ok || math.Abs(seconds) > math.MaxInt64/float64(2*time.Second) {
		return 0, false
	}
	return time.Duration(math.Round(seconds * float64(time.Second))), true
}

// list reads a list of a file, or words between commas.
func list(l literal) ([]string, bool) {
	var out []string
	switch l.form {
	case wordForm:
		for item := range strings.SplitSeq(l.text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				out = append(out, item)
			}
		}
		return out, true
	case listForm:
		for _, item := range l.items {
			if item.form != textForm && item.form != wordForm {
				return nil, false
			}
			out = append(out, item.text)
		}
		return out, true
	}
	return nil, false
}

// size is how large a number or a duration is; false for other types.
func size(field any) (float64, bool) {
	switch p := field.(type) {
	case *int:
		return float64(*p), true
	case *int64:
		return float64(*p), true
	case *float64:
		return *p, true
	case *time.Duration:
		return float64(*p), true
	}
	return 0, false
}

// texts are the strings of a text or a list.
func texts(field any) []string {
	switch p := field.(type) {
	case *string:
		return []string{*p}
	case *[]string:
		return *p
	}
	return nil
}

// assign makes the field at to the same as the one at from.
func assign(to, from any) {
	switch p := to.(type) {
	case *string:
		*p = *from.(*string)
	case *[]string:
		*p = *from.(*[]string)
	case *bool:
		*p = *from.(*bool)
	case *int:
		*p = *from.(*int)
	case *int64:
		*p = *from.(*int64)
	case *float64:
		*p = *from.(*float64)
	case *time.Duration:
		*p = *from.(*time.Duration)
	}
}

// format writes a value as TOML.
func format(field any) string {
	switch p := field.(type) {
	case *string:
		return quote(*p)
	case *[]string:
		items := make([]string, len(*p))
		for i, item := range *p {
			items[i] = quote(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case *float64:
		return strconv.FormatFloat(*p, 'f', -1, 64)
	case *time.Duration:
		return quote(shortDuration(*p))
	case *bool:
		return strconv.FormatBool(*p)
	case *int:
		return strconv.Itoa(*p)
	case *int64:
		return strconv.FormatInt(*p, 10)
	}
	panic(fmt.Sprintf("config: a setting cannot be a %T", field))
}

// native is a value as JSON has it.
func native(field any) any {
	switch p := field.(type) {
	case *string:
		return *p
	case *[]string:
		return append([]string{}, *p...)
	case *float64:
		return *p
	case *time.Duration:
		return shortDuration(*p)
	case *bool:
		return *p
	case *int:
		return *p
	case *int64:
		return *p
	}
	panic(fmt.Sprintf("config: a setting cannot be a %T", field))
}

// shortDuration leaves out the zeros that Duration.String puts at the end.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// quote writes a text as TOML. JSON's escapes are TOML's, but for DEL.
func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("config: a text cannot be written: " + err.Error())
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`)
}

// withArticle puts "a" before the name of a type that needs it.
func withArticle(name string) string {
	if name == "true or false" {
		return name
	}
	return "a " + name
}
