package gateway

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPublic(t *testing.T) {
	for _, a := range strings.Fields(`8.8.8.8 1.1.1.1 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 2606:4700::1111 2001:4860:4860::8888
		::ffff:8.8.8.8 64:ff9b::808:808`) {
		if !public(netip.MustParseAddr(a)) {
			t.Errorf("%s is on the internet", a)
		}
	}
	for _, a := range strings.Fields(`0.0.0.0 0.1.2.3 10.0.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1
		100.64.0.1 100.100.100.200 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
		:: ::1 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1 2001:db8::1 2001::1 2002:7f00:1:: 2002:808:808:: 3fff::1 4000::1
		::ffff:127.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::808:808 2606:4700::1111%eth0`) {
		if public(netip.MustParseAddr(a)) {
			t.Errorf("%s is not on the internet", a)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is on the internet")
	}
}

// A suffix lets through what is below it, and an exact name itself.
func TestRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`([a-z][a-z0-9]{0,5}\.){1,3}[a-z]{2,5}`)
		host, other := name.Draw(t, "host"), name.Draw(t, "other")
		exact, err := parseRules([]string{strings.ToUpper(host) + "."})
		if err != nil {
			t.Fatal(err)
		}
		below, err := parseRules([]string{"." + host})
		if err != nil {
			t.Fatal(err)
		}
		if exact.allow(other) != (other == host) || !exact.allow(host) {
			t.Errorf("%s allows %s: %v", host, other, exact.allow(other))
		}
		if below.allow(host) || below.allow("x"+host) || !below.allow("x."+host) || below.allow(other) != strings.HasSuffix(other, "."+host) {
			t.Errorf(".%s judges wrongly, or %s", host, other)
		}
	})
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{
		"example.com:443", "EXAMPLE.com.:80", "127.1:443", "[::1]:443", "0x7f000001:80", "a@b:443", "a:1:443", "\u212a.example:443", "", ":", "a..b:80", "xn--e1afmkfd.example:443",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := parseTarget(s, "")
		if err != nil {
			return
		}
		if _, err := netip.ParseAddr(target.host); err == nil {
			t.Errorf("%q is the address %s", s, target.host)
		}
		again, err := parseTarget(target.String(), "")
		if err != nil || again != target {
			t.Errorf("%q is %v, which is %v, %v", s, target, again, err)
		}
		if host, port, _ := strings.Cut(strings.ToLower(s), ":"); strings.TrimSuffix(host, ".") != target.host || port != target.port {
			t.Errorf("%q is taken for %v", s, target)
		}
		if shown(target.String()) != target.String() {
			t.Errorf("%q would be quoted", target)
		}
	})
}
