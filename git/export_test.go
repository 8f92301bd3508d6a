package git

// OnStep has a function called before each step that changes what is on the
// disk for good, by several goroutines: tests end the process there.
func (r *Repo) OnStep(step func()) { r.git.step = step }
