package policy

import (
	"regexp"
	"slices"
	"strings"
)

// curlRules holds curl: to this machine only, by literal address.
var curlRules = []rule{
	{names: "curl", operands: "data...", check: checkCurl,
		options: `-s -S -f -L -i -I -v -k -G -N -g -4 -6 -# -O -R -a -j -q -V -Z -0 --silent --show-error --fail --fail-with-body --fail-early --location --include --head --verbose --insecure --get
			--no-buffer --globoff --ipv4 --ipv6 --progress-bar --no-progress-meter --remote-name --remote-name-all --remote-time --append --junk-session-cookies --disable --version --parallel --compressed --http1.0 --http1.1
			--http2 --http2-prior-knowledge --path-as-is --create-dirs --retry-connrefused --retry-all-errors --no-keepalive --no-clobber --raw --tcp-nodelay --styled-output --no-sessionid --no-location --no-silent --no-fail --tlsv1 --tlsv1.0 --tlsv1.1 --tlsv1.2 --tlsv1.3 --basic --digest --anyauth flag
			-X -A -e -m -r -y -Y -z -C --request --user-agent --referer --max-time --connect-timeout --retry --retry-delay --retry-max-time --range --speed-time --speed-limit --time-cond --continue-at
			--tls-max --form-string --data-raw --max-redirs --limit-rate --keepalive-time --rate --parallel-max --max-filesize --expect100-timeout --happy-eyeballs-timeout-ms -u --user --oauth2-bearer value
			-H -d --header --data --data-binary --data-ascii --json at
			-T --upload-file --cacert -E --cert --key read
			-o -D -c --output --dump-header --cookie-jar --stderr --trace --trace-ascii write
			--output-dir dir
			--data-urlencode --url-query -F --form -b --cookie -w --write-out --url value
			-x -K -J -M -n -U -p -P -Q -t -l -B -1 -2 -3 -: --proxy --preproxy --socks4 --socks4a --socks5 --socks5-hostname --socks5-gssapi --socks5-basic --proxy-user --proxy-header --proxytunnel --noproxy --config --resolve --connect-to
			--unix-socket --abstract-unix-socket --next --remote-header-name --netrc --netrc-file --netrc-optional --doh-url --dns-servers --dns-interface --interface --engine --quote --telnet-option
			--variable --expand-url --libcurl --egd-file --random-file --hsts --alt-svc --etag-save --etag-compare --proto --proto-default --proto-redir --location-trusted --manual --ftp-port --krb never`,
		allow: []string{"curl -s localhost:3000/api/health", "curl -sS -o /dev/null -w '%{http_code}' http://localhost:3000/", "curl http://[::1]:3000/?a=1", "curl -X POST -H 'Content-Type: application/json' -d '{\"a\":1}' http://127.0.0.1:8080/api",
			"curl -d @body.json http://localhost:3000", "curl -F 'file=@src/a.png;type=image/png' http://localhost:3000/up", "P=3000; curl -s http://localhost:$P/", "curl -sf -b /tmp/c -c /tmp/c http://localhost:3000", "curl --max-time 5 -i 'http://localhost:3000/x?y=[1]'"},
		deny: []string{"curl https://evil.example", "curl http://localhost.evil.example", "curl http://localhost@evil.example", "curl -x evil:1 http://localhost", "curl file:///etc/passwd", "curl \"$URL\"", "curl -d @{{HOME}}/.ssh/id_rsa http://localhost",
			"curl -o .git/x http://localhost", "curl 'http://{localhost,evil}/'", "curl -K x", "curl http://localhost --nex http://evil", "curl -F f=@/etc/passwd http://localhost", "curl -T /etc/passwd http://localhost", "curl -O http://localhost/feature_list.json",
			"curl http://localhost http://evil.example", "curl --url http://evil.example", "curl -w '%output{x}' http://localhost", "curl -b {{HOME}}/c http://localhost", "curl -H @/etc/passwd http://localhost", "curl -sLo{{HOME}}/x http://localhost",
			"curl http://0.0.0.0/", "curl http://localhost:3000:80@evil/", `curl http:\\localhost\@evil`, "curl -sF 'a=</etc/passwd' http://localhost", "curl --data-urlencode x@/etc/passwd http://localhost", "curl ftp://localhost/", "curl http://$H/", "curl -w @/etc/passwd http://localhost", "curl -b @/etc/passwd localhost"}},
}

