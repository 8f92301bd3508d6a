// Package hands is the half of the API agent that works inside a session's
// sandbox: one process that runs tools on the project and answers in JSON
// lines. The head, which holds the conversation and the key, starts it.
//
// It judges nothing: what it is told to do was allowed before. It keeps file
// tools inside the project and the temporary directory, so that they mean what
// they say; the operating system's sandbox is what confines.
package hands
