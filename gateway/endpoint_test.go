package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/autosession/autosession/fakemodel"
)

// played serves the model of a scenario.
func played(t testing.TB, scenario string) *fakemodel.Server {
	t.Helper()
	s, err := fakemodel.Parse([]byte(scenario))
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakemodel.Start(s, fakemodel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

const hello = `
[[session]]
again = true
[[session.step]]
say = "Hello from the played model."
pace = "1ms"
again = true
`

const question = `{"model":"m","max_tokens":100,"stream":true,"tools":[{"name":"Bash","input_schema":{"type":"object"}}],
	"messages":[{"role":"user","content":"Say hello."}]}`

func TestEndpoint(t *testing.T) {
	w := &world{}
	g := w.start(t, Options{Endpoint: played(t, hello).URL(), Key: testKey})
	c := g.client(t)
	a, err := c.Post(URL+"/v1/messages?beta=true", "application/json", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(a.Body)
	a.Body.Close()
	if err != nil || a.StatusCode != 200 || !strings.Contains(string(body), "message_stop") {
		t.Errorf("%s %v: %s", a.Status, err, body)
	}
	if status, _ := get(t, c, URL+"/v1/models"); status != 200 {
		t.Errorf("models: %d", status)
	}
	g.Close()
	if want := fmt.Sprintf("network: allowed %s, %d bytes in, %d bytes out: POST: status 200", place(g.base), len(body), len(question)); !strings.Contains(w.said(), want) {
		t.Errorf("nothing says %q:\n%s", want, w.said())
	}
}

// Each part of an answer arrives when it is sent, not when the answer ends.
func TestEndpointStreams(t *testing.T) {
	step := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range step {
			io.WriteString(w, "data\n")
			w.(http.Flusher).Flush()
		}
	}))
	defer server.Close()
	g := new(world).start(t, Options{Endpoint: server.URL})
	go func() { step <- true }()
	a, err := g.client(t).Post(URL+"/v1/messages", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	lines := bufio.NewReader(a.Body)
	for range 3 {
		if line, err := lines.ReadString('\n'); err != nil || line != "data\n" {
			t.Fatalf("%q %v", line, err)
		}
		step <- true
	}
	close(step)
}

// seen is what an endpoint was asked.
func seen(t *testing.T) (server *httptest.Server, asked <-chan *http.Request) {
	requests := make(chan *http.Request, 100)
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Request-Id", "1")
		requests <- r
	}))
	t.Cleanup(server.Close)
	return server, requests
}

// trust makes g believe a test's server.
func trust(g *Gateway, s *httptest.Server) *Gateway {
	g.endpoint.TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	return g
}

func TestEndpointKey(t *testing.T) {
	server, asked := seen(t)
	for name, test := range map[string]struct {
		options    Options
		key, token string
	}{
		"key":   {Options{Key: testKey}, testKey, ""},
		"token": {Options{Token: testKey}, "", "Bearer " + testKey},
		"none":  {Options{}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.options.Endpoint = server.URL + "/base/"
			w := &world{}
			g := trust(w.start(t, test.options), server)
			r, _ := http.NewRequest("POST", URL+"/v1/messages?beta=true", strings.NewReader("{}"))
			r.Header = http.Header{
				"X-Api-Key": {"dummy", "second"}, "Authorization": {"Bearer dummy"}, "Proxy-Authorization": {"Basic ZA=="}, "Cookie": {"a=b"},
				"Api-Key": {"dummy"}, "X-Auth-Token": {"dummy"}, "Anthropic-Version": {"2023-06-01"}, "Anthropic-Beta": {"x"},
				"Connection": {"X-Api-Key, Authorization"}, "X-Forwarded-For": {"1.2.3.4"},
			}
			r.Host = "elsewhere.example"
			a, err := g.client(t).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
			got := <-asked
			if got.Header.Get("X-Api-Key") != test.key || got.Header.Get("Authorization") != test.token || len(got.Header["X-Api-Key"]) > 1 {
				t.Errorf("%v", got.Header)
			}
			if all := fmt.Sprint(got.Header); strings.Contains(all, "dummy") || strings.Contains(all, "a=b") || strings.Contains(all, "1.2.3.4") {
				t.Errorf("%v", got.Header)
			}
			if got.Header.Get("Anthropic-Version") == "" || got.Header.Get("Anthropic-Beta") == "" {
				t.Errorf("what is no key is gone too: %v", got.Header)
			}
			if got.RequestURI != "/base/v1/messages?beta=true" || got.Host != server.Listener.Addr().String() {
				t.Errorf("%s at %s", got.RequestURI, got.Host)
			}
			if a.Header.Get("Set-Cookie") != "" || a.Header.Get("Request-Id") == "" {
				t.Errorf("%v", a.Header)
			}
			if g.Close(); strings.Contains(w.said(), testKey) || !strings.Contains(w.said(), "status 200") {
				t.Error(w.said())
			}
		})
	}
}

// A real key opens more than a session needs.
func TestEndpointOperations(t *testing.T) {
	server, asked := seen(t)
	w := &world{}
	g := trust(w.start(t, Options{Endpoint: server.URL, Key: testKey}), server)
	for _, line := range []string{
		"GET /v1/organizations/me", "GET /v1/messages", "DELETE /v1/models/x", "POST /v1/files", "POST /v1/messages/batches",
		"POST /v1/messages/", "POST //v1/messages", "POST /v1/../v1/messages", "POST /v1%2fmessages", "POST /v1/messages%2f..%2ffiles", "GET /v1/models/..",
		"GET /v1/models/a%2f..%2f..", "GET /v1/models/a/b", "GET //example.com/v1/models", "POST /V1/messages", "OPTIONS *", "GET *", "PUT /v1/messages;x",
		"TRACE /v1/messages", "POST /v1/messages\\..\\files", "PRI *",
	} {
		if got := g.tell(t, line+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.Contains(got, " 403 ") && !strings.Contains(got, " 400 ") && !strings.Contains(got, " 505 ") {
			t.Errorf("%s: %s", line, got)
		}
	}
	if status, _ := get(t, g.client(t), URL+"/"); status != http.StatusNotFound {
		t.Errorf("/: %d", status)
	}
	if status, _ := get(t, g.client(t), URL+"/v1/models/claude-x.5@1"); status != 200 {
		t.Errorf("a model: %d", status)
	}
	if <-asked; len(asked) != 0 {
		t.Errorf("the endpoint was asked %d times more", len(asked))
	}
	if !strings.Contains(w.said(), `: "GET /v1/organizations/me" is not a part of the model's API`) {
		t.Error(w.said())
	}
}

func TestNoEndpoint(t *testing.T) {
	w := &world{}
	g := w.start(t, Options{})
	if status, body := get(t, g.client(t), URL+"/v1/models"); status != http.StatusForbidden || !strings.Contains(body, "there is none") {
		t.Errorf("%d %s", status, body)
	}
}

func TestEndpointGone(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	w := &world{}
	g := w.start(t, Options{Endpoint: server.URL, Key: testKey})
	if status, _ := get(t, g.client(t), URL+"/v1/models"); status != http.StatusBadGateway {
		t.Errorf("%d", status)
	}
	g.Close()
	if !strings.Contains(w.said(), "0 bytes in, 0 bytes out: GET: ") || !strings.Contains(w.said(), "refused") {
		t.Error(w.said())
	}
}
