package sandbox

// runningBinary leads to the file that this process runs, also when it has no
// name any more.
const runningBinary = "/proc/self/exe"
