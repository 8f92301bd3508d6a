package policy

// rulesByName holds every program that the default policy allows (P3).
var rulesByName = index(builtinRules, textRules, fileRules, findRules, scriptRules, gitRules, nodeRules, pythonRules,
	buildRules, curlRules, processRules, wrapperRules)

// generic judges a program that configuration allows: it may do what it likes,
// but the paths that it names are judged as reads.
var generic = &rule{names: "", lenient: true, operands: "data...", check: func(c *call, p *parsed) {
	for _, a := range p.operands {
		if h := a.head(); h != "" && (h[0] == '/' || len(h) > 1 && h[:2] == "..") {
			c.use(a, useRead)
		}
	}
}}
