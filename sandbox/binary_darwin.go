package sandbox

// runningBinary is unknown: the file of our own name must do.
const runningBinary = ""
