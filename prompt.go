package autosession

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/autosession/autosession/internal/fill"
)

//go:embed prompts/*.md
var promptFiles embed.FS

// Prompts are what an agent is told. An empty one takes ours. They name the
// fields of [PromptData] as {{.Dir}}.
type Prompts struct {
	Init     string // the prompt of an init session
	Continue string // the prompt of a continue session
	WrapUp   string // asks a running session to save its work and end
}

// PromptData is what the prompts can name.
type PromptData struct {
	Dir         string   // the project, absolute
	Spec        string   // name of the spec in the project
	List        string   // name of the feature list
	Notes       string   // name of the notes
	Features    int      // how many features are aimed at
	MinFeatures int      // how many a sound list needs
	Protected   []string // patterns of what may not be changed, filled in with commas between
	Briefing    string   // where the project stands
	Reason      string   // wrap-up: why it ends
	Grace       time.Duration
}

// value is what stands for a name in a prompt.
func (d PromptData) value(name, _ string) (string, error) {
	switch name {
	case ".Dir":
		return d.Dir, nil
	case ".Spec":
		return d.Spec, nil
	case ".List":
		return d.List, nil
	case ".Notes":
		return d.Notes, nil
	case ".Features":
		return strconv.Itoa(d.Features), nil
	case ".MinFeatures":
		return strconv.Itoa(d.MinFeatures), nil
	case ".Protected":
		return strings.Join(d.Protected, ", "), nil
	case ".Briefing":
		return d.Briefing, nil
	case ".Reason":
		return d.Reason, nil
	case ".Grace":
		return d.Grace.String(), nil
	}
	return "", fmt.Errorf("there is no {{%s}}; there are .Dir, .Spec, .List, .Notes, .Features, .MinFeatures, .Protected, .Briefing, .Reason and .Grace", name)
}

// Check reports the first prompt that cannot be used, by trying each.
func (p Prompts) Check() error {
	for _, name := range []string{"init", "continue", "wrapup"} {
		if _, err := p.Text(name, PromptData{}); err != nil {
			return err
		}
	}
	return nil
}

// Text is the prompt init, continue or wrapup with the data filled in. An
// error names the line of the prompt.
func (p Prompts) Text(name string, data PromptData) (string, error) {
	text := map[string]string{"init": p.Init, "continue": p.Continue, "wrapup": p.WrapUp}[name]
	if text == "" {
		ours, err := promptFiles.ReadFile("prompts/" + name + ".md")
		if err != nil {
			return "", fmt.Errorf("cannot read the %s prompt: %w", name, err)
		}
		text = string(ours)
	}
	text, err := fill.Text(text, data.value)
	if err != nil {
		return "", fmt.Errorf("cannot use the %s prompt: %w", name, err)
	}
	return text, nil
}
