// Package policy is the [autosession.Gate] that judges what an agent is about
// to do: shell commands on their real syntax tree, file tools by resolved path,
// other tools by name. What is unknown, unparsable or too complex is denied.
//
// It is not the wall. An agent that may run node or python can do what its
// sandbox lets it do; the policy stops mistakes, known attacks and edits of what
// the agent may not edit, and gives a reason that the agent can act on. It runs
// nothing, and looks at no file but to resolve links.
//
// A shell command goes this way:
//
//	screen.go    the raw text: size, control characters            P1
//	parse.go     parsed, if it is not too deep                      P1
//	judge.go     walk every statement; count the work               P1 P2
//	flow.go      branches, loops, subshells: what is known after    P2
//	word.go      a word becomes the arguments that it expands to    P4
//	call.go      the program word picks a rule                      P3
//	table.go     the rule's table says what options and operands are
//	arguments.go the arguments are read by it
//	place.go     paths are resolved and judged                      P5 P6 P7
//	rule_*.go    the rules per program, each with its examples      P9 P10
//
// A rule is data: names, a table of options, what its operands are, and
// examples of both verdicts that the tests run. To add a program, add a rule.
package policy
