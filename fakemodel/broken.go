package fakemodel

// The ways in which a reply can go wrong half-way.
const (
	breakCut     = "cut"     // the connection closes
	breakHang    = "hang"    // nothing more comes until the client goes away
	breakSilent  = "silent"  // nothing comes at all, not even headers, until the client goes away
	breakGarbage = "garbage" // nonsense, and the end
	breakError   = "error"   // an event that says the service is overloaded
)

func breaks() []string {
	return []string{breakCut, breakHang, breakSilent, breakGarbage, breakError}
}

// middle is how many events go out before a stream breaks.
func middle(events []event) int {
	if len(events) <= 4 { // no content
		return 1
	}
	return len(events) / 2
}

// nonsense is not an event stream that a client can read.
const nonsense = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"te\n\n" +
	"data: \xff\x00 }\n\ndata\n\n"
