package autosession

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"
)

//go:embed prompts/*.md
var promptFiles embed.FS

// Prompts are templates for what an agent is told. An empty one takes ours.
// Their fields are those of [PromptData].
type Prompts struct {
	Init     string // the prompt of an init session
	Continue string // the prompt of a continue session
	WrapUp   string // asks a running session to save its work and end
}

// PromptData is what the templates can name.
type PromptData struct {
	Dir         string   // the project, absolute
	Spec        string   // name of the spec in the project
	List        string   // name of the feature list
	Notes       string   // name of the notes
	Features    int      // how many features are aimed at
	MinFeatures int      // how many a sound list needs
	Protected   []string // patterns of what may not be changed
	Briefing    string   // where the project stands
	Reason      string   // wrap-up: why it ends
	Grace       time.Duration
}

// Check reports the first template that cannot be used, by trying each.
func (p Prompts) Check() error {
	for _, name := range []string{"init", "continue", "wrapup"} {
		if _, err := p.render(name, PromptData{}); err != nil {
			return err
		}
	}
	return nil
}

func (p Prompts) render(name string, data PromptData) (string, error) {
	text := map[string]string{"init": p.Init, "continue": p.Continue, "wrapup": p.WrapUp}[name]
	if text == "" {
		ours, err := promptFiles.ReadFile("prompts/" + name + ".md")
		if err != nil {
			return "", fmt.Errorf("cannot read the %s prompt: %w", name, err)
		}
		text = string(ours)
	}
	t, err := template.New(name).Option("missingkey=error").Parse(text)
	if err != nil {
		return "", fmt.Errorf("cannot use the %s prompt: %w", name, err)
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", fmt.Errorf("cannot use the %s prompt: %w", name, err)
	}
	return b.String(), nil
}