var (
	// curlCount is what curl replaces in -o by what a pattern matched.
	curlCount = regexp.MustCompile(`#[0-9]`)

	loopback = regexp.MustCompile(`^(?:https?://)?(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(?:[/?#][^\\\s{}]*)?$`)
	anyHost  = regexp.MustCompile(`^https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][^\\\s{}]*)?$`)
)

func checkCurl(c *call, p *parsed) {
	urls := p.operands
	for _, o := range p.opts {
		switch o.name {
		case "--url":
			urls = append(urls, o.val)
		case "-F", "--form":
			c.curlForm(o.val)
		case "--data-urlencode", "--url-query":
			if _, file, reads := strings.Cut(o.val.head(), "@"); reads && !strings.Contains(strings.SplitN(o.val.head(), "@", 2)[0], "=") {
				c.use(o.val.from(len(o.val.head())-len(file)), useRead)
			}
		case "-b", "--cookie":
			switch head := o.val.head(); {
			case strings.HasPrefix(head, "@"):
				c.use(o.val.from(1), useRead)
			case !strings.Contains(head, "="):
				c.use(o.val, useRead)
			}
		case "-w", "--write-out":
			c.curlFormat(o.val)
		case "-T", "--upload-file":
			if strings.ContainsAny(o.val.String(), "{[") {
				c.refuse("P9", "uploads files by a pattern", "name one file")
			}
		}
	}
	for _, u := range urls {
		text := urlText(u)
		if loopback.MatchString(text) || c.j.p.permits["curl-any-host"] && anyHost.MatchString(text) {
			continue
		}
		c.refusal(refusal{rule: "P9", part: u.String(), why: "is not a literal http address of localhost, 127.0.0.1 or [::1]",
			instead: "ask only servers that you started yourself", fix: curlFix(text)})
		return
	}
	c.curlNames(p, urls)
}

// curlNames judges names of files that curl makes of an address.
func (c *call) curlNames(p *parsed, urls []Arg) {
	remote := p.has("-O", "--remote-name", "--remote-name-all")
	counts := slices.ContainsFunc(p.opts, func(o opt) bool {
		return (o.name == "-o" || o.name == "--output") && curlCount.MatchString(o.val.String())
	})
	if !remote && !counts {
		return
	}
	for _, u := range urls {
		if curlPattern(urlText(u)) {
			c.refuse("P5", "makes names of files from a pattern in an address", "ask for one file at a time, with -o NAME")
			return
		}
		if remote {
			name, _, _ := strings.Cut(u.String(), "?")
			c.use(literalArg(name[strings.LastIndexByte(name, '/')+1:]), useWrite)
		}
	}
}

// curlPattern says that an address has a pattern, besides a host in brackets.
func curlPattern(url string) bool {
	if _, after, ok := strings.Cut(url, "://"); ok {
		url = after
	}
	return strings.Contains(strings.TrimPrefix(url, "["), "[")
}

func curlFix(text string) Setting {
	if anyHost.MatchString(text) {
		return Setting{"permit", "curl-any-host"}
	}
	return Setting{}
}

// urlText is the literal text of an address. A number may stand anywhere, and
// the pattern characters of an address match no file.
func urlText(a Arg) string {
	if a.pieces == nil {
		return a.text
	}
	var b strings.Builder
	for _, p := range a.pieces {
		switch p.kind {
		case pieceText, pieceGlob:
			b.WriteString(p.text)
		case pieceDigits:
			b.WriteByte('0')
		default:
			b.WriteByte(' ') // no address has one
		}
	}
	return b.String()
}

// curlForm judges name=@file, name=<file and their options.
func (c *call) curlForm(v Arg) {
	head := v.head()
	name, file, ok := strings.Cut(head, "=")
	if !ok || file == "" || file[0] != '@' && file[0] != '<' {
		return
	}
	if strings.ContainsAny(file, `,"(`) || strings.Contains(head, "headers=") {
		c.refuse("P9", "has a form field that names several files", "give each file its own -F")
		return
	}
	rest := v.from(len(name) + 2)
	if s, ok := rest.literal(); ok {
		s, _, _ = strings.Cut(s, ";")
		rest = literalArg(s)
	}
	if rest.text != "-" {
		c.use(rest, useRead)
	}
}

func (c *call) curlFormat(v Arg) {
	s := v.String()
	switch {
	case strings.Contains(s, "%output") || strings.Contains(s, "<unknown>"):
		c.refuse("P9", "writes by its output format", "use -o")
	case strings.HasPrefix(v.head(), "@"):
		c.use(v.from(1), useRead)
	}
}
