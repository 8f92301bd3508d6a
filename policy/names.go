package policy

import "strings"

// gitNames are the variables of git that say only who wrote what.
var gitNames = words(`GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE
	GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE`)

// harmful are variables that change what runs (P4). A name that ends in *
// stands for all that begin so. Names are compared without case where the
// program that reads them does.
var harmful = strings.Fields(`LD_* DYLD_* PATH BASH_ENV ENV IFS SHELLOPTS BASHOPTS PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 CDPATH SHELL HOME
	PAGER MANPAGER LESS* EDITOR VISUAL BROWSER PERL5* RUSTC_WRAPPER CARGO_* GOFLAGS MAKEFLAGS NPM_CONFIG_* *_PROXY GIT_*
	BASH_ALIASES BASH_CMDS BASH_LOADABLES_PATH BASH_FUNC_* BASH_XTRACEFD BASH_COMPAT POSIXLY_CORRECT GLOBIGNORE EXECIGNORE FIGNORE HISTFILE TMOUT FUNCNEST
	PWD OLDPWD RUSTC RUSTC_WORKSPACE_WRAPPER RUSTDOC GNUMAKEFLAGS MFLAGS GOENV GOROOT
	GREP_OPTIONS RIPGREP_CONFIG_PATH CURL_HOME SSH_ASKPASS SUDO_ASKPASS XDG_CONFIG_HOME YARN_RC_FILENAME PNPM_HOME
	GCONV_PATH LOCPATH NLSPATH MALLOC_TRACE SIMPLE_BACKUP_SUFFIX GETCONF_DIR HOSTALIASES RES_OPTIONS AWKPATH AWKLIBPATH PSMODULEPATH VIMINIT`)

// harmfulName says that assigning name changes what runs.
func harmfulName(name string) bool {
	if gitNames[name] {
		return false
	}
	upper := strings.ToUpper(name)
	for _, h := range harmful {
		switch {
		case strings.HasSuffix(h, "*") && strings.HasPrefix(upper, h[:len(h)-1]):
			return upper == name || h == "NPM_CONFIG_*"
		case strings.HasPrefix(h, "*") && strings.HasSuffix(upper, h[1:]):
			return true
		case h == name:
			return true
		}
	}
	return false
}

// isName says that s is the name of a variable.
func isName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// assign binds a variable, if its name is harmless.
func (j *judge) assign(name string, v value, st *state, part string) {
	if !isName(name) {
		j.refuse(refusal{rule: "P4", part: part, why: "assigns to something that is no name of a variable", instead: "write NAME=value"})
		return
	}
	if harmfulName(name) {
		j.refuse(refusal{rule: "P4", part: part, why: "sets " + name + ", which changes what programs run",
			instead: "leave it as it is"})
	}
	if !st.bind(name, v) {
		j.refuse(refusal{rule: "P1", part: part, why: "is one variable too many for one command", instead: "split the command"})
	}
}
